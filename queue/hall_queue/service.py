"""What the queue needs around its rules: PINs, who took a ticket, and forecasts.

A decision is pure; everything that takes a random number, a slow hash or the database happens here
before it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, delete, select

from hall_core.clock import millis
from hall_core.credentials import hash_secret, verify_secret
from hall_core.errors import Forbidden, NotFound, TooMany, invalid
from hall_core.features import Audience
from hall_core.halls import SYSTEM, Hall
from hall_core.kernel import Kernel
from hall_core.once import Change
from hall_core.throttle import Throttle
from hall_queue import tables
from hall_queue.domain import waiting
from hall_queue.domain.state import QueueState, Ticket
from hall_queue.domain.waiting import Forecast, Wait
from hall_queue.persons import Person, age_of, valid_id_number
from hall_queue.readers.cards import Cards

FORECAST_MIN_S = 1.0  # between two forecasts of a hall that changes
FORECAST_MAX_S = 10.0  # old even when nothing changes: time itself passes
FORECAST_SHARE = 50  # a forecast that took 10 ms is good for half a second: 2 % of the loop
PIN_ATTEMPTS = 5  # wrong PINs in a row before the clerk is locked out ...
PIN_LOCK_S = 300.0  # ... for so long


class _Made(msgspec.Struct, frozen=True):
    """A forecast and what it was made from. Times are `time.monotonic`."""

    forecast: Forecast
    version: int
    issued: dict[str, int]
    stopped: dict[str, str]  # queues whose likely service would pass closing -> why
    good_until: float  # whatever happens: a forecast may not keep the event loop busy
    old_after: float  # even when nothing happens: time itself passes


class QueueService:
    """The shell of the queue in one server."""

    def __init__(self) -> None:
        self._pins: dict[tuple[str, str], str] = {}
        self._wrong: dict[tuple[str, str], tuple[int, float]] = {}
        self.cards = Cards()
        self._persons: dict[tuple[str, str, str], str] = {}  # hall, day, hmac -> holder
        self._forecasts: dict[str, _Made] = {}
        self.guesses = Throttle(20, 300)  # of appointment codes, by address
        self._kernel: Kernel

    async def start(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._forecasts.clear()

        def query(connection: Connection) -> tuple[Any, Any]:
            pins = connection.execute(select(tables.clerk_pins)).all()
            return pins, connection.execute(select(tables.persons)).all()

        pins, persons = kernel.store.read_now(query)
        self._pins = {(row.hall_id, row.clerk_no): row.pin_hash for row in pins}
        self._persons = {(row.hall_id, row.day, row.id_hmac): row.holder for row in persons}
        kernel.each_hall(lambda hall: hall.heartbeat_parts.append(self.waits_part))

    # --- PINs ----------------------------------------------------------------------------------

    async def setting_pin(self, hall: Hall, clerk_no: str, pin: str) -> Change:
        """A clerk's PIN, to be committed.

        Raises:
            NotFound: a clerk the hall does not have.
            Invalid: a bad PIN.
        """
        if clerk_no not in hall.committed["queue"].clerks:
            raise NotFound("unknown_clerk", "没有这位窗口人员。")
        if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 12):
            raise invalid("pin", "PIN 应为 4 到 12 位数字。", "The PIN must be 4 to 12 digits.")
        if len(set(pin)) == 1 or pin in "0123456789":
            raise invalid(
                "pin",
                "PIN 不能是同一个数字或连续数字，例如 1111、1234。",
                "The PIN must not be one digit again and again, nor digits in a row (1111, 1234).",
            )
        hashed = await asyncio.to_thread(hash_secret, pin)
        who = (hall.info.id, clerk_no)

        def then() -> None:
            self._pins[who] = hashed
            self._wrong.pop(who, None)

        return Change(rows=((tables.clerk_pins, (*who, hashed)),), then=then)

    def forgetting_pins(self, hall: Hall, clerk_nos: Iterable[str]) -> Change:
        """PINs of clerks who left, or of a number that somebody is given: to be committed with
        that, so that nobody has the PIN of who had their number before."""
        gone = {(hall.info.id, clerk_no) for clerk_no in clerk_nos}

        def then() -> None:
            for who in gone:
                self._pins.pop(who, None)
                self._wrong.pop(who, None)

        table = tables.clerk_pins.c
        where = (table.hall_id == hall.info.id) & table.clerk_no.in_([no for _, no in gone])
        return Change(statements=((delete(tables.clerk_pins).where(where), {}),), then=then)

    async def check_pin(self, hall: Hall, clerk_no: str, pin: str | None) -> None:
        """Let a clerk in, where the hall asks for the PIN.

        Raises: as `verify_pin`.
        """
        state: QueueState = hall.committed["queue"]
        if state.settings.pin_required and clerk_no in state.clerks:
            await self.verify_pin(hall, clerk_no, pin)
        # An unknown clerk is refused by the rules, with the field's name.

    async def verify_pin(self, hall: Hall, clerk_no: str, pin: str | None) -> None:
        """Whether this is the clerk's PIN.

        Raises:
            Invalid: no PIN was given, or none was set for this clerk.
            Forbidden: wrong PIN.
            TooMany: locked after too many wrong ones.
        """
        who = (hall.info.id, clerk_no)
        failures, last = self._wrong.get(who, (0, 0.0))
        locked_s = last + PIN_LOCK_S - time.monotonic()
        if failures >= PIN_ATTEMPTS and locked_s > 0:
            zone = ZoneInfo(hall.info.timezone)
            until = (self._kernel.clock.now() + timedelta(seconds=locked_s)).astimezone(zone)
            raise TooMany(
                "pin_locked", f"PIN 连续输错，锁定到 {until:%H:%M:%S}，请稍后再试或联系管理员。"
            )
        if pin is None:
            raise invalid("pin", "请输入 PIN。", "Please enter the PIN.")
        hashed = self._pins.get(who)
        if hashed is None:
            raise invalid(
                "pin",
                "这位窗口人员还没有设置 PIN，请联系管理员。",
                "No PIN has been set for this clerk yet. Please ask the administrator.",
            )
        # Counted before it is known: guesses made side by side count one by one.
        self._wrong[who] = (failures % PIN_ATTEMPTS + 1, time.monotonic())
        if not await asyncio.to_thread(verify_secret, hashed, pin):
            raise Forbidden("wrong_pin", "PIN 不正确。")
        self._wrong.pop(who, None)

    # --- persons -------------------------------------------------------------------------------

    def person(self, hall: Hall, id_number: str) -> Person:
        """Who holds this ID, as a random reference of today.

        Raises:
            Invalid: not an 18-digit citizen ID number with a valid check digit.
        """
        id_number = id_number.strip().upper()
        if not valid_id_number(id_number):
            raise invalid(
                "id_number",
                "身份证号码不正确，请核对后重试。",
                "The ID number is not right. Please check it and try again.",
            )
        age = age_of(id_number, date.fromisoformat(hall.live["queue"].day))
        return self._holder(hall, id_number, age)

    def card_holder(self, hall: Hall, number: str) -> Person:
        """Who holds the card that a reader read: a citizen, or somebody whose card has another
        kind of number (a foreigner's), of which nothing but that it is the same is known."""
        number = number.strip().upper()
        if valid_id_number(number):
            return self.person(hall, number)
        return self._holder(hall, number, None)

    def _holder(self, hall: Hall, number: str, age: int | None) -> Person:
        day = hall.live["queue"].day
        hashed = self._kernel.secret.hmac("person", number).hex()
        place = (hall.info.id, day, hashed)
        # The row goes along each time: the request that made the reference may have been refused.
        holder = self._persons.setdefault(place, secrets.token_hex(8))
        return Person(holder, age, ((tables.persons, (holder, hall.info.id, day, hashed)),))

    async def forget_persons(self) -> None:
        """Delete the references of earlier days."""
        days = {hall.info.id: hall.live["queue"].day for hall in self._kernel.halls.values()}
        self._persons = {k: v for k, v in self._persons.items() if k[1] == days.get(k[0])}
        table = tables.persons
        await self._kernel.writer.write(
            statements=[
                (delete(table).where(table.c.hall_id == hall_id, table.c.day != day), {})
                for hall_id, day in days.items()
            ]
        )

    # --- appointments --------------------------------------------------------------------------

    def code_of(self, appointment_id: str) -> str:
        """Eight figures that open an appointment at a kiosk; made each time, stored nowhere."""
        mac = self._kernel.secret.hmac("appointment", appointment_id)
        return f"{int.from_bytes(mac[:8]) % 10**8:08d}"

    def appointment_of(self, hall: Hall, code: str, address: str) -> str:
        """The id of the hall's appointment with this code.

        Raises:
            Invalid: there is none.
            TooMany: this address guessed too often.
        """
        self.guesses.check(address)
        wanted = code.replace("-", "").replace(" ", "")
        found: dict[str, Any] = hall.live["queue"].appointments
        for appointment_id in found:
            if secrets.compare_digest(self.code_of(appointment_id).encode(), wanted.encode()):
                return appointment_id
        self.guesses.failed(address)
        raise invalid(
            "appointment",
            "没有这个预约，请核对预约码或到导办台。",
            "There is no such appointment. Please check the code or ask at the guide desk.",
        )

    async def forget_phones(self) -> None:
        table, now = tables.appointment_phones, millis(self._kernel.clock.now())
        await self._kernel.writer.write(
            statements=[(delete(table).where(table.c.expires_ms < now), {})]
        )

    # --- waiting times -------------------------------------------------------------------------

    def _made(self, hall: Hall) -> _Made:
        """The hall's forecast, made anew when it is stale."""
        made = self._forecasts.get(hall.info.id)
        started = time.monotonic()
        changed = made is None or made.version != hall.hub.version
        if made is None or started > (made.good_until if changed else made.old_after):
            state: QueueState = hall.committed["queue"]
            forecast = waiting.forecast(state, hall.context(SYSTEM))
            issued = {prefix: line.issued for prefix, line in state.lines.items()}
            stopped = {
                prefix: "queue_full_today"
                for prefix in state.lines
                if state.settings.stop_when_full
                and waiting.passes_closing(state, hall.context(SYSTEM), prefix)
            }
            ended = time.monotonic()
            good_s = max(FORECAST_MIN_S, (ended - started) * FORECAST_SHARE)
            made = _Made(
                forecast, hall.hub.version, issued, stopped, ended + good_s, ended + FORECAST_MAX_S
            )
            self._forecasts[hall.info.id] = made
        return made

    def forecast(self, hall: Hall) -> Forecast:
        return self._made(hall).forecast

    def wait_of(self, hall: Hall, state: QueueState, ticket: Ticket) -> Wait | None:
        """The wait of one waiting ticket; None when it does not wait."""
        if ticket.state != "waiting":
            return None
        made = self._made(hall)
        if ticket.ticket_id in made.forecast.tickets:
            return made.forecast.tickets[ticket.ticket_id]
        prefix = ticket.queue
        since = state.lines[prefix].issued - made.issued.get(prefix, 0)
        priority = "green" if ticket.priority == "green" else "normal"
        return waiting.arrival(made.forecast, state, prefix, priority, max(0, since - 1))

    def waits(self, hall: Hall) -> dict[str, Wait]:
        """What a newcomer to each queue has to expect."""
        made = self._made(hall)
        return {prefix: queue.ordinary for prefix, queue in made.forecast.queues.items()}

    def waits_part(self, hall: Hall, audience: Audience) -> dict[str, Any]:
        """What heartbeats carry: waits move without events."""
        if audience.kind == "pad":
            return {}
        return {"waits": self.waits(hall), "stopped": self._made(hall).stopped}
