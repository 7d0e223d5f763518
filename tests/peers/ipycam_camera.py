"""`python ipycam_camera.py PORT RTSP_PORT USER PASSWORD [--discovery]`: ipycam, a virtual camera
that nobody of us wrote, playing the footage. Prints `ready` when it serves.

SIGUSR1 shows the footage, SIGUSR2 the same place without the people, SIGHUP a cloth over the lens.
Without --discovery it is kept to 127.0.0.1 and says no Hello; with it, run it in a network
namespace of its own. What turns it is printed too: `turn PAN TILT ZOOM`, `still`.
"""

from __future__ import annotations

import signal
import socketserver
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
from ipycam import CameraConfig, IPCamera, camera, rtsp

from tests.peers.clips import Picture, covered, people
from tests.peers.namespaces import ADDRESS


class _Silent(threading.Thread):
    """In the place of WS-Discovery, which would speak to the whole network."""

    def __init__(self, onvif: object) -> None:
        super().__init__(daemon=True)

    def stop(self) -> None:
        pass


class _Loopback(camera.ReusableThreadingTCPServer):  # type: ignore[misc]  # no types
    def __init__(self, address: tuple[str, int], handler: type) -> None:
        super().__init__(("127.0.0.1", address[1]), handler)


class _Motors:
    """Told when it is turned."""

    def on_continuous_move(self, pan: float, tilt: float, zoom: float) -> None:
        print("turn", pan, tilt, zoom, flush=True)

    def on_stop(self) -> None:
        print("still", flush=True)


def nobody() -> tuple[Picture, ...]:
    some = np.stack(people()[::5])  # enough of them, and the stream must not wait for long
    empty: Picture = np.partition(some, len(some) // 2, axis=0)[len(some) // 2]
    return (empty,)


def cloth() -> tuple[Picture, ...]:
    return tuple(covered(picture) for picture in people()[:10])


SCENES: dict[int, Callable[[], tuple[Picture, ...]]] = {
    signal.SIGUSR1: people,
    signal.SIGUSR2: nobody,
    signal.SIGHUP: cloth,
}


class _Scene:
    """What is before the lens; a signal changes it."""

    def __init__(self) -> None:
        self.pictures = people()
        for number in SCENES:
            signal.signal(number, self._change)

    def _change(self, number: int, frame: object) -> None:
        self.pictures = SCENES[number]()


def main() -> None:
    port, rtsp_port, user, password = sys.argv[1:5]
    if "--discovery" not in sys.argv:
        camera.WSDiscoveryServer = _Silent
        camera.ReusableThreadingTCPServer = _Loopback
    address = ADDRESS if "--discovery" in sys.argv else "127.0.0.1"
    socketserver.TCPServer.allow_reuse_address = True
    # A key frame every half a second instead of two: tests wait for them.
    rtsp.NativeRTSPServer._gop_size = staticmethod(lambda fps: max(1, fps // 2))
    config = CameraConfig(
        name="Peer", serial_number=f"PEER-{port}", local_ip=address, onvif_port=int(port),
        rtsp_port=int(rtsp_port), username=user, password=password, main_width=1280,
        main_height=720, main_fps=10, main_bitrate="1M", sub_fps=10, sub_bitrate="512K",
        hw_accel="cpu", show_timestamp=False,
    )  # fmt: skip
    virtual = IPCamera(config)
    virtual.ptz.add_hardware_handler(_Motors())
    virtual.start()
    scene = _Scene()
    print("ready", flush=True)
    while True:
        for at in range(len(people())):
            virtual.stream(scene.pictures[at % len(scene.pictures)])
            time.sleep(0.1)


main()
