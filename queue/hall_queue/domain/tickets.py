"""Deciding what happens to tickets away from the windows: kiosk, guide desk, phone, manager."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final

import msgspec

from hall_core.errors import Conflict, FieldError, Invalid, invalid
from hall_core.events import (
    Event,
    PaperEntry,
    Priority,
    Recorded,
    TicketCancelled,
    TicketExchanged,
    TicketIssued,
    TicketRequeued,
    TicketsRecorded,
    TicketVerified,
)
from hall_core.features import Command, Context
from hall_core.setup import Service, Session
from hall_queue.domain import absence, appointments, order, sessions, waiting
from hall_queue.domain.calling import expired, missed_is_void
from hall_queue.domain.commands import (
    CancelTicket,
    ExchangeTicket,
    ExpireWaiting,
    IssueTicket,
    RecordPaper,
    RequeueTicket,
    VerifyGreen,
)
from hall_queue.domain.lookup import clock_text, line_of, ticket_with
from hall_queue.domain.numbers import count_of, number_of
from hall_queue.domain.state import Line, QueueState, Ticket

MAX_CASES: Final = 9
MAX_PAPER_ENTRIES: Final = 500
MAX_PAPER_MINUTES: Final = 600.0

IN_SERVICE: Final = frozenset({"called", "serving"})


# --- issuing -----------------------------------------------------------------------------------


def decide_issue(state: QueueState, command: IssueTicket, ctx: Context) -> list[Event]:
    booked = None
    if command.appointment is not None:
        booked = appointments.require_in_slot(state, command.appointment, ctx)
        queue = booked.queue if booked.service is None else None
        command = msgspec.structs.replace(command, service=booked.service, queue=queue)
    service, line = _wanted(state, command.service, command.queue)
    prefix = line.setup.prefix
    if not 1 <= command.cases <= MAX_CASES:
        raise invalid(
            "cases",
            f"一张号最多办理{MAX_CASES}件，请填写1到{MAX_CASES}。",
            f"A ticket is for at most {MAX_CASES} matters. Please enter 1 to {MAX_CASES}.",
        )
    priority = _priority(state, command, service)
    # Who has an appointment comes at its time, which may begin before the hall opens or end after
    # it has closed; and a place was kept.
    if booked is None:
        _require_walk_ins(_require_in_hours(state, line, ctx), command)
        if command.channel != "guide_desk":  # which may still take somebody in
            _require_below_limit(line)
        _require_card(service, command)
    if command.holder is not None:
        _require_few_tickets(state, command.holder, prefix)
    # The guide desk may still take somebody in; paper was handed out already. Who claims the green
    # channel is judged as if it were granted: the guide desk decides, and not the kiosk.
    if (
        booked is None
        and state.settings.stop_when_full
        and command.channel in ("kiosk", "mobile")
        and waiting.passes_closing(state, ctx, prefix, green=priority != "normal")
    ):
        raise Conflict(
            "queue_full_today",
            f"“{line.setup.name}”等候人数较多，今天下班前预计办不到，请改日再来或到导办台咨询。",
        )
    return [
        TicketIssued(
            ticket_id=command.ticket_id,
            number=number_of(prefix, line.issued + 1),
            queue=prefix,
            day=state.day,
            service=command.service,
            channel=command.channel,
            priority=priority,
            cases=command.cases,
            holder=command.holder,
            place=None if booked is None else appointments.place(line, ctx.version),
            appointment=command.appointment,
        )
    ]


def _wanted(
    state: QueueState, service_id: str | None, prefix: str | None
) -> tuple[Service | None, Line]:
    """The item, if one was named, and its queue."""
    if service_id is None:
        if prefix is None:
            raise invalid(
                "service", "请选择要办理的事项或队列。", "Please choose a service or a queue."
            )
        return None, line_of(state, prefix, "queue")
    service = state.services.get(service_id)
    if service is None:
        raise invalid(
            "service",
            "本大厅没有这个事项，请重新选择。",
            "This hall has no such service. Please choose again.",
        )
    if prefix is not None and prefix != service.prefix:
        raise invalid(
            "queue",
            f"“{service.name}”不在这个队列办理，请重新选择。",
            f"“{service.name}” is not served in this queue. Please choose again.",
        )
    return service, line_of(state, service.prefix, "service")


def _priority(state: QueueState, command: IssueTicket, service: Service | None) -> Priority:
    """The card's age and the item itself prove a claim; else the guide desk has to."""
    if command.priority not in ("normal", "green"):
        raise invalid("priority", "优先类型只能是普通（normal）或绿色通道（green）。")
    if service is not None and service.green:
        return "green"
    if command.age is not None and command.age >= state.settings.green_age:
        return "green"
    if command.priority == "normal":
        return "normal"
    return "green" if command.channel == "guide_desk" else "green_pending"


