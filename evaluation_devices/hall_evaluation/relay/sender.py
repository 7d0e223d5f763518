"""Delivering the outbox: one lane per hall, so that one hall's trouble is no other's.

An attempt is written down before it begins. So a rating that was stored over there, but whose
answer was lost (even with this server), comes a second time as a second attempt, with the same id.
Nothing is given up silently: a rating leaves the outbox when it was taken, or is kept as refused
with the reason; whatever else goes wrong is tried again for ever, with an alert.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Any, NamedTuple

import aiohttp
import structlog
from sqlalchemy import Connection, select, update

from hall_core.clock import millis
from hall_core.errors import HallError
from hall_core.halls import Hall
from hall_core.kernel import Kernel
from hall_core.setup import RelaySettings
from hall_evaluation.relay.reading import rating_of, read_rating
from hall_evaluation.relay.rules import backoff_s, delivery_id, message, reason, verdict
from hall_evaluation.relay.state import RelayState, ReportRelay, Trouble
from hall_evaluation.relay.tables import relay_outbox, relay_secrets

log = structlog.get_logger()

TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5, sock_connect=5)
ANSWER_MAX = 64 * 1024  # bytes of an answer that are read
CHUNK = 50  # ratings looked up at a time
PAUSE_AFTER = 3  # failures in a row before the lane waits instead of asking with the next rating
ALERT_AFTER = 5
IDLE_S = 60.0  # between looks at the outbox that nobody asked for
PURPOSE = "relay secret"


class Failed(Exception):
    """No whole answer came."""


class Outcome(NamedTuple):
    status: int | None
    error: str


class Sender:
    """Delivers from `start` to `stop`. `wake` it when a hall has something new."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._woken = asyncio.Event()
        self._new: dict[str, bool] = {}  # hall -> afresh
        self._lanes: dict[str, Lane] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Deliver from now on."""
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(_tell_why)

    async def stop(self) -> None:
        """No attempt is under way afterwards."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def wake(self, hall_id: str, afresh: bool = False) -> None:
        """A hall has something new, decided but not yet on disk. `afresh`: somebody changed
        something, so earlier failures are not waited out."""
        self._new[hall_id] = afresh or self._new.get(hall_id, False)
        self._woken.set()

    def send_again(self, hall_id: str) -> None:
        """A person put refused ratings back into line."""
        self._kernel.halls[hall_id].apply_system(ReportRelay(trouble="refused", detail=None))
        self.wake(hall_id, afresh=True)

    async def _run(self) -> None:
        connector = aiohttp.TCPConnector(force_close=True)  # what comes after an answer is not ours
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=jar, timeout=TIMEOUT, trust_env=False
        ) as http:
            try:
                while True:
                    self._woken.clear()
                    await self._take_new()
                    wait_s = self._start_lanes(http)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(wait_s):
                            await self._woken.wait()
            finally:
                lanes = list(self._running.values())
                for task in lanes:
                    task.cancel()
                await asyncio.gather(*lanes, return_exceptions=True)

    async def _take_new(self) -> None:
        """What is new is on disk when everything that was decided before now is."""
        if not self._new:
            return
        new, self._new = self._new, {}
        with contextlib.suppress(HallError):
            await self._kernel.writer.write()
        for hall_id, afresh in new.items():
            lane = self._lanes.get(hall_id)
            if lane is not None:
                lane.look(afresh)

    def _start_lanes(self, http: aiohttp.ClientSession) -> float:
        """Start what is due; gives the seconds until something else will be."""
        now = asyncio.get_running_loop().time()
        wait_s = IDLE_S
        for hall in self._kernel.halls.values():
            state: RelayState = hall.committed["relay"]
            if not state.settings.enabled or hall.info.id in self._running:
                continue
            lane = self._lanes.setdefault(hall.info.id, Lane(self._kernel, hall))
            due_s = lane.due_at - now
            if due_s > 0:
                wait_s = min(wait_s, due_s)
                continue
            self._running[hall.info.id] = task = asyncio.create_task(lane.deliver(http))
            task.add_done_callback(partial(self._ended, hall.info.id))
        return wait_s

    def _ended(self, hall_id: str, task: asyncio.Task[None]) -> None:
        del self._running[hall_id]
        if not task.cancelled() and task.exception() is not None:
            log.error("relay_failed", hall=hall_id, error=repr(task.exception()))
            self._lanes[hall_id].pause()
        self._woken.set()


def _tell_why(task: asyncio.Task[None]) -> None:
    """It ends when the server stops, and for no other reason that we know of."""
    if not task.cancelled() and task.exception() is not None:
        log.error("relay_ended", error=repr(task.exception()))


