"""Tickets on paper, from the route through the agent to the bytes of a printer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from hall_core.agent.config import write_private
from hall_core.agent.runner import Agent
from hall_queue.printing import agent as printer_agent
from hall_queue.printing.agent import Printer, PrinterConfig
from hall_queue.printing.simulator import Paper, PrinterSimulator
from tests.support import HALL, Answer, Client, HallServer, eventually, hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Site:
    """One printer with its agent and a kiosk in front of it."""

    def __init__(self, server: HallServer, kiosk: Client, simulator: PrinterSimulator) -> None:
        self.server = server
        self.kiosk = kiosk
        self.simulator = simulator
        self.device = ""
        self.folder = Path()
        self.token_file = Path()
        self._task: asyncio.Task[None] | None = None

    async def start(self, config: PrinterConfig | None = None) -> Printer:
        """Start the agent (again)."""
        printer = Printer("printer", config or PrinterConfig(self.simulator.address))
        agent = Agent(self.server.base, self.token_file, self.folder, [printer])
        self._task = asyncio.create_task(agent.run())
        await eventually(agent.connected.is_set)
        return printer

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def fault(self) -> str | None:
        known = self.server.hall().committed["devices"].faults
        fault = known.get(f"{self.device}-printer")
        return fault.fault if fault is not None else None

    async def until(self, fault: str | None) -> None:
        await eventually(lambda: self.fault == fault)

    async def print(self, ticket: Any, key: str | None = None, **body: Any) -> Answer:
        path = f"/halls/{HALL}/tickets/{ticket['ticket_id']}/print"
        return await self.kiosk.post(path, {"printer": self.device, **body}, key)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    async with hall_server(tmp_path_factory.mktemp("hall")) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def site(
    server: HallServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    monkeypatch.setattr(printer_agent, "POLL_S", 0.03)
    monkeypatch.setattr(printer_agent, "STATUS_S", 0.25)
    monkeypatch.setattr(printer_agent, "PRINT_S", 0.5)
    simulator = PrinterSimulator()
    await simulator.start()
    site = Site(server, await server.client("kiosk"), simulator)
    device, token = await server.kernel.access.issue_token("agent", HALL, None, "东侧取号机")
    site.device, site.folder = device.device_id, tmp_path
    site.token_file = tmp_path / "agent.token"
    write_private(site.token_file, token)
    await site.start()
    try:
        yield site
    finally:
        await site.stop()
        await simulator.stop()
        await server.revoke(device.device_id)


async def test_a_ticket_comes_out_of_the_printer(site: Site) -> None:
    ticket = await site.kiosk.take()
    answer = await site.print(ticket)
    assert (answer.status, answer.body) == (
        200,
        {"printed": True, "printer": f"{site.device}/printer"},
    )
    printed = await site.simulator.printed(1)
    assert (ticket["number"], 3) in printed.lines
    assert "青禾旗政务服务中心" in printed.text
    assert "请在休息区等候叫号" in printed.text
    assert "最多2次" in printed.text
    assert "补打" not in printed.text
    assert printed.codes == []  # no public address, no code


async def test_a_second_copy_says_so_and_a_retry_is_none(site: Site) -> None:
    ticket = await site.kiosk.take()
    key = secrets.token_hex(8)
    first = await site.print(ticket, key)
    again = await site.print(ticket, key)
    assert (first.status, again.status) == (200, 200)
    assert site.simulator.paper.cuts == 1
    await site.print(ticket)
    printed = await site.simulator.printed(2)
    assert printed.lines[0][0].startswith("补打 ")
    other = await site.kiosk.take()
    await site.print(other, again=True)  # a page printed it before
    assert (await site.simulator.printed(3)).lines[0][0].startswith("补打 ")
    twice = await site.kiosk.take()
    answers = await asyncio.gather(site.print(twice), site.print(twice))  # two keys at once
    assert [answer.status for answer in answers] == [200, 200]
    await site.simulator.printed(5)
    assert ["补打" in copy.text for copy in list(site.simulator.paper.tickets)[3:]] == [False, True]


async def test_the_code_is_the_citizens_page(site: Site) -> None:
    admin = await site.server.client("admin")
    before = (await admin.get(f"/halls/{HALL}/setup")).body
    settings = {**before["settings"], "public_url": "https://hall.example/"}
    changed = await admin.post(f"/halls/{HALL}/setup", {"settings": settings})
    assert changed.status == 200, changed
    ticket = await site.kiosk.take()
    await site.print(ticket)
    printed = await site.simulator.printed(1)
    assert printed.codes == [f"https://hall.example/t/{ticket['token']}"]
    await admin.post(f"/halls/{HALL}/setup", {"settings": before["settings"]})


async def test_paper_is_known_before_anyone_presses(site: Site) -> None:
    await site.simulator.load(20)
    await site.until("paper_near_end")
    ticket = await site.kiosk.take()
    assert (await site.print(ticket)).status == 200  # near the end is not the end
    await site.simulator.load(0)
    await site.until("paper_out")
    refused = await site.print(ticket)
    assert (refused.status, refused.code) == (409, "printer_paper_out")
    admin = await site.server.client("admin")
    [printer] = (await admin.get(f"/halls/{HALL}/printers")).body
    assert (printer["printer"], printer["fault"]) == (f"{site.device}/printer", "paper_out")
    await site.simulator.load()
    await site.until(None)
    other = await site.kiosk.take()
    key = secrets.token_hex(8)
    site.simulator.cover_open = True
    refused = await site.print(other, key)
    assert refused.code == "printer_cover_open"
    site.simulator.cover_open = False
    await site.until(None)
    assert (await site.print(other, key)).status == 200  # refused was not printed
    assert "补打" not in (await site.simulator.printed(2)).text


async def test_paper_that_ends_in_the_middle_is_unconfirmed(site: Site) -> None:
    ticket = await site.kiosk.take()
    await eventually(lambda: site.simulator.connections)
    site.simulator.paper.lines_left = 4
    key = secrets.token_hex(8)
    answer = await site.print(ticket, key)
    assert (answer.status, answer.code) == (409, "print_unconfirmed")
    await site.until("paper_out")
    await site.simulator.load()
    await site.until(None)
    assert (await site.print(ticket, key)).code == "print_unconfirmed"  # not printed twice
    assert (await site.print(ticket)).status == 200  # somebody asks for a copy
    assert (await site.simulator.printed(2)).lines[0][0].startswith("补打 ")


async def test_a_printer_that_hangs_or_babbles_or_goes_stops_nobody(site: Site) -> None:
    ticket = await site.kiosk.take()
    for mood, fault in (("hang", "no_answer"), ("garbage", "garbage")):
        site.simulator.mood = mood  # type: ignore[assignment]
        await site.until(fault)
        assert (await site.print(ticket)).code == f"printer_{fault}"
        assert (await site.kiosk.take())["number"]  # the queue goes on
        site.simulator.mood = "well"
        await site.until(None)
    await site.simulator.stop()
    await site.until("unreachable")
    assert (await site.print(ticket)).code == "printer_unreachable"
    await site.simulator.start()
    await site.until(None)
    assert (await site.print(ticket)).status == 200


async def test_a_printer_that_does_not_know_how_to_confirm_still_prints(site: Site) -> None:
    site.simulator.mood = "deaf"
    ticket = await site.kiosk.take()
    assert (await site.print(ticket)).status == 200
    assert site.simulator.paper.cuts == 1


async def test_a_job_is_printed_once_also_by_an_agent_that_was_started_again(site: Site) -> None:
    agents = site.server.kernel.agents
    job = {"job": secrets.token_hex(16), "lines": [{"text": "H001", "size": 3}]}
    assert await agents.ask(site.device, "printer", job) == {"printed": True}
    await site.stop()
    await eventually(lambda: site.device not in agents.connections)
    gone = await site.print(await site.kiosk.take())
    assert (gone.status, gone.code) == (409, "device_not_connected")
    await site.start()
    assert await agents.ask(site.device, "printer", job) == {"printed": True}
    assert site.simulator.paper.cuts == 1


async def test_which_printer_is_said_or_set(site: Site) -> None:
    access = site.server.kernel.access
    settings = {"printer": f"{site.device}/printer"}
    _, token = await access.issue_token("kiosk", HALL, None, "二号", settings=settings)
    ticket = await site.kiosk.take()
    path = f"/halls/{HALL}/tickets/{ticket['ticket_id']}/print"
    set_up = Client(site.server.http, site.server.base, token)
    assert (await set_up.post(path)).status == 200
    assert (await site.kiosk.post(path)).code == "no_printer"
    for unknown in ("000000000000", site.device + "/other"):
        assert (await site.kiosk.post(path, {"printer": unknown})).code == "unknown_printer"
    elsewhere = path.replace(ticket["ticket_id"], "0" * 16)
    assert (await set_up.post(elsewhere)).code == "unknown_ticket"
    display = await site.server.client("display")
    assert (await display.post(path)).code == "wrong_role"


async def test_the_layout_is_the_halls(site: Site) -> None:
    admin = await site.server.client("admin")
    texts = f"/halls/{HALL}/texts"
    layout = "# {title}\n## {number}\n{ahead}\n第三行"
    changed = await admin.post(texts, {"texts": {"ticket.layout": layout, "ticket.title": "号"}})
    assert changed.status == 200
    ticket = await site.kiosk.take()
    await site.print(ticket)
    printed = await site.simulator.printed(1)
    assert printed.lines[:2] == [("号", 2), (ticket["number"], 3)]
    assert printed.lines[3][0] == "第三行"
    wrong = await admin.post(texts, {"texts": {"ticket.layout": "{id_number}{number}"}})
    assert (wrong.status, wrong.body["errors"][0]["field"]) == (422, "texts.ticket.layout")
    preview = f"/halls/{HALL}/ticket-previews"
    shown = await admin.post(preview, {"paper_mm": 58, "title": "很长" * 20})
    assert shown.body["columns"] == 32
    assert shown.body["lines"][0] == {"text": "很长" * 4, "size": 2}
    assert (await admin.post(preview, {"layout": "{x}"})).status == 422
    tried = await admin.post(f"/halls/{HALL}/printer-tests", {"printer": site.device})
    assert tried.status == 200
    assert (await site.simulator.printed(2)).lines[0] == ("打印测试", 2)
    await admin.post(texts, {"texts": {"ticket.layout": "", "ticket.title": ""}})


async def test_a_printer_at_a_device_node(site: Site) -> None:
    """A pseudo-terminal stands for /dev/usb/lp0: bytes both ways through one descriptor."""
    ours, theirs = os.openpty()
    paper, loop = Paper(), asyncio.get_running_loop()
    held = b""

    def serve() -> None:
        nonlocal held
        data = held + os.read(ours, 4096)
        while (at := data.find(b"\x10\x04")) >= 0 and at + 2 < len(data):
            os.write(ours, paper.feed(data[:at]) + b"\x12")
            data = data[at + 3 :]
        keep = len(data) - at if at >= 0 else int(data.endswith(b"\x10"))
        os.write(ours, paper.feed(data[: len(data) - keep]))
        held = data[len(data) - keep :]

    loop.add_reader(ours, serve)
    try:
        await site.stop()
        await site.start(PrinterConfig(os.ttyname(theirs), paper_mm=58))
        ticket = await site.kiosk.take()
        assert (await site.print(ticket)).status == 200
        assert (ticket["number"], 3) in paper.tickets[0].lines
        await site.stop()
    finally:
        loop.remove_reader(ours)
        for end in (ours, theirs):
            with contextlib.suppress(OSError):
                os.close(end)
