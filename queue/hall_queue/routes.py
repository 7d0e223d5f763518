"""The queue's HTTP surface: windows, and the manager's setup. Tickets are in ticket_routes."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from hall_core.clock import millis
from hall_core.day import ConfirmClock
from hall_core.errors import Forbidden, NotFound
from hall_core.events import PaperEntry, Recorded, TicketEvent
from hall_core.features import Command
from hall_core.http import STAFF, Call, Route, roles
from hall_core.once import Write, once
from hall_core.parameters import asks, word
from hall_core.secret import new_ticket_id
from hall_queue import appointment_routes, ticket_routes
from hall_queue.domain import commands as c
from hall_queue.domain import order, view
from hall_queue.domain.lookup import limited
from hall_queue.domain.numbers import typed
from hall_queue.domain.shapes import (
    ClerkNo,
    ClerkView,
    HallAnswer,
    LineView,
    SetupAnswer,
    WindowAnswer,
)
from hall_queue.domain.state import QueueState, Ticket
from hall_queue.service import QueueService
from hall_queue.window_bodies import ABOUT_CLERKS, BODIES, Hold, WindowBody, to_command
from hall_queue.window_history import TimelineView, read_timeline

REASON_CHARS = 60


class Expire(msgspec.Struct, tag_field="command", tag="expire_waiting", forbid_unknown_fields=True):
    queue: str | None = None


class Confirm(msgspec.Struct, tag_field="command", tag="confirm_clock", forbid_unknown_fields=True):
    pass


class PaperLine(msgspec.Struct, forbid_unknown_fields=True):
    number: str
    window: int | None = None
    minutes: float | None = None


class Paper(msgspec.Struct, tag_field="command", tag="record_paper", forbid_unknown_fields=True):
    queue: str
    entries: list[PaperLine]


class Pin(msgspec.Struct, forbid_unknown_fields=True):
    pin: str


def may_press(call: Call, window: int) -> bool:
    """Whether an agent may do what the clerk of a window presses on its caller: it is paired with
    that window, or has a line with callers of several (its setting `windows`)."""
    if call.principal.window is not None:
        return call.principal.window == window
    device = call.kernel.access.devices.get(call.principal.id.removeprefix("device:"))
    allowed = device.settings.get("windows") if device is not None else None
    return isinstance(allowed, list) and window in allowed


class QueueRoutes:
    """Handlers; `service` is the queue's shell."""

    def __init__(self, service: QueueService) -> None:
        self.service = service

    # --- windows -------------------------------------------------------------------------------

    async def command_window(self, call: Call) -> Any:
        hall, number = call.hall, call.number("window")
        body: WindowBody = call.body
        is_caller = call.principal.kind == "agent"
        if is_caller and (not may_press(call, number) or isinstance(body, ABOUT_CLERKS)):
            raise Forbidden("wrong_role", "呼叫器只能叫号和办理自己的窗口，其他请在窗口页面操作。")
        clerk = getattr(body, "clerk", None)
        if clerk is not None and hasattr(body, "pin"):
            await self.service.check_pin(hall, clerk, body.pin)
        command, actor, rows = to_command(number, body), call.principal.actor(number), []
        if isinstance(body, Hold) and body.reason.strip():
            note = secrets.token_hex(8)
            reason = limited(body.reason, REASON_CHARS, "reason")
            rows.append(call.kernel.note_row(note, hall.info.id, reason, actor.name))
            command = c.Hold(window=number, note=note)

        def answer(live: dict[str, Any], records: list[Recorded]) -> WindowAnswer:
            state: QueueState = live["queue"]
            version = records[-1].version if records else hall.version
            about = _concerned(state, number, records)
            told: WindowAnswer = {
                "window": hall.seen(("windows", number), call.principal.audience),
                "ticket": None if about is None else view.ticket_view(state, about),
                "version": version,
            }
            if is_caller:
                told["waiting"] = sum(1 for _ in order.line(state, number))
            return told

        return await hall.execute(command, actor, answer, call.key, rows)

    async def line(self, call: Call) -> LineView:
        state: QueueState = call.hall.committed["queue"]
        number = call.number("window")
        if number not in state.posts:
            raise NotFound("unknown_window", "没有这个窗口。")
        return {
            "line": view.line_view(state, number, 50),
            "waits": self.service.waits(call.hall),
        }

    @asks(word("day", "YYYY-MM-DD; today unless told"))
    async def timeline(self, call: Call) -> TimelineView:
        hall, number = call.hall, call.number("window")
        state: QueueState = hall.committed["queue"]
        if number not in state.posts:
            raise NotFound("unknown_window", "没有这个窗口。")
        day = call.request.query.get("day", state.day)
        return await call.kernel.store.read(
            lambda connection: read_timeline(connection, hall.info.id, number, day)
        )

    async def clerks(self, call: Call) -> list[ClerkView]:
        state: QueueState = call.hall.committed["queue"]
        return [
            {
                "clerk_no": clerk.clerk_no,
                "name": clerk.name,
                "title": clerk.title,
                "windows": clerk.windows,
            }
            for clerk in state.clerks.values()
        ]

    # --- the manager ---------------------------------------------------------------------------

    async def command_hall(self, call: Call) -> Any:
        hall = call.hall
        body: Expire | Confirm | Paper = call.body
        command: Command
        if isinstance(body, Expire):
            command = c.ExpireWaiting(queue=body.queue)
        elif isinstance(body, Confirm):
            command = ConfirmClock()
        else:
            entries = tuple(
                PaperEntry(
                    ticket_id=new_ticket_id(millis(call.kernel.clock.now())),
                    number=typed(line.number).upper(),
                    window=line.window,
                    minutes=line.minutes,
                )
                for line in body.entries
            )
            command = c.RecordPaper(queue=body.queue, entries=entries)
        if not isinstance(body, Paper) and call.principal.kind == "guide":
            raise Forbidden("wrong_role", "此操作需要大厅管理员。")
        return await hall.execute(
            command,
            call.principal.actor(),
            lambda _, records: HallAnswer(events=len(records), version=hall.version),
            call.key,
        )

    def _setup(self, state: QueueState) -> SetupAnswer:
        return {
            "version": state.setup_version,
            "settings": state.settings,
            "queues": [line.setup for line in state.lines.values()],
            "services": list(state.services.values()),
            "windows": [post.setup for post in state.posts.values()],
            "clerks": list(state.clerks.values()),
        }

    async def setup(self, call: Call) -> SetupAnswer:
        return self._setup(call.hall.committed["queue"])

    async def change_setup(self, call: Call) -> Any:
        body: c.ChangeSetup = call.body
        known = call.hall.committed["queue"].clerks
        new = [clerk.clerk_no for clerk in body.clerks if clerk.clerk_no not in known]
        pins = self.service.forgetting_pins(call.hall, [*new, *body.removed_clerks])
        reply = await call.hall.execute(
            body,
            call.principal.actor(),
            lambda live, _: self._setup(live["queue"]),
            call.key,
            statements=pins.statements,
        )
        if not reply.replayed:
            pins.then()
        return reply

    async def set_pin(self, call: Call) -> Any:
        clerk_no = call.path("clerk")

        async def act() -> Write:
            pin = await self.service.setting_pin(call.hall, clerk_no, call.body.pin)
            entry = call.kernel.audit_entry(
                call.principal.actor().name, "set_pin", clerk_no, call.address, call.hall.info.id
            )
            return Write(ClerkNo(clerk_no=clerk_no), (pin, entry))

        return await once(call, act)

    async def verify_pin(self, call: Call) -> ClerkNo:
        """For a locked counter: nothing is written, and guesses count as everywhere."""
        clerk_no = call.path("clerk")
        if clerk_no not in call.hall.committed["queue"].clerks:
            raise NotFound("unknown_clerk", "没有这位窗口人员。")
        await self.service.check_pin(call.hall, clerk_no, call.body.pin)
        return {"clerk_no": clerk_no}


