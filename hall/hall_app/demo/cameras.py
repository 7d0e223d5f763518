"""The demonstration's cameras: virtual ones (`virtual.py`), which the county centre watches like
any others over RTSP, and what is before them.

A clerk is in the picture while the window is open and the clerk has not slipped out; so it is the
picture that tells the rule of an empty window. The last camera fails on a schedule: its lens is
covered for a while, and later it is off. Its minutes are real ones, as the worker's are that judges
pictures, however fast the simulated day goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import aiohttp
import msgspec
import structlog

from hall_app.demo.before import Ready, Scene
from hall_app.demo.floor import AT_WORK
from hall_app.demo.folder import WHOLE, Folder, manager_token
from hall_core.kernel import Kernel
from hall_queue.domain.state import Post

log = structlog.get_logger()

VIEWS = ((1, 2), (3, 4), (5, 6), (7, 8))  # the windows before each camera
FAILS = 3  # which of them does
FAILURES: tuple[tuple[float, dict[str, bool]], ...] = (
    # real seconds, what is then
    (100.0, {}),
    (40.0, {"covered": True}),
    (100.0, {}),
    (40.0, {"plugged_in": False}),
)
LOOK_S = 0.25

Slipped = Callable[[str, int], bool]
"""Whether the clerk of a window of a hall is away without a word."""


@contextlib.asynccontextmanager
async def watched(
    kernel: Kernel, url: str, folder: Folder, slipped: Slipped
) -> AsyncIterator[None]:
    """Have the cameras there; they come a moment later, and nobody waits for them."""
    task = asyncio.create_task(_run(kernel, url, folder, slipped))
    task.add_done_callback(_ended)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("demo_cameras_failed", error=repr(error))  # the rest goes on


async def _run(kernel: Kernel, url: str, folder: Folder, slipped: Slipped) -> None:
    views = [",".join(map(str, windows)) for windows in VIEWS]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hall_app.demo.virtual", *views,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        ready = msgspec.json.decode(await process.stdout.readline(), type=Ready)
        await _install(kernel, url, folder, ready)
        shown: dict[int, Scene] = {}
        began = asyncio.get_running_loop().time()
        while True:
            failure = failure_at(asyncio.get_running_loop().time() - began)
            posts = kernel.hall(WHOLE).committed["queue"].posts
            for scene in scenes(posts, slipped, failure):
                if shown.get(scene.camera) != scene:
                    shown[scene.camera] = scene
                    process.stdin.write(msgspec.json.encode(scene) + b"\n")
            await process.stdin.drain()
            await asyncio.sleep(LOOK_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # it keeps nothing
        await process.wait()


def failure_at(seconds: float) -> dict[str, bool]:
    """What is wrong with the camera that fails, so long after the start."""
    left = seconds % sum(lasts for lasts, _ in FAILURES)
    for lasts, failure in itertools.cycle(FAILURES):
        if left < lasts:
            return failure
        left -= lasts
    raise AssertionError("unreachable")


def scenes(
    posts: Mapping[int, Post], slipped: Slipped, failure: dict[str, bool]
) -> Iterator[Scene]:
    """What is before each camera, as the windows are."""
    for camera, windows in enumerate(VIEWS):
        states = [posts[number].state if number in posts else "closed" for number in windows]
        yield Scene(
            camera=camera,
            clerks=tuple(
                state in AT_WORK and not slipped(WHOLE, number)
                for number, state in zip(windows, states, strict=True)
            ),
            citizens=tuple(state == "serving" for state in states),
            **failure if camera == FAILS else {},
        )


async def _install(kernel: Kernel, url: str, folder: Folder, ready: Ready) -> None:
    """Add the cameras with their zones, as a manager does; those of an earlier run have moved."""
    token = await manager_token(kernel, folder, WHOLE)
    known = folder.record.cameras
    async with aiohttp.ClientSession(
        f"{url}/api/v1/", headers={"Authorization": f"Bearer {token}"}, raise_for_status=True
    ) as session:

        async def write(method: str, path: str, body: Any) -> Any:
            headers = {"Idempotency-Key": f"demo-cameras-{ready.urls[0]}-{path}"}
            async with session.request(method, path, json=body, headers=headers) as answer:
                return await answer.json()

        if not known:
            rows = [
                {"name": "{}、{}号窗口".format(*windows), "rtsp": rtsp, "group": f"摄像机{at}"}
                for at, (windows, rtsp) in enumerate(zip(VIEWS, ready.urls, strict=True), 1)
            ]
            added = await write("POST", f"halls/{WHOLE}/cameras/import", {"rows": rows})
            known.extend(camera["camera_id"] for camera in added["cameras"])
            folder.keep()
            for camera_id, zones in zip(known, ready.zones, strict=False):
                await write("PUT", f"cameras/{camera_id}/zones", msgspec.to_builtins(zones))
            return
        here = kernel.hall(WHOLE).committed["cameras"].cameras
        for camera_id, rtsp in zip(known, ready.urls, strict=True):
            if camera_id in here:  # else somebody removed it
                await write("PUT", f"cameras/{camera_id}", {"rtsp": rtsp})
