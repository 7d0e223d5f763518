"""The agent's part that drives one ticket printer.

It asks the printer how it is every few seconds and before each ticket, so that a kiosk knows of an
empty roll before the next person presses. A ticket is confirmed when the printer has answered the
question that follows it; without that answer it may or may not have been printed, and says so. A
job is printed at most once, also when the agent is started again in between.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog

from hall_core.agent import Link, Part, PartFailed
from hall_core.agent.config import ConfigError, PartKind, write_private
from hall_queue.printing import paper, status, transport
from hall_queue.printing.job import Job

log = structlog.get_logger()

POLL_S = 3.0
STATUS_S = 1.5  # the printer's own time to answer
PRINT_S = 6.0  # from the last byte sent to the paper cut
JOBS_KEPT = 100
JUNK_MAX = 64  # bytes that are no answer, before the line counts as garbled

FAILED = {
    "paper_out": "打印机缺纸。",
    "cover_open": "打印机上盖没有合好。",
    "device_error": "打印机故障，请重新开机。",
    "offline": "打印机脱机。",
    "no_answer": "打印机没有应答。",
    "unreachable": "连接不上打印机。",
    "garbage": "打印机的应答无法识别。",
}


class PrinterConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`status` false: a printer that can't answer; then nothing is known of its paper, and a
    ticket counts as printed once it was sent."""

    address: str
    paper_mm: Literal[58, 80] = 80
    status: bool = True


class Garbled(OSError):
    """What comes over the line is no answer: wrong device, or wrong speed."""


