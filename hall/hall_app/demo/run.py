"""`hall demo`: a city on this machine, with people in it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec

from hall_app import connections, logs, server
from hall_app.demo import city, folder
from hall_app.demo.cameras import watched
from hall_app.demo.devices import Simulated, devices
from hall_app.demo.folder import SUPERVISORS, Folder
from hall_app.demo.links import Links, taken
from hall_app.demo.pace import DemoClock, Pace
from hall_app.demo.platform import joined
from hall_app.demo.simulation import Simulation
from hall_app.demo.summary import Summary
from hall_app.refused import Refused
from hall_app.settings import load
from hall_core.clock import Clock, SystemClock
from hall_core.kernel import Kernel
from hall_core.setup import HallInfo

HOST = "127.0.0.1"
Say = Callable[[str], None]
ZONE = HallInfo(id="", name="", region="", level="city").timezone


class Demonstration:
    """A running demonstration. `simulation` is None when nobody comes."""

    def __init__(
        self, url: str, kernel: Kernel, where: Folder, simulation: Simulation | None
    ) -> None:
        self.url = url
        self.kernel = kernel
        self.folder = where
        self.simulation = simulation

    def slipped_out(self, hall_id: str, window: int) -> bool:
        """Whether the clerk of a window is away without a word."""
        return self.simulation is not None and self.simulation.slipped_out(hall_id, window)


async def run_demo(
    port: int,
    data: Path | None,
    simulation: bool,
    speed: float,
    say: Say,
    halls: Sequence[str] | None = None,
) -> int:
    """Run the demonstration until SIGINT or SIGTERM; gives the exit code.

    Args:
        data: the folder to make or to continue; None: a temporary one.
        speed: simulated seconds per second.
        halls: where the simulated people are; None: everywhere.

    Raises:
        Refused: the port is taken, or the folder holds something else.
    """
    logs.configure(logging.WARNING)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    require_free(port)
    with contextlib.ExitStack() as stack:
        if data is None:
            temporary = tempfile.TemporaryDirectory(prefix="hall-demo-", ignore_cleanup_errors=True)
            data = Path(stack.enter_context(temporary))
        try:
            async with (
                demonstration(port, data, simulation, speed, halls) as running,
                watched(running.kernel, running.url, running.folder, running.slipped_out),
                joined(running.kernel),
            ):
                for line in introduction(running, speed):
                    say(line)
                await _until(stopping, running.simulation, say)
            say("stopped")
        except BrokenPipeError:  # nobody reads what we say any more: `hall demo | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


@contextlib.asynccontextmanager
async def demonstration(
    port: int, data: Path, simulation: bool, speed: float, halls: Sequence[str] | None = None
) -> AsyncIterator[Demonstration]:
    """A demonstration whose server runs; the caller lets its simulation run."""
    where = await folder.prepare(data, simulation)
    clock: Clock = SystemClock()
    if simulation:
        starts = where.starts(ZONE)
        clock = DemoClock(starts if where.record.furnished else starts - folder.BEFORE, speed)
    settings = msgspec.structs.replace(load(data), listen=HOST, port=port)
    simulated: dict[str, Simulated] = {}
    links = Links(where.record, simulated)

    try:
        # Real people sign in and pair: their sessions last real minutes, not simulated ones.
        real = SystemClock()
        connections.expect_strangers()
        async with (
            server.running(data, settings, clock, links.extend, real) as (kernel, url),
            contextlib.AsyncExitStack() as stack,
        ):
            await folder.furnish(kernel, where, speed)
            if isinstance(clock, DemoClock):
                clock.skip_to(starts)
            await stack.enter_async_context(devices(kernel, url, where, simulated))
            people = None
            if isinstance(clock, DemoClock):
                chosen = list(kernel.halls) if halls is None else list(halls)
                tokens = await folder.equip(kernel, where, chosen)
                people = Simulation(
                    url,
                    Pace(clock, ZONE),
                    city.load(),
                    tokens,
                    lambda *place: taken(kernel, where.record, *place),
                    simulated,
                    lambda device_id: device_id in kernel.agents.connections,
                )
            yield Demonstration(url, kernel, where, people)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _port_taken(port) from None
        raise


async def _until(stopping: asyncio.Event, simulation: Simulation | None, say: Say) -> None:
    """Let the people in until somebody says stop. A fault of the simulation ends it too."""
    tasks: list[asyncio.Task[None]] = []
    if simulation is not None:
        summary = Summary(simulation, say, in_place=sys.stdout.isatty())
        simulation.on_day_end = lambda: summary.say(summary.day())
        tasks = [asyncio.create_task(simulation.run()), asyncio.create_task(summary.run())]
    waiting = asyncio.create_task(stopping.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    if simulation is not None and waiting in done:
        with contextlib.suppress(OSError):  # the terminal may be gone
            summary.say(summary.day())
    for task in (waiting, *tasks):
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


# --- the port ----------------------------------------------------------------------------------


def require_free(port: int) -> None:
    """Raises Refused when somebody listens there already: say so before anything is made."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise Refused(f"port {port} needs more rights; choose one with --port") from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise _port_taken(port) from None
            raise


