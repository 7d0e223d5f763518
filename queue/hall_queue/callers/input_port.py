"""An open Linux input device."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os

from hall_core.agent.ports import PortError
from hall_queue.callers.evdev import EVENT, EVIOCGRAB, EventReader

CHUNK = EVENT.size * 64


class InputPort:
    """A keyboard of its own, or one to listen to. Methods raise PortError when it goes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._reader = EventReader()

    @classmethod
    def open(cls, path: str, grab: bool) -> InputPort:
        """`grab`: its keys reach nobody else.

        Raises:
            PortError: it is not there, or not allowed.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            raise PortError(f"{path}: {error.strerror}") from None
        try:
            if grab:
                fcntl.ioctl(descriptor, EVIOCGRAB, 1)
        except OSError as error:
            if error.errno not in (errno.ENOTTY, errno.EINVAL):  # a pipe, not a device: no matter
                os.close(descriptor)
                raise PortError(f"{path}: {error.strerror}; another program has it") from None
        return cls(descriptor)

    async def events(self) -> list[tuple[int, int]]:
        """(code, value) of the next key events; may be none."""
        return self._reader.feed(await self.read())

    async def read(self) -> bytes:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        while True:
            try:
                data = os.read(self._descriptor, CHUNK)
            except BlockingIOError:
                loop.add_reader(self._descriptor, readable.set)
                try:
                    await readable.wait()
                finally:
                    loop.remove_reader(self._descriptor)
                readable.clear()
                continue
            except OSError as error:
                raise PortError(error.strerror or str(error)) from None
            if not data:
                raise PortError("the device has gone")
            return data

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._descriptor)
