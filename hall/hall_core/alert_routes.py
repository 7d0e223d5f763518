"""Alerts over HTTP: those of a hall, of all halls within reach, and handling one."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from hall_core import tables
from hall_core.alerts import (
    Alert,
    AlertsState,
    AlertView,
    HandleAlert,
    NoteView,
    SaidView,
    Verb,
    alert_ended,
    alert_view,
    may_know,
)
from hall_core.clock import from_millis
from hall_core.credentials import Principal
from hall_core.errors import Forbidden, NotFound, invalid
from hall_core.events import ENDED_ALERTS
from hall_core.halls import Hall
from hall_core.http import STAFF, Call, Route, check_window, roles
from hall_core.parameters import asks, choice, integer

STATES = (
    "open", "acknowledged", "explained", "confirmed", "appealed", "dismissed", "closed", "all",
)  # fmt: skip
MOST = 500  # of one answer, newest first
WHICH = choice(
    "state", "open: all that wait for a person, in whichever state; else of one state, or all",
    *STATES,
)  # fmt: skip


@asks(WHICH, integer("window", "Only those about this window", 0, 0, 9999))
async def list_alerts(call: Call) -> list[AlertView]:
    window = call.query_int("window", 0, 0, 9999)
    return [view for _, view in await _listed(call, [call.hall], window)]


@asks(WHICH)
async def list_all_alerts(call: Call) -> list[AlertView]:
    """Of every hall within reach: what needs a person now, wherever it is."""
    halls = [h for h in call.kernel.halls.values() if call.principal.may_enter(h.info.id)]
    return [{**view, "hall": hall_id} for hall_id, view in await _listed(call, halls)]


async def _listed(call: Call, halls: list[Hall], window: int = 0) -> list[tuple[str, AlertView]]:
    """With their halls. `window` 0: of all windows."""
    state = call.request.query.get("state", "open")
    if state not in STATES:
        raise invalid("state", f"提醒的状态应为：{'、'.join(STATES)}。")
    who = call.principal
    found: list[tuple[str, Alert]] = []
    if state == "open":
        for hall in halls:
            alerts: AlertsState = hall.committed["alerts"]
            found += (
                (hall.info.id, alert)
                for alert in alerts.alerts.values()
                if alert.state not in ENDED_ALERTS
                and window in (0, alert.window)
                and may_know(alert.kind, alert.level, alert.window, who)
            )
        found.sort(key=lambda pair: pair[1].since, reverse=True)
        del found[MOST:]
    else:
        ids = [hall.info.id for hall in halls]
        found = await call.kernel.store.read(lambda c: _stored(c, ids, state, who, window))
    wanted = [
        note
        for _, alert in found
        if _may_read(who, alert)
        for note in {alert.note, *(said.note for said in alert.said)}
        if note is not None
    ]
    notes: dict[str, NoteView] = {}
    if wanted:
        notes = await call.kernel.store.read(lambda c: _notes(c, wanted))
    return [(hall_id, _told(alert, notes)) for hall_id, alert in found]


def _told(alert: Alert, notes: dict[str, NoteView]) -> AlertView:
    """An alert with what people did about it, and their words as far as `notes` has them."""
    said: list[SaidView] = []
    for one in alert.said:
        note = notes.get(one.note or "")
        text = None if note is None else note["text"]
        said.append({"state": one.state, "at": one.at, "by": one.by, "text": text})
    return {**alert_view(alert), "note": notes.get(alert.note or ""), "said": said}


def _may_read(principal: Principal, alert: Alert) -> bool:
    """What was written about an alert is for who manages, and for the window it is about."""
    own = principal.window is not None and principal.window == alert.window
    return principal.audience.kind == "manager" or own


def _stored(
    connection: Connection, halls: list[str], state: str, who: Principal, window: int
) -> list[tuple[str, Alert]]:
    table = tables.alerts
    query = select(table).where(table.c.hall_id.in_(halls))
    if state != "all":
        query = query.where(table.c.state == state)
    if window:
        query = query.where(table.c.window == window)
    # Read as far as needed: which of years of rows the caller may know is not for the database.
    rows = connection.execution_options(stream_results=True).execute(
        query.order_by(table.c.since_ms.desc())
    )
    told = (
        (
            row.hall_id,
            Alert(
                alert_id=row.alert_id,
                kind=row.kind,
                level=row.level,
                since=from_millis(row.since_ms),
                state=row.state,
                window=row.window,
                clerk=row.clerk,
                device_id=row.device_id,
                camera_id=row.camera_id,
                detail=row.detail,
                detail_en=row.detail_en or "",
                note=row.note,
                evidence=msgspec.json.decode(row.evidence or "[]", type=tuple[str, ...]),
            ),
        )
        for row in rows
        if may_know(row.kind, row.level, row.window, who)
    )
    return list(islice(told, MOST))


def _ended(connection: Connection, halls: list[str], alert_id: str, who: Principal) -> bool:
    """Whether it is an alert of an earlier day that `who` may know of."""
    table = tables.alerts
    query = select(table).where(table.c.hall_id.in_(halls), table.c.alert_id == alert_id)
    rows = connection.execute(query).all()
    return any(may_know(row.kind, row.level, row.window, who) for row in rows)


def _notes(connection: Connection, ids: Iterable[str]) -> dict[str, NoteView]:
    table = tables.notes
    rows = connection.execute(select(table).where(table.c.note_id.in_(list(ids))))
    return {
        row.note_id: {"text": row.text, "by": row.actor, "at": from_millis(row.at_ms)}
        for row in rows
    }


OWN: frozenset[Verb] = frozenset({"acknowledge", "explain", "appeal"})
"""What may be done about an alert by whom it is about."""


def _is_about(call: Call, hall: Hall, alert: Alert) -> bool:
    """Whether the account belongs to the clerk of the alert."""
    user = call.kernel.access.users.get(call.principal.id.removeprefix("user:"))
    if user is None or user.clerk_no is None or not call.principal.id.startswith("user:"):
        return False
    return (user.clerk_no, user.clerk_hall) == (alert.clerk, hall.info.id)


class AlertCommand(msgspec.Struct, forbid_unknown_fields=True):
    command: Verb
    text: str = ""


async def handle_alert(call: Call) -> Any:
    body: AlertCommand = call.body
    if len(body.text) > 500:
        raise invalid("text", "说明最多 500 个字。", "Please use at most 500 characters.")
    if body.command in ("explain", "appeal", "dismiss") and not body.text.strip():
        raise invalid("text", "请写明理由。", "Please give the reason.")
    earlier = await call.earlier()
    if earlier is not None:
        return earlier
    alert_id = call.path("alert")
    for hall in call.kernel.halls.values():
        alert = hall.committed["alerts"].alerts.get(alert_id)
        if alert is None or not call.principal.may_enter(hall.info.id):
            continue
        if not may_know(alert.kind, alert.level, alert.window, call.principal):
            continue
        if call.principal.window is not None:
            if alert.window is not None:
                check_window(call.principal, str(alert.window))
            if body.command not in OWN:
                raise Forbidden("wrong_role", "窗口只能知悉、说明或申诉，不能自行了结提醒。")
        elif body.command not in OWN and _is_about(call, hall, alert):
            raise Forbidden("own_alert", "这条提醒涉及您本人，请由其他人处理。")
        note = secrets.token_hex(8) if body.text.strip() else None
        actor = call.principal.actor()
        rows = []
        if note is not None:
            rows.append(call.kernel.note_row(note, hall.info.id, body.text.strip(), actor.name))
        return await hall.execute(
            HandleAlert(alert_id=alert_id, verb=body.command, note=note),
            actor,
            lambda live, _: alert_view(live["alerts"].alerts[alert_id]),
            call.key,
            rows,
        )
    mine = [hall for hall in call.kernel.halls if call.principal.may_enter(hall)]
    if await call.kernel.store.read(lambda c: _ended(c, mine, alert_id, call.principal)):
        raise alert_ended()
    raise NotFound("unknown_alert", "没有这条提醒。", detail_en="There is no such alert.")


def routes() -> list[Route]:
    return [
        Route(
            method="GET", path="/halls/{hall}/alerts", handler=list_alerts,
            summary="Alerts of the hall", roles=STAFF, answer=list[AlertView],
        ),
        Route(
            method="GET", path="/alerts", handler=list_all_alerts,
            summary="Alerts of every hall within reach", roles=roles("supervisor"),
            answer=list[AlertView],
        ),
        Route(
            method="POST", path="/alerts/{alert}/commands", handler=handle_alert,
            summary="Handle an alert", roles=roles("supervisor", "counter"), body=AlertCommand,
            answer=AlertView,
        ),
    ]  # fmt: skip