def _require_in_hours(state: QueueState, line: Line, ctx: Context) -> Session:
    """The session that is running."""
    tz = ctx.hall.timezone
    session = sessions.current_session(state.hours, line.setup, tz, ctx.now)
    if session is not None:
        return session
    opens = sessions.next_opening(state.hours, line.setup, tz, ctx.now)
    then = f"{clock_text(opens, ctx)}开始取号" if opens else "近期没有开放安排，请到导办台咨询"
    raise Conflict("outside_hours", f"“{line.setup.name}”现在不在服务时间，{then}。")


def _require_walk_ins(session: Session, command: IssueTicket) -> None:
    """Some sessions are for appointments only; the guide desk decides about exceptions."""
    if session.by_appointment and command.channel != "guide_desk":
        raise Conflict("appointment_only", "本时段只办理预约事项，请到导办台咨询。")


def _require_card(service: Service | None, command: IssueTicket) -> None:
    """Some items are for people who show their card, where one can be shown."""
    if service is None or not service.id_required or command.holder is not None:
        return
    if command.has_reader:
        message = f"办理“{service.name}”需要刷身份证取号；没有身份证或读卡器故障，请到导办台取号。"
        english = (
            f"“{service.name}” needs your ID card. Please show it; without a card, or if the "
            "reader fails, go to the guide desk."
        )
        raise Invalid("id_required", message, (FieldError("card", message, english),))


def _require_below_limit(line: Line) -> None:
    limit = line.setup.daily_limit
    if limit is not None and line.issued >= limit:
        raise Conflict(
            "daily_limit",
            f"“{line.setup.name}”今天的{limit}个号已发完，请改日再来或到导办台咨询。",
        )


def _require_few_tickets(state: QueueState, holder: str, prefix: str) -> None:
    mine = state.holders.get(holder)
    if not mine:
        return
    open_here = [
        ticket
        for ticket in map(state.tickets.__getitem__, mine)
        if ticket.queue == prefix and ticket.is_open
    ]
    if len(open_here) >= state.settings.tickets_per_person:
        raise _too_many(open_here)


def _too_many(held: list[Ticket]) -> Conflict:
    """Who missed their calls need no new ticket: they check in."""
    missed = [ticket.number for ticket in held if ticket.parked]
    others = [ticket.number for ticket in held if not ticket.parked]
    said, english = [], []
    if others:
        said.append(f"您已有{'、'.join(others)}尚未办理，请先办理或取消后再取号。")
        english.append(
            f"You already hold {', '.join(others)}. Please use or cancel them before you take more."
        )
    if missed:
        said.append(f"您的{'、'.join(missed)}已过号，可以用“过号签到”重新排队，不用再取号。")
        english.append(
            f"You missed the call of {', '.join(missed)}. Check in under “Missed my call” to be "
            "back in line; no new ticket is needed."
        )
    return Conflict("too_many_tickets", "".join(said), detail_en=" ".join(english))


# --- one ticket --------------------------------------------------------------------------------


def decide_cancel(state: QueueState, command: CancelTicket, ctx: Context) -> list[Event]:
    ticket = ticket_with(state, command.ticket_id)
    if ticket.state in IN_SERVICE:
        raise Conflict(
            "being_served",
            f"{ticket.number}已被{ticket.window}号窗口叫号，请到窗口告知工作人员。",
            detail_en=f"{ticket.number} has been called at window {ticket.window}. "
            "Please tell the clerk there.",
        )
    _require_open(ticket)
    return [TicketCancelled(ticket_id=ticket.ticket_id, number=ticket.number, queue=ticket.queue)]


