"""The demonstration's devices: simulators that speak each device's real bytes over real sockets and
pseudo-terminals, driven by real agents that are connected to the server like any other.

Every hall has a ticket printer, a card reader and a few LED strips. The county centre has a window
with a button box and a caller besides, and its agents are processes of their own, as on a hall's
PCs; those of the others run in this process: what they do is little.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from hall_app.agent import KINDS
from hall_app.demo.folder import DESK, WHOLE, Folder
from hall_app.demo.keys import KEYS
from hall_app.demo.pace import Pace
from hall_core.agent import config
from hall_core.agent.framing import FrameFormat
from hall_core.agent.runner import Agent
from hall_core.credentials import hash_token
from hall_core.halls import Hall
from hall_core.kernel import Kernel
from hall_displays.strips.simulator import StripSimulator
from hall_displays.strips.text_strip import TextFormat
from hall_evaluation.boxes.box import LEVELS, BoxFormat
from hall_evaluation.boxes.simulator import BoxSimulator
from hall_queue.callers.simulator import CallerSimulator
from hall_queue.persons import valid_id_number
from hall_queue.printing.simulator import PrinterSimulator
from hall_queue.readers.simulator import ReaderSimulator

NAME = "外设程序（模拟）"
STRIPS = 2  # windows of a hall that have a strip; the county centre has twice as many
ROLL = 700  # lines; some thirty tickets
REFILL_S = 1200.0  # simulated, after somebody has noticed that the roll ends
NEXT_CARD_S = 2.0
STOP_S = 5.0
SIMULATORS = web.AppKey("demo_devices", dict[str, "Simulated"])

TEXT = TextFormat(prefix="AA 55", suffix="0D 0A")
BOX = BoxFormat(
    frame=FrameFormat(header="AA 55", check="sum8", end="0D"),
    levels={level: f"{n:02X}" for n, level in enumerate(LEVELS, 1)},
    prompt_on="AA 55 F0 EF",
    prompt_off="AA 55 0F 0E",
    thanks="AA 55 3C 3B",
)
CALLER = FrameFormat(header="AA 55", address="03", check="xor8", end="0D")
DISPLAY = FrameFormat(header="AA 56", address="03", code_bytes=8, check="xor8")


class Simulated:
    """One hall's simulated devices. `printer_id` is what print calls name."""

    def __init__(self, windows: list[int], whole: bool) -> None:
        self.printer = PrinterSimulator()
        self.reader = ReaderSimulator()
        strips = windows[: 2 * STRIPS if whole else STRIPS]
        self.strips = {window: StripSimulator() for window in strips}
        if whole:
            self.strips[strips[-1]] = StripSimulator(TEXT)
        self.box = BoxSimulator(BOX) if whole else None
        self.caller = CallerSimulator(CALLER, KEYS, DISPLAY) if whole else None
        self.agent_id = ""
        self.desk_id = ""  # of the agent at the window `DESK`

    @property
    def whole(self) -> bool:
        """Whether it has one device of every kind."""
        return self.box is not None

    @property
    def printer_id(self) -> str:
        return f"{self.agent_id}/printer"

    async def start(self) -> None:
        """Switch them on."""
        for device in self._devices():
            await device.start()

    async def stop(self) -> None:
        for device in self._devices():
            await device.stop()
        for line in (self.box, self.caller):
            if line is not None:
                line.close()

    def _devices(self) -> list[PrinterSimulator | ReaderSimulator | StripSimulator]:
        return [self.printer, self.reader, *self.strips.values()]

    def config(self) -> dict[str, Any]:
        """The parts of the hall's own agent."""
        parts: dict[str, Any] = {
            "printer": {"address": self.printer.address},
            "reader": {"address": self.reader.address},
        }
        for window, strip in self.strips.items():
            table = {"kind": "strip", "address": strip.address, "window": window}
            if strip.frame is not None:
                table |= {"driver": "text", "frame": strip.frame}
            parts[f"led_{window}"] = table
        return parts

    def desk_config(self) -> dict[str, Any]:
        """The parts of the agent on the window's PC."""
        assert self.box is not None
        assert self.caller is not None
        return {
            "pad": {"address": self.box.address, **msgspec.to_builtins(BOX)},
            "caller": {
                "address": self.caller.address,
                "frame": CALLER,
                "keys": KEYS,
                "display": DISPLAY,
            },
        }

    async def lay_cards(self) -> None:
        """Somebody else's card after every reading, for as long as there are people."""
        asked = -1
        people = cards()
        while True:
            if self.reader.asked != asked:
                asked = self.reader.asked
                self.reader.put(*next(people))
            await asyncio.sleep(NEXT_CARD_S)

    async def mind_paper(self, pace: Pace) -> None:
        """The roll comes to its end now and then; somebody puts in a new one, for ever."""
        await self.printer.load(ROLL)
        while True:
            await pace.sleep(REFILL_S)
            if self.printer.paper.near_end:
                await pace.sleep(REFILL_S)
                await self.printer.load(ROLL)


