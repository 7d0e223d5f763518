"""A citizen at the kiosk, with the printer beside it: paper, paper near its end, no paper."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from hall_core.agent.config import write_private
from hall_core.agent.runner import Agent
from hall_queue.printing import agent as printer_agent
from hall_queue.printing.agent import Printer, PrinterConfig
from hall_queue.printing.simulator import PrinterSimulator
from tests.acceptance.browser import KIOSK, Pages
from tests.support import HALL, HallServer, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def take(kiosk: Page) -> str:
    """Press until there is a ticket; its number. A button may lead to a group's items first."""
    ticket = kiosk.locator(".ticket-number")
    choice = kiosk.locator("body:not([data-settling]) .choice").first
    await choice.click()
    await expect(ticket.or_(choice).first).to_be_visible()
    if not await ticket.is_visible():
        await choice.click()
    await expect(ticket).to_be_visible()
    return await ticket.inner_text()


async def test_a_kiosk_prints_and_says_before_anyone_presses_when_it_cannot(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printer_agent, "POLL_S", 0.05)
    printer = PrinterSimulator()
    await printer.start()
    async with hall_server(tmp_path / "hall") as server, Pages(browser, server) as pages:
        agent, device = await connected(server, tmp_path, printer)
        kiosk = await pages.device("kiosk", "/kiosk", KIOSK)
        await choose_printer(server, f"{device}/printer")
        await kiosk.reload()
        keep, note = kiosk.locator(".keep"), kiosk.locator(".paper-note")
        number = await take(kiosk)
        await expect(keep).to_have_text("请取走号票")
        assert (number, 3) in (await printer.printed(1)).lines
        await kiosk.locator(".answers .primary").click()

        await printer.load(10)
        await expect(note).to_contain_text("打印纸快用完了")
        await printer.load(0)
        await expect(note).to_contain_text("打印机缺纸")
        await expect(note).to_contain_text("请到导办台")
        number = await take(kiosk)  # the queue goes on: the number is on the screen
        assert server.hall().committed["queue"].numbers[number]
        await expect(keep).to_contain_text("用手机拍下本页")
        await kiosk.locator(".answers .primary").click()

        await printer.load()
        await expect(note).to_be_hidden()
        await take(kiosk)
        await expect(keep).to_have_text("请取走号票")
        assert printer.paper.cuts == 2
        assert pages.faults == []
        agent.cancel()
        await asyncio.wait([agent])
    await printer.stop()


async def connected(
    server: HallServer, folder: Path, printer: PrinterSimulator
) -> tuple[asyncio.Task[None], str]:
    """A running agent that drives the printer, and its device id."""
    device, token = await server.kernel.access.issue_token("agent", HALL, None, "东侧电脑")
    write_private(folder / "agent.token", token)
    part = Printer("printer", PrinterConfig(printer.address))
    agent = Agent(server.base, folder / "agent.token", folder, [part])
    task = asyncio.create_task(agent.run())
    await eventually(agent.connected.is_set)
    return task, device.device_id


async def choose_printer(server: HallServer, printer: str) -> None:
    """As a manager does in the kiosk's settings."""
    [kiosk] = [d for d in server.kernel.access.devices.values() if d.kind == "kiosk"]
    admin = await server.client("admin")
    settings = {"print": "agent", "printer": printer}
    answer = await admin.post(
        f"/devices/{kiosk.device_id}/commands", {"command": "configure", "settings": settings}
    )
    assert answer.status == 200, answer
