"""The demonstration's devices: a ticket printer, a card reader and two LED strips in every hall.

Each is a simulator that speaks the device's real bytes over a real socket, driven by a real agent
that is connected to the server like any other. They run in this process: what they do is little.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

from hall_app.demo.folder import Folder
from hall_core.access import hash_token
from hall_core.agent import Part
from hall_core.agent.config import write_private
from hall_core.agent.runner import Agent
from hall_core.halls import Hall
from hall_core.kernel import Kernel
from hall_displays.strips.agent import Strip, StripConfig
from hall_displays.strips.simulator import StripSimulator
from hall_queue.printing.agent import Printer, PrinterConfig
from hall_queue.printing.simulator import PrinterSimulator
from hall_queue.readers.agent import Reader, ReaderConfig
from hall_queue.readers.simulator import ReaderSimulator
from hall_queue.service import valid_id_number

NAME = "外设程序（模拟）"
STRIPS = 2  # windows of a hall that have a strip
NEXT_CARD_S = 2.0
SIMULATORS = web.AppKey("demo_devices", dict[str, "Simulated"])


class Simulated:
    """One hall's simulated devices."""

    def __init__(self, windows: list[int]) -> None:
        self.printer = PrinterSimulator()
        self.reader = ReaderSimulator()
        self.strips = {window: StripSimulator() for window in windows}

    async def start(self) -> list[Part]:
        """Switch them on; the parts that drive them."""
        for device in self._devices():
            await device.start()
        return [
            Printer("printer", PrinterConfig(self.printer.address)),
            Reader("reader", ReaderConfig(address=self.reader.address)),
            *(
                Strip(f"strip_{window}", StripConfig(address=strip.address, window=window))
                for window, strip in self.strips.items()
            ),
        ]

    async def stop(self) -> None:
        for device in self._devices():
            await device.stop()

    def _devices(self) -> list[PrinterSimulator | ReaderSimulator | StripSimulator]:
        return [self.printer, self.reader, *self.strips.values()]

    async def lay_cards(self) -> None:
        """Somebody else's card after every reading, for as long as there are people."""
        asked = -1
        people = cards()
        while True:
            if self.reader.asked != asked:
                asked = self.reader.asked
                self.reader.put(*next(people))
            await asyncio.sleep(NEXT_CARD_S)


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
            windows = sorted(hall.committed["queue"].posts)[:STRIPS]
            site = simulated[hall.info.id] = Simulated(windows)
            stack.push_async_callback(site.stop)
            parts = await site.start()
            token_file = folder.path / "agents" / f"{hall.info.id}.token"
            await _pair(kernel, hall, folder, token_file)
            agent = Agent(url, token_file, token_file.parent, parts)
            stack.push_async_callback(_end, asyncio.create_task(agent.run()))
            stack.push_async_callback(_end, asyncio.create_task(site.lay_cards()))
        folder.keep()
        yield


async def _pair(kernel: Kernel, hall: Hall, folder: Folder, token_file: Path) -> None:
    tokens = folder.record.tokens.setdefault(hall.info.id, {})
    known = {device.token_hash for device in kernel.access.devices.values()}
    if hash_token(tokens.get("agent", "")) not in known:
        _, tokens["agent"] = await kernel.access.issue_token("agent", hall.info.id, None, NAME)
    token_file.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(token_file, tokens["agent"])


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])


def settings_of(kernel: Kernel, hall: Hall, kind: str) -> dict[str, Any]:
    """What a demonstration's page is told of the devices beside it."""
    printers = kernel.agents.printers(hall.info.id)
    if kind not in ("kiosk", "guide") or not printers:
        return {}
    device, part = printers[0]
    settings = {"printer": f"{device.device_id}/{part.name}", "reader": device.device_id}
    return {**settings, "print": "agent"} if kind == "kiosk" else settings


async def paper(request: web.Request) -> web.Response:
    """The newest tickets of a hall's printer, as they came out of it."""
    site = request.app[SIMULATORS].get(request.query.get("hall", ""))
    tickets = [] if site is None else list(site.printer.paper.tickets)[-5:]
    lines = [
        "\n".join([ticket.text, *(f"[二维码] {code}" for code in ticket.codes)])
        for ticket in reversed(tickets)
    ]
    text = ("\n" + "✂" + " -" * 24 + "\n").join(lines) or "还没有打印号票。"
    return web.Response(text=text, charset="utf-8", headers={"Cache-Control": "no-store"})
