"""The cameras of a benchmark: `python -m hall_app.bench.streams COUNT FPS` serves so many of them
and one that is coded, in a process of its own, and prints their ports.

They play Debian's vtest.avi where it is installed (opencv-doc), else what the demonstration draws,
at 640x360 with a key frame a second. Each picture of the coded one, the last, tells its number, so
that a picture on a screen can be told from others.

`python -m hall_app.bench.streams demux PORT…` is the floor: it reads them and does nothing else.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from hall_app.demo.rtsp import PATH, Clip, VirtualCamera, encode
from hall_app.demo.scenes import HEIGHT, WIDTH, Counters, Picture
from hall_cameras.worker.capture import OPEN_S, OPTIONS, READ_S

VTEST = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
SECONDS = 8
BIT_RATE = 500_000
NICE = 10
BITS = 10  # of a picture's number, in squares along the upper edge
SQUARE = 32  # px


def source() -> str:
    """What the cameras show."""
    return "vtest.avi" if VTEST.exists() else "drawn scenes"


def url_of(port: str) -> str:
    return f"rtsp://127.0.0.1:{port}/{PATH}"


def footage() -> Iterator[Picture]:
    """Pictures of 640x360, as many as one likes."""
    if VTEST.exists():
        capture = cv2.VideoCapture(str(VTEST))
        while capture.grab():
            yield cv2.resize(capture.retrieve()[1], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    else:
        drawn = list(Counters((1, 2), 0).pictures((True, False), (False, True)))
        yield from itertools.cycle(drawn)


def coded(picture: Picture, number: int) -> Picture:
    """The picture with its number on it."""
    shown = picture.copy()
    for bit in range(BITS):
        shown[:SQUARE, bit * SQUARE : (bit + 1) * SQUARE] = 255 * (number >> bit & 1)
    return shown


def number_of(gray: Picture) -> int:
    """The number on a gray picture."""
    middle = SQUARE // 2
    squares = (gray[middle - 4 : middle + 4, x - 4 : x + 4] for x in _middles())
    return sum((float(np.mean(square)) > 128) << bit for bit, square in enumerate(squares))


def _middles() -> Iterator[int]:
    return (bit * SQUARE + SQUARE // 2 for bit in range(BITS))


def clip(fps: int, with_numbers: bool) -> Clip:
    pictures: Iterator[Picture] = itertools.islice(footage(), SECONDS * fps)
    if with_numbers:
        pictures = (coded(picture, number) for number, picture in enumerate(pictures))
    return encode(pictures, fps, BIT_RATE)


async def serve(count: int, fps: int) -> None:
    cameras = [VirtualCamera(one) for one in [clip(fps, False)] * count + [clip(fps, True)]]
    for camera in cameras:
        await camera.plug_in()
    sys.stdout.write(",".join(str(camera.port) for camera in cameras) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def demux(ports: list[str]) -> None:
    """Read for ever, a thread a camera; says so when packets come from all."""
    came = threading.Semaphore(0)

    def read(port: str) -> None:
        with av.open(url_of(port), options=OPTIONS, timeout=(OPEN_S, READ_S)) as container:
            for number, _ in enumerate(container.demux(container.streams.video[0])):
                if number == 0:
                    came.release()

    for port in ports:
        threading.Thread(target=read, args=(port,), daemon=True).start()
    for _ in ports:
        came.acquire()
    sys.stdout.write("reading\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    cv2.setNumThreads(1)
    if sys.argv[1] == "demux":
        demux(sys.argv[2:])
    else:
        os.nice(NICE)
        asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
