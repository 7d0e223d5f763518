"""Footage for the cameras of tests: Debian's vtest.avi, and what can happen to its picture."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[Any]

VTEST = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")  # package opencv-doc
SIZE = (640, 360)
FPS = 25


@lru_cache(maxsize=1)
def people() -> tuple[Picture, ...]:
    """Half a minute of the footage, three pictures of each second, in colour, at 640x360."""
    capture = cv2.VideoCapture(str(VTEST))
    found: list[Picture] = []
    for _ in range(100):
        there, picture = capture.read()
        assert there, f"{VTEST} can't be read; it is in Debian's package opencv-doc"
        found.append(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA))
        capture.grab()
        capture.grab()
    capture.release()
    return tuple(found)


@lru_cache(maxsize=4)
def _noise(shape: tuple[int, ...], deviation: float, seed: int) -> NDArray[Any]:
    return np.random.default_rng(seed).normal(0, deviation, shape)


def noisy(picture: Picture, deviation: float, seed: int = 1) -> Picture:
    noise = _noise(picture.shape, deviation, seed)
    result: Picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return result


def black(picture: Picture) -> Picture:
    return noisy(np.full_like(picture, 4), 2)


def blurred(picture: Picture) -> Picture:
    result: Picture = cv2.GaussianBlur(picture, (0, 0), 3)
    return result


def covered(picture: Picture) -> Picture:
    """A cloth over three quarters of the lens."""
    result = picture.copy()
    result[:, 80:560] = 70
    return noisy(result, 2)


def moved(picture: Picture) -> Picture:
    """Knocked 40 px to the left."""
    matrix = np.array([[1, 0, -40], [0, 1, 5]], np.float32)
    result: Picture = cv2.warpAffine(picture, matrix, SIZE, borderMode=cv2.BORDER_REFLECT)
    return result


def clip(pictures: Iterable[Picture], path: Path, gop: int = 12, codec: str = "libx264") -> None:
    """Write pictures as access units for `rtsp_server.py`."""
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    with open(path, "wb") as file:

        def put(packets: Sequence[av.Packet[Any]]) -> None:
            for packet in packets:
                data = bytes(packet)
                file.write(struct.pack("!IB", len(data), packet.is_keyframe) + data)

        for index, picture in enumerate(pictures):
            if index == 0:
                encoder.height, encoder.width = picture.shape[:2]
                encoder.pix_fmt = "yuv420p"
                encoder.time_base = Fraction(1, FPS)
                encoder.framerate = Fraction(FPS)
                encoder.gop_size = gop
                encoder.bit_rate = 500_000
                encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
                if codec == "libx265":
                    encoder.options["x265-params"] = "repeat-headers=1:log-level=none"
                encoder.thread_count = 1  # one slice a picture: each is marked as an end
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = index
            put(encoder.encode(frame))
        put(encoder.encode(None))


SCENES: dict[str, Callable[[Picture], Picture]] = {
    "good": lambda picture: picture,
    "black": black,
    "blurred": blurred,
    "covered": covered,
    "moved": moved,
}


def footage(folder: Path, names: Iterable[str], seconds: float = 4.0) -> Path:
    """Clips of the named scenes in `folder`; "frozen" is one picture, "large" 1280x720,
    "h265" a second in that codec."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = people()[: round(seconds * FPS)]
    for name in names:
        path = folder / f"{name}.clip"
        if name == "frozen":
            clip([pictures[0]] * round(seconds * FPS), path)
        elif name == "large":
            bigger = (cv2.resize(p, (1280, 720)) for p in pictures[: 2 * FPS])
            clip(bigger, path)
        elif name == "h265":
            clip(pictures[:FPS], path, codec="libx265")
        else:
            clip((SCENES[name](p) for p in pictures), path)
    return folder
