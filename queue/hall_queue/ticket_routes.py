"""Tickets over HTTP: taken, looked up, moved, and on the citizen's phone."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any, Literal

import msgspec
import segno
from aiohttp import web
from sqlalchemy import Row, select

from hall_core.answers import SVG
from hall_core.clock import from_millis, millis
from hall_core.errors import Forbidden, NotFound, invalid
from hall_core.features import Command
from hall_core.halls import Hall
from hall_core.http import STAFF, Call, Route, check_scope, roles
from hall_core.parameters import asks, word
from hall_core.secret import new_ticket_id
from hall_queue import tables
from hall_queue.domain import commands as c
from hall_queue.domain import order, view
from hall_queue.domain.numbers import typed
from hall_queue.domain.shapes import (
    IssuedTicket,
    LeftBehind,
    PhoneView,
    TicketHistory,
    WaitingTicket,
)
from hall_queue.domain.state import QueueState, Ticket
from hall_queue.history import read_intervals
from hall_queue.persons import NOBODY
from hall_queue.readers.routes import reader_of
from hall_queue.service import QueueService


class NewTicket(msgspec.Struct, forbid_unknown_fields=True):
    service: str | None = None
    queue: str | None = None
    channel: Literal["kiosk", "guide_desk", "mobile"] = "kiosk"
    priority: Literal["normal", "green"] = "normal"
    cases: int = 1
    appointment: str | None = None
    id_number: str | None = None
    card: str | None = None  # of POST card-readings, instead of the number


class Cancel(msgspec.Struct, tag_field="command", tag="cancel", forbid_unknown_fields=True):
    pass


class Requeue(msgspec.Struct, tag_field="command", tag="requeue", forbid_unknown_fields=True):
    pass


class Exchange(msgspec.Struct, tag_field="command", tag="exchange", forbid_unknown_fields=True):
    service: str | None = None
    queue: str | None = None


class Move(msgspec.Struct, tag_field="command", tag="transfer", forbid_unknown_fields=True):
    queue: str | None = None
    window: int | None = None


class Verify(msgspec.Struct, tag_field="command", tag="verify_green", forbid_unknown_fields=True):
    granted: bool = True


class CheckIn(msgspec.Struct, forbid_unknown_fields=True):
    scan: str


class _TicketId(msgspec.Struct):
    ticket_id: str


_ticket_id = msgspec.json.Decoder(_TicketId)


class TicketRoutes:
    """Handlers; `service` is the queue's shell."""

    def __init__(self, service: QueueService) -> None:
        self.service = service

    # --- tickets -------------------------------------------------------------------------------

    async def issue(self, call: Call) -> Any:
        body: NewTicket = call.body
        hall = call.hall
        if body.channel == "guide_desk" and "kiosk" in call.principal.roles:
            raise invalid("channel", "取号机不能以导办台名义取号。")
        person = NOBODY
        if body.id_number is not None:
            person = self.service.person(hall, body.id_number)
        elif body.card is not None:
            earlier = await call.earlier()
            if earlier is not None:  # the card may be forgotten by now
                return 200, self._with_token(call, bytes(earlier))
            person = self.service.cards.person(hall.info.id, body.card)
        appointment = None
        if body.appointment is not None:
            earlier = await call.earlier()
            if earlier is not None:
                return 200, self._with_token(call, bytes(earlier))
            appointment = self.service.appointment_of(hall, body.appointment, call.address)
        ticket_id = new_ticket_id(millis(call.kernel.clock.now()))
        command = c.IssueTicket(
            ticket_id=ticket_id,
            service=body.service,
            queue=body.queue,
            channel=body.channel,
            priority=body.priority,
            cases=body.cases,
            holder=person.holder,
            age=person.age,
            appointment=appointment,
            has_reader=call.principal.kind == "kiosk" and reader_of(call) is not None,
        )
        reply = await hall.execute(
            command, call.principal.actor(), self._answer(hall, ticket_id), call.key, person.rows
        )
        if body.card is not None:
            self.service.cards.forget(body.card)
        if reply.replayed:
            return 200, self._with_token(call, reply.body)
        return 201, self._with_token(call, reply.body, ticket_id)

    def _answer(self, hall: Hall, ticket_id: str) -> Any:
        def answer(live: dict[str, Any], _: Any) -> WaitingTicket:
            state: QueueState = live["queue"]
            ticket = state.tickets[ticket_id]
            return self._ticket(hall, state, ticket)

        return answer

    def _ticket(self, hall: Hall, state: QueueState, ticket: Ticket) -> WaitingTicket:
        wait = self.service.wait_of(hall, state, ticket)
        return {**view.ticket_view(state, ticket), "wait_minutes": wait}

    def _with_token(self, call: Call, body: bytes, ticket_id: str | None = None) -> msgspec.Raw:
        """The answer with the citizen's token, which is made and never stored."""
        if ticket_id is None:
            ticket_id = _ticket_id.decode(body).ticket_id
        token = call.kernel.secret.ticket_token(ticket_id).encode()
        return msgspec.Raw(body[:-1] + b',"token":"' + token + b'"}')

    def _find(self, call: Call, ticket_id: str) -> tuple[Hall, Ticket]:
        """A ticket of today, in the caller's scope."""
        for hall in call.kernel.halls.values():
            ticket = hall.committed["queue"].tickets.get(ticket_id)
            if ticket is not None:
                if call.principal.kind != "citizen":
                    check_scope(call.principal, hall.info.id)
                return hall, ticket
        raise NotFound("unknown_ticket", "没有这张号票。")

    async def ticket(self, call: Call) -> TicketHistory:
        ticket_id = call.path("ticket")
        told: WaitingTicket
        try:
            hall, ticket = self._find(call, ticket_id)
            told = self._ticket(hall, hall.committed["queue"], ticket)
        except NotFound:
            hall, told = await self._past_ticket(call, ticket_id)
        stretches = await call.kernel.store.read(
            lambda connection: read_intervals(connection, hall.info, ticket_id)
        )
        return TicketHistory(**told, intervals=stretches)

    async def _past_ticket(self, call: Call, ticket_id: str) -> tuple[Hall, WaitingTicket]:
        """A ticket of an earlier day, from the tables."""
        row = await self._past_row(call, ticket_id)
        check_scope(call.principal, row.hall_id)
        hall = call.kernel.hall(row.hall_id)
        service = hall.committed["queue"].services.get(row.service or "")

        def at(value: int | None) -> datetime | None:
            return None if value is None else from_millis(value)

        return hall, {
            "ticket_id": row.ticket_id,
            "number": row.number,
            "queue": row.queue,
            "service": row.service,
            "service_name": service.name if service is not None else "",
            "state": row.state,
            "day": row.day,
            "window": row.window,
            "clerk_no": row.clerk,
            "channel": row.channel,
            "priority": row.priority,
            "cases": row.cases,
            "call_count": row.call_count,
            "requeues": row.requeues,
            "parked": False,
            "issued_at": from_millis(row.issued_ms),
            "called_at": at(row.called_ms),
            "started_at": at(row.started_ms),
            "ended_at": at(row.ended_ms),
            "ahead": 0,
            "wait_minutes": None,
        }

    async def _past_row(self, call: Call, ticket_id: str) -> Row[Any]:
        table = tables.tickets
        query = select(table).where(table.c.ticket_id == ticket_id)
        row = await call.kernel.store.read(lambda conn: conn.execute(query).one_or_none())
        if row is None:
            raise NotFound("unknown_ticket", "没有这张号票。")
        return row

    @asks(word("state", "states of tickets, with commas between", "waiting"))
    async def tickets(self, call: Call) -> list[WaitingTicket]:
        wanted = set(call.request.query.get("state", "waiting").split(","))
        hall = call.hall
        state: QueueState = hall.committed["queue"]
        shown = [
            self._ticket(hall, state, ticket)
            for ticket in state.tickets.values()
            if ticket.state in wanted
        ]
        return sorted(shown, key=lambda ticket: ticket["issued_at"])[:2000]

    async def by_number(self, call: Call) -> WaitingTicket:
        state: QueueState = call.hall.committed["queue"]
        return self._ticket(call.hall, state, self._numbered(state, call.path("number")))

    def _numbered(self, state: QueueState, number: str) -> Ticket:
        ticket_id = state.numbers.get(typed(number).upper())
        if ticket_id is None or ticket_id not in state.tickets:
            raise NotFound("unknown_number", f"今天没有{number}号，请核对号码。")
        return state.tickets[ticket_id]

    async def command_ticket(self, call: Call) -> Any:
        earlier = await call.earlier()
        if earlier is not None:
            return earlier
        hall, ticket = self._find(call, call.path("ticket"))
        body: Cancel | Requeue | Exchange | Move | Verify = call.body
        may_only_requeue = call.principal.roles <= {"kiosk", "counter"}
        if may_only_requeue and not isinstance(body, Requeue):
            raise Forbidden("wrong_role", "这里只能为过号的人重新排队，其他请到导办台。")
        command: Command
        if isinstance(body, Cancel):
            command = c.CancelTicket(ticket_id=ticket.ticket_id)
        elif isinstance(body, Requeue):
            command = c.RequeueTicket(ticket_id=ticket.ticket_id)
        elif isinstance(body, Exchange):
            command = c.ExchangeTicket(
                ticket_id=ticket.ticket_id, service=body.service, queue=body.queue
            )
        elif isinstance(body, Move):
            command = c.MoveTicket(
                ticket_id=ticket.ticket_id, to_queue=body.queue, to_window=body.window
            )
        else:
            command = c.VerifyGreen(ticket_id=ticket.ticket_id, granted=body.granted)
        return await hall.execute(
            command, call.principal.actor(), self._answer(hall, ticket.ticket_id), call.key
        )

    async def check_in(self, call: Call) -> Any:
        """A missed person turned up at the kiosk: by number, or by the ticket's QR text."""
        scan = call.body.scan.strip()
        state: QueueState = call.hall.committed["queue"]
        if "/t/" in scan or len(scan) > 12:
            ticket_id = call.kernel.secret.ticket_of(scan.rsplit("/", 1)[-1])
            ticket = state.tickets.get(ticket_id)
            if ticket is None:
                raise NotFound("unknown_ticket", "今天没有这张号票，请到导办台。")
        else:
            ticket = self._numbered(state, scan)
        command = c.RequeueTicket(ticket_id=ticket.ticket_id)
        return await call.hall.execute(
            command, call.principal.actor(), self._answer(call.hall, ticket.ticket_id), call.key
        )

    async def qr(self, call: Call) -> web.Response:
        """The QR code of a reprint, for the guide desk."""
        hall, ticket = self._find(call, call.path("ticket"))
        return self._qr(hall, call.kernel.secret.ticket_token(ticket.ticket_id))

    async def public_qr(self, call: Call) -> web.Response:
        """The QR code of one's own ticket."""
        hall, _ = self._of_token(call)
        return self._qr(hall, call.path("token"))

    def _qr(self, hall: Hall, token: str) -> web.Response:
        """The phone page's address. Needs a configured `public_url`."""
        public_url = hall.committed["queue"].settings.public_url
        if not public_url:
            raise NotFound("no_public_url", "本大厅没有开通手机查询。")
        out = io.BytesIO()
        segno.make(f"{public_url.rstrip('/')}/t/{token}", error="m").save(
            out, kind="svg", border=2, scale=8
        )
        return web.Response(body=out.getvalue(), content_type="image/svg+xml")

    # --- the citizen's phone -------------------------------------------------------------------

    def _of_token(self, call: Call) -> tuple[Hall, Ticket]:
        try:
            return self._find(call, call.kernel.secret.ticket_of(call.path("token")))
        except NotFound:
            raise NotFound("unknown_ticket", "没有找到这张号票，或它已经过期。") from None

    def _phone_view(self, hall: Hall, state: QueueState, ticket: Ticket) -> PhoneView:
        waits = ticket.state == "waiting"
        post = state.posts.get(ticket.window) if ticket.window is not None else None
        service = state.services.get(ticket.service or "")
        at_window = ticket.state in ("called", "serving", "finished")
        line = state.lines.get(ticket.queue)
        return {
            "number": ticket.number,
            "state": ticket.state,
            "ahead": order.ahead(state, ticket) if waits else 0,
            "wait_minutes": self.service.wait_of(hall, state, ticket),
            "window": ticket.window if at_window else None,
            "window_name": post.setup.name if post is not None and at_window else None,
            "window_name_en": post.setup.name_en if post is not None and at_window else None,
            "at": hall.clock.now(),
            "hall_name": hall.info.name,
            "hall_name_en": hall.info.name_en,
            "queue_name": line.setup.name if line is not None else ticket.queue,
            "queue_name_en": line.setup.name_en if line is not None else ticket.queue,
            "service_name": service.name if service is not None else None,
            "service_name_en": service.name_en if service is not None else None,
            "left": self._left_behind(state, ticket),
            "issued_at": ticket.issued_at,
            "parked": ticket.parked,
            "can_cancel": ticket.state in ("waiting", "held") or ticket.parked,
        }

    def _left_behind(self, state: QueueState, ticket: Ticket) -> LeftBehind | None:
        """The notice that concerns a waiting ticket: nobody else serves it meanwhile."""
        if ticket.state != "waiting":
            return None
        if ticket.window is not None:
            posts = [state.posts[ticket.window]]
        elif state.lines[ticket.queue].windows:
            return None  # somebody is there for this queue
        else:
            posts = [
                post
                for post in state.posts.values()
                if any(served.prefix == ticket.queue for served in post.setup.queues)
            ]
        absences = [(p, p.absence) for p in posts if p.absence is not None and p.state == "away"]
        if not absences:
            return None
        post, absence = min(absences, key=lambda pair: pair[1].expected_return)
        return {
            "window": post.setup.number,
            "reason": absence.reason,
            "expected_return": absence.expected_return,
            "covered_by": post.covered_by,
        }

    async def public_ticket(self, call: Call) -> PhoneView:
        try:
            hall, ticket = self._of_token(call)
        except NotFound as unknown:
            try:
                hall, ticket = await self._of_earlier_day(call)
            except NotFound:
                raise unknown from None
        return self._phone_view(hall, hall.committed["queue"], ticket)

    async def _of_earlier_day(self, call: Call) -> tuple[Hall, Ticket]:
        """What was served yesterday may still be rated today."""
        row = await self._past_row(call, call.kernel.secret.ticket_of(call.path("token")))
        return call.kernel.hall(row.hall_id), Ticket(
            ticket_id=row.ticket_id,
            number=row.number,
            queue=row.queue,
            day=row.day,
            state=row.state,
            place=(row.version, 0),
            issued_at=from_millis(row.issued_ms),
            service=row.service,
            window=row.window,
        )

    async def cancel_public(self, call: Call) -> Any:
        earlier = await call.earlier()
        if earlier is not None:
            return earlier
        hall, ticket = self._of_token(call)
        ticket_id = ticket.ticket_id
        return await hall.execute(
            c.CancelTicket(ticket_id=ticket_id),
            call.principal.actor(),
            lambda live, _: self._phone_view(hall, live["queue"], live["queue"].tickets[ticket_id]),
            call.key,
        )