def _concerned(state: QueueState, window: int, records: list[Recorded]) -> Ticket | None:
    """The ticket that a window's command was about: the one it moved, or the one in service."""
    moved = [r.event.ticket_id for r in records if isinstance(r.event, TicketEvent)]
    in_service = state.posts[window].ticket
    ticket_id = moved[-1] if moved else in_service
    return None if ticket_id is None else state.tickets.get(ticket_id)


def routes(service: QueueService) -> list[Route]:
    q = QueueRoutes(service)
    manager = roles()
    r = Route
    return [
        r(  # first: aiohttp looks for routes in their order, and a call should not wait
            method="POST", path="/halls/{hall}/windows/{window}/commands",
            handler=q.command_window, summary="What a window does", roles=roles("counter", "agent"),
            body=BODIES, answer=WindowAnswer,
        ),
        *ticket_routes.routes(service),
        *appointment_routes.routes(service),
        r(
            method="GET", path="/halls/{hall}/windows/{window}/line", handler=q.line,
            summary="Who is called next at a window, and why", roles=STAFF, answer=LineView,
        ),
        r(
            method="GET", path="/halls/{hall}/windows/{window}/timeline", handler=q.timeline,
            summary="A window's day: open, serving, away, suspected, late, closed, with evidence",
            roles=roles("supervisor"), answer=TimelineView,
        ),
        r(
            method="GET", path="/halls/{hall}/clerks", handler=q.clerks,
            summary="The hall's clerks", roles=STAFF, answer=list[ClerkView],
        ),
        r(
            method="POST", path="/halls/{hall}/clerks/{clerk}/pin", handler=q.set_pin,
            summary="Set a clerk's PIN", roles=manager, body=Pin, answer=ClerkNo,
        ),
        r(
            method="POST", path="/halls/{hall}/clerks/{clerk}/verify", handler=q.verify_pin,
            summary="Whether this is the clerk's PIN: a counter that was locked opens again",
            roles=roles("counter"), body=Pin, answer=ClerkNo,
        ),
        r(
            method="POST", path="/halls/{hall}/commands", handler=q.command_hall,
            summary="Expire who waits, confirm the clock, record paper numbers",
            roles=roles("guide"), body=Expire | Confirm | Paper, answer=HallAnswer,
        ),
        r(
            method="GET", path="/halls/{hall}/setup", handler=q.setup,
            summary="Queues, services, windows, clerks and settings", roles=manager,
            answer=SetupAnswer,
        ),
        r(
            method="POST", path="/halls/{hall}/setup", handler=q.change_setup,
            summary="Change the setup: whole entries replace those with the same key",
            roles=manager, body=c.ChangeSetup, answer=SetupAnswer,
        ),
    ]  # fmt: skip