def decide_requeue(state: QueueState, command: RequeueTicket, ctx: Context) -> list[Event]:
    ticket = ticket_with(state, command.ticket_id)
    settings = state.settings
    if ticket.state != "no_show":
        raise _not_missed(state, ticket)
    if ticket.requeues >= settings.requeue_limit and not missed_is_void(settings):
        raise Conflict(
            "requeue_limit",
            f"{ticket.number}过号后已重排{ticket.requeues}次，不能再排，请重新取号。",
        )
    if not ticket.parked or ticket.queue not in state.lines:
        raise _ended(ticket)
    lane = state.lines[ticket.queue].ordinary
    return [
        TicketRequeued(
            ticket_id=ticket.ticket_id,
            number=ticket.number,
            queue=ticket.queue,
            place=order.requeue_place(lane, settings.requeue_back, ticket.place, ctx.version),
            times=ticket.requeues + 1,
        )
    ]


def _not_missed(state: QueueState, ticket: Ticket) -> Conflict:
    """What somebody should do instead who wants to check in and need not, or can not."""
    number, window = ticket.number, ticket.window
    if ticket.state in IN_SERVICE:
        calling = ticket.state == "called"
        return Conflict(
            "being_served",
            f"{number}正在{window}号窗口{'叫号' if calling else '办理'}，请直接到{window}号窗口。",
            detail_en=f"{number} is being {'called' if calling else 'served'} at window {window}. "
            f"Please go to window {window} now.",
        )
    if not ticket.is_open:
        return _ended(ticket)
    if ticket.state == "held":
        return Conflict(
            "not_missed",
            f"{number}没有过号，{window}号窗口会再次叫您，请继续等候。",
            detail_en=f"{number} was not missed. Window {window} will call it again. "
            "Please keep waiting.",
        )
    ahead = order.ahead(state, ticket)
    return Conflict(
        "not_missed",
        f"{number}没有过号，请继续等候，{f'前面还有{ahead}人' if ahead else '前面没有人'}。",
        detail_en=f"{number} was not missed. Please keep waiting: "
        f"{ahead or 'nobody'} ahead of you.",
    )


def decide_exchange(state: QueueState, command: ExchangeTicket, ctx: Context) -> list[Event]:
    """A wrong ticket becomes another queue's with a new number; in its own queue it keeps it. Only
    the guide desk exchanges, and it may do so beyond the day's limit, as it may issue."""
    ticket = ticket_with(state, command.ticket_id)
    if ticket.state != "waiting" and not ticket.parked:
        if ticket.is_open:
            raise Conflict(
                "being_served", f"{ticket.number}正在{ticket.window}号窗口，请由窗口转移。"
            )
        _require_open(ticket)
    service, line = _wanted(state, command.service, command.queue)
    prefix = line.setup.prefix
    number = ticket.number
    if prefix != ticket.queue:
        _require_in_hours(state, line, ctx)
        number = number_of(prefix, line.issued + 1)
    return [
        TicketExchanged(
            ticket_id=ticket.ticket_id,
            number=number,
            queue=prefix,
            old_number=ticket.number,
            old_queue=ticket.queue,
            service=service.id if service else None,
        )
    ]


def decide_verify_green(state: QueueState, command: VerifyGreen, ctx: Context) -> list[Event]:
    ticket = ticket_with(state, command.ticket_id)
    if ticket.state != "waiting":
        raise Conflict("not_waiting", f"{ticket.number}不在等候中，不需要核验。")
    if ticket.priority != "green_pending":
        raise Conflict("not_pending", f"{ticket.number}没有待核验的绿色通道申请。")
    return [
        TicketVerified(
            ticket_id=ticket.ticket_id,
            number=ticket.number,
            queue=ticket.queue,
            granted=command.granted,
        )
    ]


def _require_open(ticket: Ticket) -> None:
    if not ticket.is_open:
        raise _ended(ticket)


def _ended(ticket: Ticket) -> Conflict:
    why, english = _ENDED[ticket.state]
    return Conflict(
        "ticket_ended",
        f"{ticket.number}{why}，如需办理请重新取号。",
        detail_en=f"{ticket.number} {english}. Please take a new ticket if you need one.",
    )


_ENDED: Final = {
    "finished": ("已办结", "is finished"),
    "no_show": ("过号已作废", "was missed and is no longer valid"),
    "cancelled": ("已取消", "was cancelled"),
    "expired": ("已过期", "has expired"),
}