def _port_taken(port: int) -> Refused:
    return Refused(f"port {port} is taken on {HOST}; choose another with --port")


# --- what is printed ---------------------------------------------------------------------------


def introduction(running: Demonstration, speed: float) -> list[str]:
    """Addresses and sign-ins."""
    kernel, url, record = running.kernel, running.url, running.folder.record
    halls = list(kernel.halls.values())
    lines = [f"{len(halls)} demonstration halls are served at {url}"]
    if running.simulation is not None:
        now = running.simulation.pace.now()
        lines.append(
            f"a simulated {now:%A}, {now:%Y-%m-%d %H:%M}, at {speed:g}x; nights pass at once"
        )
    county = next((hall for hall in halls if hall.info.level == "county"), halls[0])
    hall_id = county.info.id
    lines += [
        "",
        f"  {url}/   every page, one click each; or at once, e.g. in {county.info.name}:",
    ]
    for title, query in (
        ("kiosk 取号机", f"kind=kiosk&hall={hall_id}"),
        ("guide desk 导办台", f"kind=guide&hall={hall_id}"),
        ("counter 3 叫号", f"kind=counter&hall={hall_id}&window=3"),
        ("hall screen 大厅屏", f"kind=display&hall={hall_id}"),
        ("window screen 窗口屏", f"kind=display&hall={hall_id}&window=3&to=/display/window"),
        ("phone 手机查询", f"kind=phone&hall={hall_id}"),
        ("supervision 监督", "kind=supervisor"),
        ("rating pad 3 评价器", f"kind=pad&hall={hall_id}&window=3"),
        ("phone rating 手机评价", f"kind=rating&hall={hall_id}"),
        ("administration 管理", "kind=admin"),
        ("cameras 摄像机", f"kind=admin&to=/admin%3Fhall={hall_id}%23cameras"),
        ("cases 评价与投诉", "kind=admin&to=/cases"),
        ("figures 评价统计", "kind=admin&to=/figures"),
    ):
        lines.append(f"    {url}/demo/open?{query}   {title}")
    lines += [
        f"    {url}/demo/devices?hall={hall_id}   printer, strips, button box, caller 外设",
        "",
        f"  sign in at {url}/signin (cases, figures, supervision, administration)",
    ]
    admin = folder.password_shown(kernel, "admin", record.admin_password)
    lines.append(f"    administrator      name admin      password {admin}")
    for name, (level, region) in SUPERVISORS.items():
        password = folder.password_shown(kernel, name, record.supervisor_password)
        place = kernel.regions[region].name
        lines.append(f"    supervisor {level}级    name {name:<10}password {password}  {place}")
    clerks = list(county.committed["queue"].clerks.values())
    shown = "  ".join(f"{c.clerk_no} {c.name}" for c in (*clerks[:3], clerks[-1]))
    lines += [
        f"  clerk numbers 工号 in {county.info.name} (no PIN): {shown}",
        "",
        f"  data: {running.folder.path}",
    ]
    if running.simulation is not None:
        lines.append("  simulated people step back while that counter's or pad's page is open")
    return [*lines, "  Ctrl-C stops"]
