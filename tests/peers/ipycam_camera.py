"""`python ipycam_camera.py PORT RTSP_PORT USER PASSWORD [--discovery]`: ipycam, a virtual camera
that nobody of us wrote, playing the footage. Prints `ready` when it serves.

Without --discovery it is kept to 127.0.0.1 and says no Hello; with it, run it in a network
namespace of its own.
"""

from __future__ import annotations

import socketserver
import sys
import threading
import time

from ipycam import CameraConfig, IPCamera, camera

from tests.peers.clips import people
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


def main() -> None:
    port, rtsp_port, user, password = sys.argv[1:5]
    if "--discovery" not in sys.argv:
        camera.WSDiscoveryServer = _Silent
        camera.ReusableThreadingTCPServer = _Loopback
    address = ADDRESS if "--discovery" in sys.argv else "127.0.0.1"
    socketserver.TCPServer.allow_reuse_address = True
    config = CameraConfig(
        name="Peer", serial_number=f"PEER-{port}", local_ip=address, onvif_port=int(port),
        rtsp_port=int(rtsp_port), username=user, password=password, main_width=1280,
        main_height=720, main_fps=10, main_bitrate="1M", sub_fps=10, sub_bitrate="512K",
        hw_accel="cpu", show_timestamp=False,
    )  # fmt: skip
    virtual = IPCamera(config)
    virtual.start()
    print("ready", flush=True)
    pictures, at = people(), 0
    while True:
        virtual.stream(pictures[at % len(pictures)])
        at += 1
        time.sleep(0.1)


main()
