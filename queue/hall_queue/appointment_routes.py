"""Appointments over HTTP: made and cancelled by the guide desk or the manager."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

import msgspec
from sqlalchemy import Connection, select

from hall_core.clock import from_millis, millis
from hall_core.errors import invalid
from hall_core.features import Row
from hall_core.http import Call, Route, roles
from hall_core.parameters import asks, word
from hall_queue import tables
from hall_queue.domain import commands as c
from hall_queue.domain.state import QueueState
from hall_queue.service import QueueService

PHONE = re.compile(r"\+?[0-9 -]{5,20}")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
PHONE_KEPT = timedelta(days=1)  # after the slot
_decoder = msgspec.json.Decoder(dict[str, Any])


class NewAppointment(msgspec.Struct, forbid_unknown_fields=True):
    """`day` YYYY-MM-DD and `start` HH:MM in the hall's time; the slot's length is the hall's."""

    day: str
    start: str
    service: str | None = None
    queue: str | None = None
    phone: str = ""


class CancelIt(msgspec.Struct, tag_field="command", tag="cancel", forbid_unknown_fields=True):
    pass


class AppointmentView(TypedDict):
    appointment_id: str
    queue: str
    service: str | None
    day: str
    start: datetime
    until: datetime
    state: Literal["booked", "checked_in", "cancelled", "missed"]
    ticket_id: str | None


class MadeAppointment(AppointmentView):
    """`code` opens it at the kiosk: told to who booked, and never listed."""

    code: str


class ListedAppointment(AppointmentView):
    """`phone` is masked."""

    phone: str


class DayOfAppointments(TypedDict):
    """`missed` of a day that is over are those who did not come."""

    day: str
    appointments: list[ListedAppointment]
    counts: dict[str, int]


class AppointmentRoutes:
    """Handlers; `service` is the queue's shell."""

    def __init__(self, service: QueueService) -> None:
        self.service = service

    async def make(self, call: Call) -> Any:
        body: NewAppointment = call.body
        hall = call.hall
        appointment_id = secrets.token_hex(8)
        rows: list[Row] = []
        if body.phone.strip():
            if not PHONE.fullmatch(body.phone.strip()):
                raise invalid(
                    "phone",
                    "电话号码不正确，请核对。",
                    "The phone number is not right. Please check it.",
                )
            rows.append(self._phone_row(hall.info.id, appointment_id, body))
        command = c.MakeAppointment(
            appointment_id=appointment_id,
            day=body.day,
            start=body.start,
            service=body.service,
            queue=body.queue,
        )
        reply = await hall.execute(
            command,
            call.principal.actor(),
            lambda live, _: _view(live["queue"], appointment_id),
            call.key,
            rows,
        )
        made = _decoder.decode(reply.body)  # of a retry: the one that was made then
        code = self.service.code_of(made["appointment_id"])
        return (200 if reply.replayed else 201), {**made, "code": code}

    def _phone_row(self, hall_id: str, appointment_id: str, body: NewAppointment) -> Row:
        try:
            day = datetime.fromisoformat(f"{body.day}T23:59:59+00:00")
        except ValueError:
            raise invalid(
                "day", "日期应如 2026-03-02。", "Please write the date like 2026-03-02."
            ) from None
        values = (appointment_id, hall_id, body.phone.strip(), millis(day + PHONE_KEPT))
        return (tables.appointment_phones, values)

    async def cancel(self, call: Call) -> Any:
        appointment_id = call.path("appointment")
        return await call.hall.execute(
            c.CancelAppointment(appointment_id=appointment_id),
            call.principal.actor(),
            lambda live, _: _view(live["queue"], appointment_id),
            call.key,
        )

    @asks(word("day", "YYYY-MM-DD; today unless told"))
    async def listed(self, call: Call) -> DayOfAppointments:
        state: QueueState = call.hall.committed["queue"]
        day = call.request.query.get("day") or state.day
        if not DAY.fullmatch(day):
            raise invalid("day", "日期应如 2026-03-02。")
        hall_id = call.hall.info.id
        found = await call.kernel.store.read(lambda connection: _of_day(connection, hall_id, day))
        counts = dict.fromkeys(("booked", "checked_in", "cancelled", "missed"), 0)
        for one in found:
            counts[one["state"]] += 1
        return {"day": day, "appointments": found, "counts": counts}


def _view(state: QueueState, appointment_id: str) -> AppointmentView:
    one = state.appointments[appointment_id]
    return {
        "appointment_id": appointment_id,
        "queue": one.queue,
        "service": one.service,
        "day": one.day,
        "start": one.start,
        "until": one.until,
        "state": one.state,
        "ticket_id": one.ticket_id,
    }


def _of_day(connection: Connection, hall_id: str, day: str) -> list[ListedAppointment]:
    table, phones = tables.appointments, tables.appointment_phones
    query = (
        select(table, phones.c.phone)
        .join(phones, phones.c.appointment_id == table.c.appointment_id, isouter=True)
        .where(table.c.hall_id == hall_id, table.c.day == day)
        .order_by(table.c.start_ms, table.c.appointment_id)
    )
    return [
        {
            "appointment_id": row.appointment_id,
            "queue": row.queue,
            "service": row.service,
            "day": row.day,
            "start": from_millis(row.start_ms),
            "until": from_millis(row.until_ms),
            "state": row.state,
            "ticket_id": row.ticket_id,
            "phone": masked(row.phone or ""),
        }
        for row in connection.execute(query)
    ]


def masked(phone: str) -> str:
    """138****1234: enough to ask which of two it is."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 9 else "*" * len(phone)


def routes(service: QueueService) -> list[Route]:
    a = AppointmentRoutes(service)
    desk = roles("guide")
    return [
        Route(
            method="POST", path="/halls/{hall}/appointments", handler=a.make,
            summary="Book a time; the answer has the code that opens it at the kiosk",
            roles=desk, body=NewAppointment, status=201, answer=MadeAppointment,
        ),
        Route(
            method="GET", path="/halls/{hall}/appointments", handler=a.listed,
            summary="Appointments of a day, and how many came", roles=desk | {"supervisor"},
            answer=DayOfAppointments,
        ),
        Route(
            method="POST", path="/halls/{hall}/appointments/{appointment}/commands",
            handler=a.cancel, summary="Cancel an appointment", roles=desk, body=CancelIt,
            answer=AppointmentView,
        ),
    ]  # fmt: skip