def cards() -> Iterator[tuple[str, str]]:
    """Citizens who are none, of a region that is none, between 20 and 75 years old."""
    for count in itertools.count():
        born = f"{1951 + count * 7 % 55}{count % 12 + 1:02}{count % 28 + 1:02}"
        number = f"159921{born}{count % 999:03}"
        check = next(sign for sign in "0123456789X" if valid_id_number(number + sign))
        yield number + check, "张王李赵"[count % 4] + "某某"


@contextlib.asynccontextmanager
async def devices(
    kernel: Kernel, url: str, folder: Folder, simulated: dict[str, Simulated]
) -> AsyncIterator[None]:
    """Run every hall's devices; `simulated` gets them by hall."""
    async with contextlib.AsyncExitStack() as stack:
        for hall in kernel.halls.values():
            windows = sorted(hall.committed["queue"].posts)
            site = simulated[hall.info.id] = Simulated(windows, hall.info.id == WHOLE)
            stack.push_async_callback(site.stop)
            await site.start()
            stack.push_async_callback(_end, asyncio.create_task(site.lay_cards()))
            site.agent_id, path = await _pair(kernel, hall, folder, None, url, site.config())
            if not site.whole:
                stack.push_async_callback(_end, asyncio.create_task(_agent(path)))
                continue
            await stack.enter_async_context(_process(path))
            site.desk_id, path = await _pair(kernel, hall, folder, DESK, url, site.desk_config())
            await stack.enter_async_context(_process(path))
        folder.keep()
        yield


async def _pair(
    kernel: Kernel, hall: Hall, folder: Folder, window: int | None, url: str, parts: dict[str, Any]
) -> tuple[str, Path]:
    """An agent's device and config, with its token beside it, in a folder of its own."""
    tokens = folder.record.tokens.setdefault(hall.info.id, {})
    place = "agent" if window is None else f"agent-{window}"
    known = {device.token_hash: device for device in kernel.access.devices.values()}
    device = known.get(hash_token(tokens.get(place, "")))
    if device is None:
        name = NAME if window is None else f"{window}号窗口{NAME}"
        device, tokens[place] = await kernel.access.issue_token("agent", hall.info.id, window, name)
    path = folder.path / "agents" / hall.info.id / f"{place}.toml"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(_toml(url, parts), encoding="utf-8")
    config.write_private(path.with_suffix(config.TOKEN_FILE), tokens[place])
    return device.device_id, path


def _toml(server: str, parts: dict[str, Any]) -> str:
    """An agent's config. A JSON string is a TOML string, too."""
    lines = [f"server = {_value(server)}"]
    for name, table in parts.items():
        lines += ["", f"[parts.{name}]", *(f"{key} = {_value(v)}" for key, v in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    plain = msgspec.to_builtins(value)
    if isinstance(plain, dict):
        return "{ " + ", ".join(f"{_value(k)} = {_value(v)}" for k, v in plain.items()) + " }"
    return json.dumps(plain, ensure_ascii=False)


async def _agent(path: Path) -> None:
    """An agent in this process."""
    loaded = config.load(path, KINDS)
    await Agent(loaded.server, loaded.token_file, loaded.folder, loaded.parts).run()


@contextlib.asynccontextmanager
async def _process(path: Path) -> AsyncIterator[None]:
    """An agent in a process of its own; what it says is in a file beside its config."""
    with path.with_suffix(".log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hall_app.demo.beside", path,
            stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])


def settings_of(site: Simulated | None, kind: str) -> dict[str, Any]:
    """What a demonstration's page is told of the devices beside it."""
    if site is None or kind not in ("kiosk", "guide"):
        return {}
    settings = {"printer": site.printer_id, "reader": site.agent_id}
    return {**settings, "print": "agent"} if kind == "kiosk" else settings
