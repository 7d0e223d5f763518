"""A network of its own for a peer that multicasts: what it says stays there."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

CLONE_NEWNET = 0x40000000
ADDRESS = "10.77.0.1"  # of this machine, inside
SETUP = (
    f"ip link set lo up multicast on && ip addr add {ADDRESS}/32 dev lo"
    " && ip route add 224.0.0.0/4 dev lo && echo ready && exec cat"
)


class Network:
    """A network namespace with nothing but loopback, held by a small process."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", SETUP],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "ready\n", "no network namespace can be made"
        self._path = f"/proc/{self._holder.pid}/ns/net"

    def start(self, command: Sequence[str | Path]) -> subprocess.Popen[str]:
        """A process inside."""
        inside = ["nsenter", f"--net={self._path}", *map(str, command)]
        return subprocess.Popen(inside, stdout=subprocess.PIPE, text=True)

    def run(self, work: Callable[[], Any]) -> Any:
        """`work` in a thread that is inside, and so are the threads that it starts."""
        result: list[Any] = []

        def enter() -> None:
            libc = ctypes.CDLL(None, use_errno=True)
            with open(self._path) as namespace:
                if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            result.append(work())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        assert result, "what was to run inside failed"
        return result[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._holder.stdin, self._holder.stdout):
            if pipe is not None:
                pipe.close()
        self._holder.kill()
        self._holder.wait()
