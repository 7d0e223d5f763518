"""Alerts: what a person should look at, from being raised to being closed.

Features raise alerts as events; people acknowledge, explain, confirm, dismiss and close them.
Nothing is ever deducted from anyone automatically, and nobody settles an alert about themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, NotRequired, TypedDict

import msgspec

from hall_core import tables
from hall_core.clock import millis
from hall_core.credentials import Principal
from hall_core.errors import Conflict
from hall_core.events import (
    CONFIDENTIAL_ALERTS,
    ENDED_ALERTS,
    STEPPED_ALERTS,
    AlertChanged,
    AlertLevel,
    AlertRaised,
    AlertState,
    DayOpened,
    Event,
    EvidenceKept,
    Recorded,
)
from hall_core.features import Audience, Command, Context, Feature, Part, Row

Verb = Literal["acknowledge", "explain", "confirm", "appeal", "dismiss", "close"]

AFTER: dict[Verb, AlertState] = {
    "acknowledge": "acknowledged",
    "explain": "explained",
    "confirm": "confirmed",
    "appeal": "appealed",
    "dismiss": "dismissed",
    "close": "closed",
}
POSSIBLE: dict[Verb, frozenset[AlertState]] = {
    "acknowledge": frozenset({"open"}),
    "explain": frozenset({"open", "acknowledged", "closed"}),
    "confirm": frozenset({"open", "acknowledged", "explained", "appealed", "closed"}),
    "appeal": frozenset({"confirmed"}),
    "dismiss": frozenset({"open", "acknowledged", "explained", "confirmed", "appealed", "closed"}),
    "close": frozenset({"open", "acknowledged", "explained", "confirmed"}),
}
"""In which states an alert can be moved on, and how. One that ended by itself (the clerk came back)
may still be explained and judged that day; an appeal is decided, not closed."""
NOT_NOW: dict[Verb, str] = {
    "acknowledge": "这条提醒已经有人处理，不用再知悉。",
    "explain": "这条提醒已经说明过，或已核实；对核实有不同意见请申诉。",
    "appeal": "只有已核实的提醒可以申诉。",
    "close": "申诉需要认定属实或不属实，不能直接了结。",
}
SAID_MAX = 20  # of what was done about one alert; what comes later takes the place of the earliest


class Said(msgspec.Struct, frozen=True):
    """What was done about an alert, and by whom. `note` references the text."""

    state: AlertState
    at: datetime
    by: str
    note: str | None = None


class Alert(msgspec.Struct, kw_only=True):
    """One alert: open, or ended today."""

    alert_id: str
    kind: str
    level: AlertLevel
    since: datetime
    state: AlertState = "open"
    window: int | None = None
    clerk: str | None = None
    device_id: str | None = None
    camera_id: str | None = None
    detail: str = ""
    detail_en: str = ""
    note: str | None = None
    evidence: tuple[str, ...] = ()  # ids of pictures
    waiting: int = 0  # people, when it was last told
    said: tuple[Said, ...] = ()  # by people, the earliest first


class NoteView(TypedDict):
    """What a person wrote about an alert, while it is kept."""

    text: str
    by: str
    at: datetime


class SaidView(TypedDict):
    """What a person did about an alert, and the text while it is kept."""

    state: AlertState
    at: datetime
    by: str
    text: str | None


class AlertView(TypedDict):
    """`hall` is told where alerts of several halls are listed, `note` (what was written last) and
    `said` (all that people did, the earliest first) in lists."""

    alert_id: str
    kind: str
    window: int | None
    camera_id: str | None
    device_id: str | None
    clerk: str | None
    level: AlertLevel
    state: AlertState
    since: datetime
    detail: str
    detail_en: str
    evidence: list[str]
    waiting: int
    note: NotRequired[NoteView | None]
    said: NotRequired[list[SaidView]]
    hall: NotRequired[str]


class AlertsState(msgspec.Struct, kw_only=True):
    alerts: dict[str, Alert] = {}


class HandleAlert(Command, frozen=True):
    """A person moves an alert on. `note` references the text they wrote, if any."""

    alert_id: str
    verb: Verb
    note: str | None = None


def alert_ended() -> Conflict:
    return Conflict("alert_ended", "这条提醒已经结束。", detail_en="This alert has ended.")


def _handle(state: AlertsState, command: HandleAlert, context: Context) -> list[Event]:
    alert = state.alerts.get(command.alert_id)
    if alert is None:  # it ended on an earlier day
        raise alert_ended()
    if alert.state not in POSSIBLE[command.verb]:
        if alert.state in ENDED_ALERTS:
            raise alert_ended()
        raise Conflict("alert_state", NOT_NOW.get(command.verb, "这条提醒已经是这个状态。"))
    # An appeal is decided above those whose word it is against.
    level = "supervision" if command.verb == "appeal" else alert.level
    after = AFTER[command.verb]
    return [AlertChanged(alert_id=alert.alert_id, state=after, level=level, note=command.note)]


class AlertsFeature(Feature):
    """The slice of alerts: those that are open, and those that ended today."""

    name = "alerts"
    state_type = AlertsState
    shapes: ClassVar[dict[str, Any]] = {"alerts": list[AlertView]}
    listens = frozenset({AlertRaised, AlertChanged, EvidenceKept, DayOpened})

    def commands(self) -> dict[type[Command], Callable[[Any, Any, Context], list[Event]]]:
        return {HandleAlert: _handle}

    def apply(self, state: AlertsState, record: Recorded) -> None:
        event = record.event
        if isinstance(event, AlertRaised):
            state.alerts[event.alert_id] = Alert(
                alert_id=event.alert_id,
                kind=event.kind,
                level=event.level,
                since=record.at,
                window=event.window,
                clerk=event.clerk,
                device_id=event.device_id,
                camera_id=event.camera_id,
                detail=event.detail,
                detail_en=event.detail_en,
                evidence=event.evidence,
                waiting=event.waiting,
            )
        elif isinstance(event, AlertChanged):
            alert = state.alerts.get(event.alert_id)
            if alert is None:
                return
            alert.state, alert.level = event.state, event.level
            if event.note is not None:
                alert.note = event.note
            if event.waiting is not None:
                alert.waiting = event.waiting
            if ":" in record.actor:  # people and devices are named with their kind, time is not
                said = Said(event.state, record.at, record.actor, event.note)
                alert.said = (*alert.said, said)[-SAID_MAX:]
        elif isinstance(event, EvidenceKept):
            alert = state.alerts.get(event.alert_id or "")
            if alert is not None:
                alert.evidence = (*alert.evidence, *event.evidence)
        elif isinstance(event, DayOpened):
            ended = [key for key, alert in state.alerts.items() if alert.state in ENDED_ALERTS]
            for key in ended:
                del state.alerts[key]

    def rows(self, state: AlertsState, record: Recorded, hall_id: str) -> Iterable[Row]:
        event = record.event
        if not isinstance(event, AlertRaised | AlertChanged | EvidenceKept):
            return ()
        alert = state.alerts.get(event.alert_id or "")
        return () if alert is None else ((tables.alerts, alert_row(hall_id, alert, record.at)),)

    def touched(self, state: AlertsState, record: Recorded) -> Iterable[Part]:
        event = record.event
        if isinstance(event, AlertRaised | AlertChanged):
            return (("alerts", event.alert_id),)
        if isinstance(event, EvidenceKept) and event.alert_id in state.alerts:
            return (("alerts", event.alert_id),)
        return ()

    def parts(self) -> Sequence[str]:
        return ("alerts",)

    def render(self, state: AlertsState, part: Part, audience: Audience) -> Any:
        if not audience.is_staff:
            return None
        key = part[1]
        if key is None:
            return [alert_view(alert) for alert in open_alerts(state, audience)]
        alert = state.alerts[key]
        gone = {"alert_id": key, "removed": True}
        if hidden(alert.kind, alert.level, audience):
            # All counters hear that there is something; the window that it is about asks what.
            return gone if audience.kind == "staff" and alert.kind in STEPPED_ALERTS else None
        return gone if alert.state in ENDED_ALERTS else alert_view(alert)


def hidden(kind: str, level: AlertLevel, audience: Audience) -> bool:
    """What concerns a clerk is for those who manage and supervise; what goes up in steps is not
    for supervision before the last of them, and not for the neighbours (`may_know`)."""
    if audience.kind != "manager":
        return kind in CONFIDENTIAL_ALERTS | STEPPED_ALERTS
    return audience.supervises and kind in STEPPED_ALERTS and level != "supervision"


def may_know(kind: str, level: AlertLevel, window: int | None, principal: Principal) -> bool:
    """Whether an alert is for this person or device: a window is told what goes up from it."""
    if kind in STEPPED_ALERTS and window is not None and window == principal.window:
        return True
    return not hidden(kind, level, principal.audience)


def open_alerts(state: AlertsState, audience: Audience) -> list[Alert]:
    """Those that wait for a person, as far as `audience` may know."""
    waiting = (alert for alert in state.alerts.values() if alert.state not in ENDED_ALERTS)
    return [alert for alert in waiting if not hidden(alert.kind, alert.level, audience)]


def alert_view(alert: Alert) -> AlertView:
    """An alert as the contract shows it."""
    return {
        "alert_id": alert.alert_id,
        "kind": alert.kind,
        "window": alert.window,
        "camera_id": alert.camera_id,
        "device_id": alert.device_id,
        "clerk": alert.clerk,
        "level": alert.level,
        "state": alert.state,
        "since": alert.since,
        "detail": alert.detail,
        "detail_en": alert.detail_en,
        "evidence": [evidence_url(picture) for picture in alert.evidence],
        "waiting": alert.waiting,
    }


def evidence_url(evidence_id: str) -> str:
    """Where a picture is to be had, while it is kept."""
    return f"/api/v1/evidence/{evidence_id}.jpg"


def alert_row(hall_id: str, alert: Alert, changed: datetime) -> tuple[Any, ...]:
    return (
        hall_id,
        alert.alert_id,
        alert.kind,
        alert.level,
        alert.state,
        alert.window,
        alert.clerk,
        alert.device_id,
        alert.camera_id,
        millis(alert.since),
        millis(changed),
        alert.detail,
        alert.note,
        msgspec.json.encode(alert.evidence).decode() if alert.evidence else None,
        alert.detail_en or None,
    )
