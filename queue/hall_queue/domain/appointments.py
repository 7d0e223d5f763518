"""预约: a time at which somebody comes, and what it is worth when they do.

An appointment is for a queue and one slot of a day. Whoever checks in within the slot (a little
early or late is allowed, by the hall's rules) stands behind the person who is next and behind the
appointments before them, and may come in a session that is for appointments only. It is used
once; who does not come is counted as missed when the day is over. Whose it is, is not known here:
the code is made from the id when it is shown, and a phone number lies in a side table that expires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from hall_core.errors import Conflict, NotFound, invalid
from hall_core.events import (
    AppointmentCancelled,
    AppointmentMade,
    AppointmentMissed,
    Event,
    Recorded,
    TicketIssued,
)
from hall_core.features import Command, Context
from hall_queue.domain import sessions
from hall_queue.domain.commands import CancelAppointment, MakeAppointment
from hall_queue.domain.lookup import clock_text, line_of
from hall_queue.domain.state import Appointment, Line, Place, QueueState

DAYS_AHEAD: Final = 14
BEHIND: Final = 1  # ordinary people who keep their place before somebody with an appointment


# --- making and cancelling ---------------------------------------------------------------------


def decide_make(state: QueueState, command: MakeAppointment, ctx: Context) -> list[Event]:
    line = _line(state, command)
    start = _start(command, ctx)
    until = start + timedelta(minutes=state.settings.appointment_slot_min)
    if not any(
        begins <= start and until <= ends
        for begins, ends in sessions.open_periods(
            state.hours, line.setup, ctx.hall.timezone, ctx.now
        )
    ):
        raise invalid(
            "start",
            f"“{line.setup.name}”这个时段不在服务时间，请另选时间。",
            f"“{line.setup.name}” is not open at this time. Please choose another time.",
        )
    prefix = line.setup.prefix
    taken = sum(
        1
        for one in state.appointments.values()
        if (one.queue, one.start) == (prefix, start) and one.state in ("booked", "checked_in")
    )
    if taken >= state.settings.appointments_per_slot:
        raise Conflict("slot_full", f"“{line.setup.name}”这个时段已约满，请另选时间。")
    return [
        AppointmentMade(
            appointment_id=command.appointment_id,
            queue=prefix,
            service=command.service,
            day=command.day,
            start=start,
            until=until,
        )
    ]


def _line(state: QueueState, command: MakeAppointment) -> Line:
    if command.service is None:
        if command.queue is None:
            raise invalid(
                "service",
                "请选择要预约的事项或队列。",
                "Please choose the service or queue for the appointment.",
            )
        return line_of(state, command.queue, "queue")
    service = state.services.get(command.service)
    if service is None:
        raise invalid(
            "service",
            "本大厅没有这个事项，请重新选择。",
            "This hall has no such service. Please choose again.",
        )
    return line_of(state, service.prefix, "service")


def _start(command: MakeAppointment, ctx: Context) -> datetime:
    zone = ZoneInfo(ctx.hall.timezone)
    try:
        day = date.fromisoformat(command.day)
    except ValueError:
        raise invalid(
            "day", "日期应如 2026-03-02。", "Please write the date like 2026-03-02."
        ) from None
    today = ctx.now.astimezone(zone).date()
    if not today <= day <= today + timedelta(days=DAYS_AHEAD):
        raise invalid(
            "day",
            f"只能预约今天起 {DAYS_AHEAD} 天以内。",
            f"Please choose a day within {DAYS_AHEAD} days from today.",
        )
    try:
        minute = sessions.minute_of_day(command.start)
    except ValueError:
        raise invalid("start", "时间应如 09:30。", "Please write the time like 09:30.") from None
    start = sessions.moment(ctx.hall.timezone, day, minute)
    if start <= ctx.now:
        raise invalid(
            "start",
            "这个时间已经过了，请另选时间，或直接取号。",
            "This time has passed. Please choose another time, or take a ticket now.",
        )
    return start


def decide_cancel(state: QueueState, command: CancelAppointment, ctx: Context) -> list[Event]:
    found = state.appointments.get(command.appointment_id)
    if found is None:
        raise NotFound("unknown_appointment", "没有这个预约，请核对。")
    if found.state != "booked":
        raise Conflict("appointment_ended", f"这个预约{_ENDED[found.state]}，不能取消。")
    return [AppointmentCancelled(appointment_id=command.appointment_id)]


_ENDED: Final = {"checked_in": "已经取号", "cancelled": "已经取消", "missed": "已经过期"}


# --- coming ------------------------------------------------------------------------------------


def require_in_slot(state: QueueState, appointment_id: str, ctx: Context) -> Appointment:
    """The appointment of somebody who checks in now.

    Raises:
        Conflict: used, cancelled, too early or too late.
    """
    found = state.appointments[appointment_id]
    if found.state != "booked":
        raise Conflict("appointment_ended", f"这个预约{_ENDED[found.state]}，请到导办台咨询。")
    opens = found.start - timedelta(minutes=state.settings.appointment_early_min)
    closes = found.until + timedelta(minutes=state.settings.appointment_late_min)
    if ctx.now < opens:
        at, coming = clock_text(found.start, ctx), clock_text(opens, ctx)
        raise Conflict("appointment_early", f"预约时间是{at}，请在{coming}以后取号。")
    if ctx.now >= closes:
        raise Conflict(
            "appointment_late",
            f"预约时间{clock_text(found.start, ctx)}已过，请取普通号或到导办台咨询。",
        )
    return found


def place(line: Line, version: int) -> Place:
    """Where somebody with an appointment stands."""
    if len(line.ordinary) <= BEHIND:
        return (version, 0)
    (base, _), _ = line.ordinary[BEHIND - 1]
    return (base, version)


# --- what happened -----------------------------------------------------------------------------


def _made(state: QueueState, event: AppointmentMade, record: Recorded) -> None:
    state.appointments[event.appointment_id] = Appointment(
        queue=event.queue,
        day=event.day,
        service=event.service,
        start=event.start,
        until=event.until,
    )


def _cancelled(state: QueueState, event: AppointmentCancelled, record: Recorded) -> None:
    state.appointments[event.appointment_id].state = "cancelled"


def _missed(state: QueueState, event: AppointmentMissed, record: Recorded) -> None:
    state.appointments[event.appointment_id].state = "missed"


def used(state: QueueState, event: TicketIssued) -> None:
    """By the ticket that was taken with it."""
    if event.appointment is not None:
        found = state.appointments[event.appointment]
        found.state, found.ticket_id = "checked_in", event.ticket_id


def forget_past(state: QueueState, at: datetime) -> None:
    """A new day: what lies behind is in the tables. (Those still booked are missed first, in
    `on_day_opened`, and go a day later.)"""
    for key in [k for k, a in state.appointments.items() if a.until <= at and a.state != "booked"]:
        del state.appointments[key]


def on_day_opened(state: QueueState, at: datetime) -> Iterator[Event]:
    """Who did not come before the day was over."""
    for key, one in state.appointments.items():
        if one.state == "booked" and one.until <= at:
            yield AppointmentMissed(appointment_id=key)


FOLDS: Final[dict[type[Event], Callable[[QueueState, Any, Recorded], None]]] = {
    AppointmentMade: _made,
    AppointmentCancelled: _cancelled,
    AppointmentMissed: _missed,
}
DECIDERS: Final[dict[type[Command], Callable[[QueueState, Any, Context], list[Event]]]] = {
    MakeAppointment: decide_make,
    CancelAppointment: decide_cancel,
}
