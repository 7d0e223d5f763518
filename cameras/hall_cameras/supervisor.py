"""The worker process of this machine: started when a camera wants it, replaced when it is gone.

It runs niced, in a process group of its own, and learns its token from its environment (arguments
are for everyone to read). A worker that hangs says nothing; its leases lapse after `wire.LEASE_S`
and it is killed and replaced. A worker that keeps dying is started less and less often.

A spare has started already when it is wanted: on a busy machine starting takes longer than all the
rest. It only waits, with some 40 MB of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import time

import structlog

from hall_cameras import wire
from hall_cameras.workers import Workers
from hall_core.clock import millis
from hall_core.credentials import Device, hash_token
from hall_core.kernel import Kernel
from hall_core.once import commit

log = structlog.get_logger()

DEVICE_ID = "camera-worker"
NAME = "local"
COMING_S = 20.0  # from its start to its hello, on a slow machine
AGAIN_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # before the next start, when it keeps dying
BACK_S = 3.0  # from losing its connection to its next hello
WELL_S = 10.0  # a worker that lived so long died by chance
STOP_S = 3.0
LOOK_S = 0.1
SPARE_S = 5.0  # after the start of the worker, which has the machine to itself
START_S = 1.0  # of a worker to its hello, on a quiet machine


class Supervisor:
    """At most one local worker process. `begin` says where the server is to be reached."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self.spare: asyncio.subprocess.Process | None = None
        self._came = self._hangs = False
        self.starts = 0

    def wanted(self) -> None:
        """There is something for a worker to do."""
        self._wanted.set()

    def came(self) -> None:
        """The worker has said hello."""
        self._came = True

    def hangs(self) -> None:
        """It said nothing for so long that its leases lapsed."""
        self._hangs = True

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def begin(self, kernel: Kernel, url: str) -> None:
        """Start a worker as soon as one is wanted."""
        token = secrets.token_urlsafe(32)
        device = Device(
            device_id=DEVICE_ID,
            token_hash=hash_token(token),
            kind="camera",
            hall_id=None,
            window=None,
            name="本机视频工作进程",
            paired_ms=millis(kernel.clock.now()),
        )
        await commit(kernel.writer, [kernel.access.admitting(device)])
        self._task = asyncio.create_task(self._run(url, token))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self, url: str, token: str) -> None:
        await self._wanted.wait()
        deaths = 0
        try:
            while True:
                began = time.monotonic()
                try:
                    await self._start(url, token)
                    await self._watch(url, token, began)
                except OSError as error:  # no memory or descriptors for a process: later, perhaps
                    log.error("camera_worker_not_started", error=str(error))
                    await self._end(0.0)
                deaths = 0 if time.monotonic() - began > WELL_S else deaths + 1
                wait_s = AGAIN_S[min(deaths, len(AGAIN_S)) - 1] if deaths else 0.0
                log.warning("camera_worker_died", starts=self.starts, again_in_s=wait_s)
                await asyncio.sleep(wait_s)
        finally:
            if self.spare is not None and self.spare.stdin is not None:
                self.spare.stdin.close()
            await asyncio.shield(self._end(STOP_S))

    async def _start(self, url: str, token: str) -> None:
        self._came = self._hangs = False
        self.starts += 1
        spare, self.spare = self.spare, None
        if spare is None or spare.returncode is not None:
            spare = await self._launch(url, token)
        self._process = spare
        assert spare.stdin is not None
        spare.stdin.write(b"\n")

    async def _launch(self, url: str, token: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hall_cameras.worker", "--server", url, "--name", NAME,
            stdin=asyncio.subprocess.PIPE,  # closes when this process dies: then it ends too
            # A heap for each of a hundred threads would be a hundred heaps.
            env={"MALLOC_ARENA_MAX": "2", **os.environ, "HALL_TOKEN": token},
            start_new_session=True,
        )  # fmt: skip

    async def _watch(self, url: str, token: str, began: float) -> None:
        """Returns when the process is gone; one that hangs is killed."""
        assert self._process is not None
        here_at = began
        while self._process.returncode is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._process.wait()
            now = time.monotonic()
            if self._workers.any_local():
                here_at = now
            if self._came and self.spare is None and now - began > SPARE_S:
                self.spare = await self._launch(url, token)
            # One that lost its connection and lives comes back by itself, sooner than another.
            if self._hangs or now - here_at > (BACK_S if self._came else COMING_S):
                await self._end(0.0)
                return

    async def _end(self, patience_s: float) -> None:
        """Ask it to end, then make it."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if patience_s:
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(patience_s):
                        await process.wait()
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


assert wire.LEASE_S + LOOK_S + START_S < 5, "a worker that hangs is replaced within 5 s"