# --- the manager's word, and paper -------------------------------------------------------------


def decide_expire_waiting(state: QueueState, command: ExpireWaiting, ctx: Context) -> list[Event]:
    if command.queue is not None:
        line_of(state, command.queue, "queue")
    return [
        expired(ticket, "manager")
        for ticket in state.tickets.values()
        if (command.queue is None or ticket.queue == command.queue)
        and (ticket.state in ("waiting", "held") or ticket.parked)
    ]


def decide_record_paper(state: QueueState, command: RecordPaper, ctx: Context) -> list[Event]:
    line = line_of(state, command.queue, "queue")
    if not 1 <= len(command.entries) <= MAX_PAPER_ENTRIES:
        raise invalid(
            "entries",
            f"每次请录入1到{MAX_PAPER_ENTRIES}个号。",
            f"Please enter 1 to {MAX_PAPER_ENTRIES} numbers at a time.",
        )
    seen: set[str] = set()
    for index, entry in enumerate(command.entries):
        where = f"entries.{index}"
        _require_paper_number(state, line, entry, seen, where)
        if entry.window is not None and entry.window not in state.posts:
            raise invalid(
                f"{where}.window",
                f"本大厅没有{entry.window}号窗口，请核对。",
                f"This hall has no window {entry.window}. Please check it.",
            )
        if entry.minutes is not None and not 0 <= entry.minutes <= MAX_PAPER_MINUTES:
            raise invalid(
                f"{where}.minutes",
                f"{entry.number}的办理分钟数应在0到600之间。",
                f"The minutes of {entry.number} must be from 0 to 600.",
            )
        seen.add(entry.number)
    return [TicketsRecorded(queue=line.setup.prefix, entries=command.entries, day=state.day)]


def _require_paper_number(
    state: QueueState, line: Line, entry: PaperEntry, seen: set[str], where: str
) -> None:
    prefix = line.setup.prefix
    count = count_of(prefix, entry.number)
    if count is None:
        raise invalid(
            f"{where}.number",
            f"“{entry.number[:12]}”不是这个队列的号码，应如{prefix}001。",
            f"“{entry.number[:12]}” is not a number of this queue. Write it like {prefix}001.",
        )
    if entry.number in state.numbers or entry.number in seen:
        raise invalid(
            f"{where}.number",
            f"{entry.number}今天已使用过，请核对。",
            f"{entry.number} has already been used today. Please check it.",
        )
    if entry.ticket_id in state.tickets:
        raise invalid(
            f"{where}.ticket_id", "这条记录已录入过。", "This entry has already been recorded."
        )


# --- midnight ----------------------------------------------------------------------------------


def on_day_opened(state: QueueState, record: Recorded, ctx: Context) -> list[Event]:
    """A new service day: who still waits is expired, notices come down, empty chairs close.

    Decided after `day_opened` was applied: the numbers of yesterday are free by then, which is
    why expiring never touches them. Who is being served is finished tomorrow.
    """
    gone: list[Event] = [
        expired(ticket, "midnight")
        for ticket in state.tickets.values()
        if ticket.state in ("waiting", "held", "called") or ticket.parked
    ]
    missed = appointments.on_day_opened(state, record.at)
    return [*gone, *_windows_at_midnight(state, ctx), *missed]


def _windows_at_midnight(state: QueueState, ctx: Context) -> Iterator[Event]:
    """Clerks who forgot to close their window have gone home, too, unless the hall works on."""
    tz = ctx.hall.timezone
    midnight = sessions.moment(tz, date.fromisoformat(state.day), 0)
    queues = (None, *(line.setup for line in state.lines.values()))
    works_on = any(sessions.is_open(state.hours, queue, tz, midnight) for queue in queues)
    for post in state.posts.values():
        yield from absence.at_midnight(state, post, works_on)


DECIDERS: Final[dict[type[Command], Callable[[QueueState, Any, Context], list[Event]]]] = {
    IssueTicket: decide_issue,
    CancelTicket: decide_cancel,
    RequeueTicket: decide_requeue,
    ExchangeTicket: decide_exchange,
    VerifyGreen: decide_verify_green,
    ExpireWaiting: decide_expire_waiting,
    RecordPaper: decide_record_paper,
}