class Ledger:
    """Which jobs were begun and which were finished: a small file beside the config."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: dict[str, bool] = {}  # job -> whether it was confirmed; the oldest first
        with contextlib.suppress(OSError, msgspec.DecodeError):
            self._jobs = msgspec.json.decode(path.read_bytes(), type=dict[str, bool])

    def known(self, job: str) -> bool | None:
        """None: never begun."""
        return self._jobs.get(job)

    async def note(self, job: str, finished: bool) -> None:
        self._jobs[job] = finished
        while len(self._jobs) > JOBS_KEPT:
            del self._jobs[next(iter(self._jobs))]
        text = msgspec.json.encode(self._jobs).decode()
        await asyncio.to_thread(write_private, self._path, text)


class Printer(Part):
    kind = "printer"

    def __init__(self, name: str, config: PrinterConfig) -> None:
        super().__init__(name)
        try:
            self._address = transport.parse(config.address)
        except ValueError as error:
            raise ConfigError(f"address: {error}") from None
        self._config = config
        self._wire: transport.Wire | None = None
        self._turn = asyncio.Lock()  # the printer does one thing at a time
        self._link: Link | None = None
        self._ledger: Ledger | None = None
        self._better = 0  # polls in a row that were better than what was reported
        self._reported: str | None = None
        self._why = ""  # the line could not be opened
        self._printing: set[asyncio.Future[Any]] = set()
        self.junk = 0  # bytes that were no answer, since the start

    # --- watching ------------------------------------------------------------------------------

    async def run(self, link: Link) -> None:
        self._link = link
        self._ledger = Ledger(link.folder / f"{self.name}.jobs")
        try:
            while True:
                async with self._turn:
                    self._report(await self._look())
                await asyncio.sleep(POLL_S)
        finally:
            self._hang_up()

    def _report(self, fault: str | None) -> None:
        """Worse is said at once; better when it was seen twice: sensors flicker."""
        assert self._link is not None
        better = self._reported is not None and _badness(fault) < _badness(self._reported)
        self._better = self._better + 1 if better else 0
        if better and self._better < 2:
            return
        self._better, self._reported = 0, fault
        why = f"：{self._why}" if fault == "unreachable" and self._why else ""
        self._link.report(fault, self._address.text + why if fault is not None else "")

    async def _look(self) -> str | None:
        """What is wrong now. A line that was lost is opened again."""
        fault = "unreachable"
        for _ in range(2):
            try:
                wire = await self._open()
            except OSError as error:
                self._why = error.strerror or ""
                return "unreachable"
            try:
                if self._config.status:
                    return await self._ask(wire)
                self._hang_up()  # nobody would tell when it dies
                return None
            except Garbled:
                fault = "garbage"
            except TimeoutError:
                fault = "no_answer"
            except OSError:
                fault = "unreachable"
            self._hang_up()
        return fault

    async def _ask(self, wire: transport.Wire) -> str | None:
        """Raises Garbled, TimeoutError, OSError."""
        answers = {}
        for n in status.QUERIES:
            await wire.send(status.query(n))
            answers[n] = await self._wait_for(wire, status.is_status, STATUS_S)
        return status.fault_of(answers)

    async def _wait_for(
        self, wire: transport.Wire, wanted: Callable[[int], bool], patience_s: float
    ) -> int:
        """The next byte that is `wanted`; what else comes is dropped and counted."""
        junk = 0
        async with asyncio.timeout(patience_s):
            while True:
                for byte in await wire.receive():
                    if wanted(byte):
                        return byte
                    junk += 1
                    self.junk += 1
                if junk > JUNK_MAX:
                    raise Garbled("nothing but garbage")

    async def _open(self) -> transport.Wire:
        if self._wire is None:
            self._wire = await transport.open_wire(self._address)
        return self._wire

    def _hang_up(self) -> None:
        if self._wire is not None:
            with contextlib.suppress(OSError):
                self._wire.close()
            self._wire = None

    # --- printing ------------------------------------------------------------------------------

    async def answer(self, request: Any) -> Any:
        try:
            job = msgspec.convert(request, Job)
        except msgspec.ValidationError:
            raise PartFailed("unknown_request", "打印机不支持此操作。") from None
        if self._reported == "unreachable":
            raise PartFailed("printer_unreachable", FAILED["unreachable"])
        # What was begun is brought to its end, also when nobody waits any longer.
        printing = asyncio.ensure_future(self._print(job))
        self._printing.add(printing)
        printing.add_done_callback(self._printed)
        return await asyncio.shield(printing)

    def _printed(self, printing: asyncio.Future[Any]) -> None:
        self._printing.discard(printing)
        if not printing.cancelled():
            printing.exception()  # who asked may have gone meanwhile

    async def _print(self, job: Job) -> Any:
        async with self._turn:
            ledger = self._ledger
            if ledger is None:
                raise PartFailed("printer_starting", "打印程序正在启动，请稍候再试。")
            known = ledger.known(job.job)
            if known is not None:
                return _outcome(known)
            data = paper.ticket(job.lines, self._config.paper_mm)
            fault = await self._look()
            self._report(fault)
            if fault is not None and fault != "paper_near_end":
                raise PartFailed(f"printer_{fault}", FAILED[fault])
            await ledger.note(job.job, False)
            finished = await self._send(data)
            if finished:
                await ledger.note(job.job, True)
            return _outcome(finished)

    async def _send(self, data: bytes) -> bool:
        """Whether it was surely printed."""
        try:
            wire = await self._open()
            async with asyncio.timeout(PRINT_S):
                await wire.send(data)
            if not self._config.status:
                self._hang_up()
                return True
            with contextlib.suppress(TimeoutError):
                await self._wait_for(wire, status.is_paper_reply, PRINT_S)
                return True
            # Some printers know no `GS r`: one that still answers, and whose roll did not end,
            # has taken what it was sent.
            fault = await self._ask(wire)
        except OSError:
            self._hang_up()
            return False
        self._report(fault)
        return fault is None or fault == "paper_near_end"


def _outcome(finished: bool) -> Any:
    if not finished:
        raise PartFailed("print_unconfirmed", "不能确定号票是否打印出来，请看出票口。")
    return {"printed": True}


def _badness(fault: str | None) -> int:
    return 0 if fault is None else 1 if fault == "paper_near_end" else 2


KIND = PartKind(config=PrinterConfig, make=Printer)
