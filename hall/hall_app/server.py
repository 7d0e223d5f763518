"""Wiring: one aiohttp application on one port, with everything it owns."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

import structlog
from aiohttp import web

from hall_app import (
    backups,
    connections,
    database_file,
    hall_routes,
    metrics,
    openapi,
    pages,
    schema,
)
from hall_app.features import make_features
from hall_app.jobs import start_jobs
from hall_app.settings import (
    FILE,
    AppSettings,
    SettingsError,
    backup_folder,
    database,
    media_folder,
    read_secret,
    require_database,
    sqlite_file,
)
from hall_app.upkeep import Upkeep
from hall_cameras.feature import CamerasFeature, Limits
from hall_cameras.live import socket as live
from hall_cameras.service import Cameras
from hall_cameras.wire import PATH as CAMERA_WORKER_PATH
from hall_city import routes as city_routes
from hall_core import routes as core_routes
from hall_core import workdays_book
from hall_core.agent_socket import agent_socket
from hall_core.clock import Clock, SystemClock
from hall_core.http import BODY_MAX, KERNEL, Route, mount, problems
from hall_core.kernel import Kernel
from hall_core.stream import stream

log = structlog.get_logger()

DEMONSTRATION = web.AppKey("demonstration", bool)  # it has /demo/links, for the home page
DRAIN_S = 10  # how long a request may still take at shutdown


def _copy_first(settings: AppSettings, directory: Path) -> None:
    """The database as the earlier release left it, kept with the daily copies."""
    path = sqlite_file(settings, directory)
    if path is not None and settings.backups_kept:
        folder = backup_folder(settings, directory)
        made = backups.keep(path, folder, datetime.now().astimezone(), settings.backups_kept)
        log.info("backup_made", file=str(made), why="a new release changes the database")


async def open_kernel(
    directory: Path, settings: AppSettings, clock: Clock, people_clock: Clock | None = None
) -> Kernel:
    """A kernel on the installation's database, at this release's schema; not started."""
    secret = read_secret(directory)
    engine = database(settings, directory)
    with contextlib.ExitStack() as refused:  # then nothing of it stays open
        refused.callback(engine.dispose)
        schema.upgrade(engine, lambda: _copy_first(settings, directory))
        refused.pop_all()
    media = media_folder(settings, directory)
    limits = Limits(evidence_days=settings.evidence_days, evidence_mb=settings.evidence_mb)
    return Kernel(engine, secret, clock, lambda: make_features(media, limits), people_clock)


@web.middleware
async def forwarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Who asks is whom the proxy wrote down last; what stands before that, anyone may claim."""
    text = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        address = ip_address(text)
    except ValueError:
        return await handler(request)
    # A zone may be anything, and is the proxy's own affair.
    return await handler(request.clone(remote=str(address).partition("%")[0]))


def make_app(kernel: Kernel, behind_proxy: bool = False) -> web.Application:
    """The application of a started kernel."""
    middlewares = [forwarded, problems] if behind_proxy else [problems]
    app = web.Application(middlewares=middlewares, client_max_size=BODY_MAX)
    app[KERNEL] = kernel
    routes = routes_of(kernel)
    mount(app, routes)
    app.router.add_get("/api/v1/halls/{hall}/stream", stream)
    app.router.add_get("/api/v1/halls/{hall}/agent", agent_socket)
    app.router.add_get(CAMERA_WORKER_PATH, cameras_of(kernel).socket)
    app.router.add_get(live.PATH, live.handler(cameras_of(kernel)))
    app.router.add_get("/api/openapi.json", openapi.handler(routes, kernel.features))
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    pages.mount(app, kernel.features)
    return app


def routes_of(kernel: Kernel) -> list[Route]:
    """Every call of the API. aiohttp looks them up in order: the queue's, which are asked most,
    come first."""
    routes = [route for feature in kernel.features for route in feature.routes()]
    routes += [*core_routes.routes(), *hall_routes.routes(), *workdays_book.routes()]
    return [*routes, *city_routes.routes()]


