"""GStreamer's RTSP server as cameras that do what a test says. Runs under the system's Python,
which has the bindings: `/usr/bin/python3 rtsp_server.py CLIPS [--port N] [--user U --password P]`.

CLIPS is a folder of `NAME.clip` files (see `clips.py`): access units of H.264 (H.265 where the
name ends so), each with its length and whether it is a key frame. A mount /NAME plays NAME.clip in
a loop without re-encoding, with time stamps of its own. Lines on standard input:

    play MOUNT CLIP    from now on /MOUNT shows CLIP; for one of another codec it hangs up
    stall MOUNT        no packets any more; the connection stays
    resume MOUNT
    jump MOUNT SECONDS its time stamps jump
    kick               end every connection, as a camera does that reboots

It prints `ready PORT` when it serves.
"""

from __future__ import annotations

import argparse
import struct
import sys
import threading
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

FPS = 25
LAUNCH = (
    "( appsrc name=source is-live=true format=time do-timestamp=false "
    "caps=video/x-{codec},stream-format=byte-stream,alignment=au,framerate=25/1 "
    "! rtp{codec}pay name=pay0 pt=96 config-interval=-1 )"
)


def read_clip(path: Path) -> list[tuple[int, bytes]]:
    data, units, at = path.read_bytes(), [], 0
    while at < len(data):
        length, key = struct.unpack_from("!IB", data, at)
        units.append((key, data[at + 5 : at + 5 + length]))
        at += 5 + length
    return units


def codec_of(clip: str) -> str:
    return "h265" if clip.endswith("h265") else "h264"


class Mount:
    def __init__(self, units: list[tuple[int, bytes]]) -> None:
        self.units, self.at = units, 0
        self.codec = ""
        self.stalled = False
        self.source: Any = None
        self.frame = 0

    def play(self, units: list[tuple[int, bytes]]) -> None:
        self.units, self.at = units, 0

    def configure(self, _factory: Any, media: Any) -> None:
        self.source = media.get_element().get_child_by_name("source")
        self.frame, self.at = 0, 0
        GLib.timeout_add(1000 // FPS, self.push, self.source)

    def push(self, source: Any) -> bool:
        if source is not self.source:
            return False
        if self.stalled:
            return True
        key, unit = self.units[self.at]
        buffer = Gst.Buffer.new_wrapped(unit)
        buffer.pts = buffer.dts = self.frame * Gst.SECOND // FPS
        buffer.duration = Gst.SECOND // FPS
        if not key:
            buffer.set_flags(Gst.BufferFlags.DELTA_UNIT)
        if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
            return False
        self.frame += 1
        self.at = (self.at + 1) % len(self.units)
        return True


def hang_up(_server: Any, client: Any) -> Any:
    """End a connection below GStreamer, which then lets go of the client itself: told to remove a
    client that is being sent to, it would read from nothing for ever."""
    client.get_connection().get_read_socket().shutdown(True, True)
    return GstRtspServer.RTSPFilterResult.KEEP


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("clips", type=Path)
    options.add_argument("--port", default="0")
    options.add_argument("--user")
    options.add_argument("--password")
    options.add_argument("--copies", type=int, default=0, help="also /NAME0 … of every clip")
    given = options.parse_args()
    Gst.init(None)
    clips = {path.stem: read_clip(path) for path in given.clips.glob("*.clip")}
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(given.port)
    if given.user:
        auth = GstRtspServer.RTSPAuth.new()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        token = GstRtspServer.RTSPToken.new()
        token.set_string("media.factory.role", "user")
        auth.add_digest(given.user, given.password, token)
        server.set_auth(auth)
    mounts, factories = {}, {}
    points = server.get_mount_points()
    names = {name: name for name in clips}
    for name in clips:
        names.update({f"{name}{copy}": name for copy in range(given.copies)})
    for name, clip in names.items():
        mount = mounts[name] = Mount(clips[clip])
        factory = GstRtspServer.RTSPMediaFactory.new()
        mount.codec = codec_of(clip)
        factory.set_launch(LAUNCH.format(codec=mount.codec))
        factory.set_shared(True)
        if given.user:
            allowed = Gst.Structure.new_from_string(
                "user, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
            )
            permissions = GstRtspServer.RTSPPermissions.new()
            permissions.add_role_from_structure(allowed)
            factory.set_permissions(permissions)
        factory.connect("media-configure", mount.configure)
        points.add_factory(f"/{name}", factory)
        factories[name] = factory
    server.attach(None)
    print(f"ready {server.get_bound_port()}", flush=True)

    def kick() -> None:
        server.client_filter(hang_up)

    def obey(words: list[str]) -> bool:
        if words[0] == "play":
            mount, codec = mounts[words[1]], codec_of(words[2])
            mount.play(clips[words[2]])
            if codec != mount.codec:
                mount.codec = codec
                factories[words[1]].set_launch(LAUNCH.format(codec=codec))
                kick()
        elif words[0] in ("stall", "resume"):
            mounts[words[1]].stalled = words[0] == "stall"
        elif words[0] == "jump":
            mount = mounts[words[1]]
            mount.frame = max(0, mount.frame + int(words[2]) * FPS)  # GStreamer has no time below
        elif words[0] == "kick":
            kick()
        return False

    loop = GLib.MainLoop()

    def listen() -> None:
        for line in sys.stdin:
            GLib.idle_add(obey, line.split())
        GLib.idle_add(loop.quit)  # whoever started it has gone

    threading.Thread(target=listen, daemon=True).start()
    loop.run()


main()
