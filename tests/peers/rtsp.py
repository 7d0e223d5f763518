"""Starting `rtsp_server.py` and telling it what to do."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Self

SERVER = Path(__file__).with_name("rtsp_server.py")
SYSTEM_PYTHON = "/usr/bin/python3"  # which has Debian's bindings of GStreamer


class RtspPeer:
    """A server of cameras at `rtsp://127.0.0.1:{port}/{mount}`."""

    def __init__(
        self, clips: Path, user: str = "", password: str = "", port: int = 0, copies: int = 0
    ) -> None:
        command = [SYSTEM_PYTHON, str(SERVER), str(clips), "--port", str(port)]
        command += ["--copies", str(copies)]
        if user:
            command += ["--user", user, "--password", password]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._process.stdout is not None
        words = self._process.stdout.readline().split()
        assert words[:1] == ["ready"], "GStreamer's RTSP server did not start"
        self.port = int(words[1])

    def url(self, mount: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{mount}"

    def tell(self, *words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