class Lane:
    """One hall's way to its regional system. Times are the event loop's."""

    def __init__(self, kernel: Kernel, hall: Hall) -> None:
        self._kernel = kernel
        self._hall = hall
        self._failures = 0  # in a row
        self._later: dict[str, float] = {}  # ticket id -> not before
        self._paused_until = 0.0
        self.due_at = 0.0

    def look(self, afresh: bool) -> None:
        """There is something new. A pause is waited out all the same, unless it is `afresh`."""
        if afresh:
            self._later.clear()
            self._failures = 0
            self._paused_until = 0.0
        self.due_at = self._paused_until

    def pause(self) -> None:
        self._failures += 1
        self._paused_until = self.due_at = self._now() + backoff_s(self._failures)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    @property
    def _state(self) -> RelayState:
        state: RelayState = self._hall.committed["relay"]
        return state

    async def deliver(self, http: aiohttp.ClientSession) -> None:
        """Everything that is due now; sets `due_at` to when to come again."""
        self.due_at = self._now() + IDLE_S
        while True:
            waiting = await self._kernel.store.read(self._read_waiting)
            due = [row for row in waiting if self._later.get(row.ticket_id, 0.0) <= self._now()]
            if not due:
                known = {row.ticket_id for row in waiting}
                self._later = {t: at for t, at in self._later.items() if t in known}
                self.due_at = min([self.due_at, *self._later.values()])
                return
            for row in due:
                settings = self._state.settings
                if not settings.enabled:
                    return
                if self._paused_until > self._now():
                    self.due_at = self._paused_until
                    return
                await self._attempt(http, settings, row.ticket_id, row.attempts + 1)

    def _read_waiting(self, connection: Connection) -> Any:
        """The next ones: never tried before tried, then in their order."""
        box = relay_outbox.c
        query = (
            select(box.ticket_id, box.attempts)
            .where(box.hall_id == self._hall.info.id, box.state == "waiting")
            .order_by(box.attempts, box.made_ms)
            .limit(CHUNK + len(self._later))
        )
        return connection.execute(query).all()

    async def _attempt(
        self, http: aiohttp.ClientSession, settings: RelaySettings, ticket_id: str, number: int
    ) -> None:
        hall = self._hall
        tried = millis(self._kernel.clock.now())
        await self._write(ticket_id, attempts=number, tried_ms=tried)
        row = await self._kernel.store.read(lambda c: read_rating(c, ticket_id))
        if row is None:  # the rating is gone, so there is nothing to send
            await self._write(ticket_id, state="refused", error="评价记录不存在。")
            return
        rating, info = rating_of(self._kernel, hall, row), hall.info
        fields = message(rating, settings, info.id, info.region, info.timezone)
        try:
            outcome = await self._post(http, settings, ticket_id, fields)
        except Failed as failure:
            await self._failed(ticket_id, number, Outcome(None, str(failure)))
            return
        assert outcome.status is not None
        meaning = verdict(outcome.status, number)
        if meaning == "delivered":
            await self._write(ticket_id, state="delivered", status=outcome.status, error="")
            self._later.pop(ticket_id, None)
            self._failures = 0
            self._report("unreachable", None)
        elif meaning == "refused":
            self._report("refused", "好差评上报：有评价被上级系统退回，请在上报页查看原因。")
            await self._write(
                ticket_id, state="refused", status=outcome.status, error=outcome.error
            )
            self._later.pop(ticket_id, None)
            self._failures = 0
        else:
            await self._failed(ticket_id, number, outcome, at_once=meaning == "locked_out")

    async def _failed(
        self, ticket_id: str, number: int, outcome: Outcome, at_once: bool = False
    ) -> None:
        self._failures += 1
        self._later[ticket_id] = self._now() + backoff_s(number)
        if at_once or self._failures >= PAUSE_AFTER:
            self._paused_until = self._now() + backoff_s(self._failures)
        if at_once or self._failures >= ALERT_AFTER:
            self._report("unreachable", f"好差评上报：上级系统无法接收，{outcome.error}")
        await self._write(ticket_id, status=outcome.status, error=outcome.error)

    async def _post(
        self,
        http: aiohttp.ClientSession,
        settings: RelaySettings,
        ticket_id: str,
        fields: dict[str, str],
    ) -> Outcome:
        """One request.

        Raises:
            Failed: no connection, no answer in time, or not the whole of it.
        """
        headers = {"Idempotency-Key": delivery_id(self._hall.info.id, ticket_id)}
        secret = await self._read_secret()
        if secret:
            headers[settings.header] = secret
        try:
            async with http.post(
                settings.url, json=fields, headers=headers, allow_redirects=False
            ) as answer:
                said = await _read(answer)
        except TimeoutError:
            raise Failed("未在规定时间内应答。") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Failed(f"连接失败（{type(error).__name__}）。") from None
        text = reason(said.decode(errors="replace"))
        answered = f"应答 {answer.status}"
        return Outcome(answer.status, f"{answered}：{text}" if text else answered)

    async def _read_secret(self) -> str:
        hall_id = relay_secrets.c.hall_id == self._hall.info.id
        query = select(relay_secrets.c.sealed).where(hall_id)
        sealed = await self._kernel.store.read(lambda c: c.execute(query).scalar())
        try:
            return self._kernel.secret.decrypt(PURPOSE, sealed) if sealed else ""
        except ValueError:
            raise Failed("保存的密钥无法读取，请重新填写。") from None

    def _report(self, trouble: Trouble, detail: str | None) -> None:
        """Tell people, once: nothing to tell when they know."""
        if (detail is None) == (trouble not in self._state.alerts):
            return
        with contextlib.suppress(HallError):
            self._hall.apply_system(ReportRelay(trouble=trouble, detail=detail))

    async def _write(self, ticket_id: str, **values: Any) -> None:
        box = relay_outbox.c
        where = (box.hall_id == self._hall.info.id) & (box.ticket_id == ticket_id)
        await self._kernel.writer.write(
            statements=[(update(relay_outbox).where(where).values(**values), {})]
        )


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """The whole answer, of which no more than `ANSWER_MAX` is waited for."""
    said = b""
    while len(said) < ANSWER_MAX:
        chunk = await answer.content.read(ANSWER_MAX - len(said))
        if not chunk:
            break
        said += chunk
    return said