def routes(service: QueueService) -> list[Route]:
    t = TicketRoutes(service)
    r = Route
    return [
        r(
            method="POST", path="/halls/{hall}/tickets", handler=t.issue,
            summary="Take a ticket", roles=roles("kiosk", "guide"), body=NewTicket,
            answer=IssuedTicket, status=201,
        ),
        r(
            method="GET", path="/halls/{hall}/tickets", handler=t.tickets,
            summary="Today's tickets by state", roles=STAFF, answer=list[WaitingTicket],
        ),
        r(
            method="GET", path="/halls/{hall}/tickets/by-number/{number}", handler=t.by_number,
            summary="Today's ticket with this number", roles=STAFF | {"kiosk"},
            answer=WaitingTicket,
        ),
        r(
            method="GET", path="/tickets/{ticket}", handler=t.ticket,
            summary="A ticket with its intervals", roles=STAFF | {"kiosk"}, answer=TicketHistory,
        ),
        r(
            method="GET", path="/tickets/{ticket}/qr.svg", handler=t.qr,
            summary="The QR code of a reprint", roles=roles("guide"), answer=SVG,
        ),
        r(
            method="POST", path="/tickets/{ticket}/commands", handler=t.command_ticket,
            summary="Cancel, requeue, exchange, transfer, verify the green channel",
            roles=roles("guide", "kiosk", "counter"),
            body=Cancel | Requeue | Exchange | Move | Verify, answer=WaitingTicket,
        ),
        r(
            method="POST", path="/halls/{hall}/check-in", handler=t.check_in,
            summary="A missed person turned up", roles=roles("kiosk", "guide"), body=CheckIn,
            answer=WaitingTicket,
        ),
        r(
            method="GET", path="/public/tickets/{token}", handler=t.public_ticket,
            summary="The citizen's ticket", roles=None, answer=PhoneView,
        ),
        r(
            method="GET", path="/public/tickets/{token}/qr.svg", handler=t.public_qr,
            summary="The QR code of the citizen's ticket", roles=None, answer=SVG,
        ),
        r(
            method="POST", path="/public/tickets/{token}/commands", handler=t.cancel_public,
            summary="Cancel one's own ticket", roles=None, body=Cancel, answer=PhoneView,
        ),
    ]  # fmt: skip