def cameras_of(kernel: Kernel) -> Cameras:
    """The cameras of a started kernel."""
    feature = next(f for f in kernel.features if isinstance(f, CamerasFeature))
    return feature.service


async def _healthz(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok", "demonstration": DEMONSTRATION in request.app})


async def _readyz(request: web.Request) -> web.Response:
    suspended = [hall.info.id for hall in request.app[KERNEL].halls.values() if hall.suspended]
    if suspended:
        return web.json_response({"status": "cannot store", "halls": suspended}, status=503)
    return web.json_response({"status": "ready"})


async def _metrics(request: web.Request) -> web.Response:
    body = metrics.exposition(request.app[KERNEL])
    return web.Response(body=body, content_type="text/plain", charset="utf-8")


@contextlib.asynccontextmanager
async def running(
    directory: Path,
    settings: AppSettings,
    clock: Clock | None = None,
    extend: Callable[[web.Application], None] | None = None,
    people_clock: Clock | None = None,
) -> AsyncIterator[tuple[Kernel, str]]:
    """Serve an installation; gives the kernel and the base URL (port 0 picks a free one).

    Raises:
        SettingsError: another server runs on this folder, or the database can't be used.
        Refused: an earlier release's database can't be copied before it is changed.
    """
    require_database(settings, directory)
    with only_server(directory):
        kernel = await open_kernel(directory, settings, clock or SystemClock(), people_clock)
        await kernel.start()
        app = make_app(kernel, settings.behind_proxy)
        if extend is not None:
            extend(app)
        # A compressed body is refused, never unpacked.
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=DRAIN_S, auto_decompress=False
        )
        await runner.setup()
        assert runner.server is not None
        looking = [asyncio.create_task(connections.close_unfinished(runner.server))]
        file = sqlite_file(settings, directory)
        if file is not None:
            looking.append(asyncio.create_task(database_file.watch(file, kernel)))
        upkeep = Upkeep(kernel, settings, directory)
        jobs = start_jobs(kernel, upkeep.jobs())
        try:
            await _listen(runner, settings)
            port = runner.addresses[0][1]
            url = f"http://{_reachable(settings.listen)}:{port}"
            await cameras_of(kernel).begin(url if settings.camera_worker else None)
            yield kernel, url
        finally:
            for task in looking:
                task.cancel()
            upkeep.stop()
            jobs.shutdown(wait=False)
            await cameras_of(kernel).stop()
            kernel.agents.close()
            for hall in kernel.halls.values():
                await hall.drain()
                hall.hub.close()  # streams do not end by themselves
            await runner.cleanup()
            await kernel.stop()


async def _listen(runner: web.AppRunner, settings: AppSettings) -> None:
    """Raises SettingsError for an address that is none of this machine's."""
    site = web.TCPSite(runner, settings.listen, settings.port, backlog=connections.BACKLOG)
    try:
        await site.start()
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise  # it is the port
        why = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(
            f"`listen` in {FILE} is {settings.listen!r}: {why}; "
            "give an address of this machine, or 0.0.0.0 for all of them"
        ) from None


@contextlib.contextmanager
def only_server(directory: Path) -> Iterator[None]:
    """Hold the folder: two servers on one database would be two deciders of one hall."""
    with open(directory / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"another server runs on {directory}; stop it first, or use another folder"
            ) from None
        yield


def _reachable(listen: str) -> str:
    return "127.0.0.1" if listen in ("0.0.0.0", "") else listen


def tune_collector() -> None:
    """A hall's state lives all day and has no cycles: looking through it again and again for
    garbage would only make calls late now and then."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def serve(
    directory: Path, settings: AppSettings, announce: Callable[[str], Awaitable[None] | None]
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what was accepted."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    connections.expect_strangers()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_, stopping.set)
    async with running(directory, settings) as (_, url):
        waiting = announce(url)
        if waiting is not None:
            await waiting
        await stopping.wait()
        log.info("stopping")
