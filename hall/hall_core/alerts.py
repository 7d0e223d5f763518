"""Alerts: what a person should look at, from being raised to being closed.

Features raise alerts as events; people acknowledge, explain, confirm, dismiss and close them.
Nothing is ever deducted from anyone automatically, and nobody settles an alert about themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from hall_core import tables
from hall_core.clock import millis
from hall_core.errors import Conflict, NotFound
from hall_core.events import AlertChanged, AlertLevel, AlertRaised, DayOpened, Event, Recorded
from hall_core.features import Audience, Command, Context, Feature, Part, Row

AlertState = Literal["open", "acknowledged", "explained", "confirmed", "dismissed", "closed"]
Verb = Literal["acknowledge", "explain", "confirm", "dismiss", "close"]

AFTER: dict[Verb, AlertState] = {
    "acknowledge": "acknowledged",
    "explain": "explained",
    "confirm": "confirmed",
    "dismiss": "dismissed",
    "close": "closed",
}
ENDED: frozenset[AlertState] = frozenset({"dismissed", "closed"})


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
    note: str | None = None


class AlertsState(msgspec.Struct, kw_only=True):
    alerts: dict[str, Alert] = {}


class HandleAlert(Command, frozen=True):
    """A person moves an alert on. `note` references the text they wrote, if any."""

    alert_id: str
    verb: Verb
    note: str | None = None


def _handle(state: AlertsState, command: HandleAlert, context: Context) -> list[Event]:
    alert = state.alerts.get(command.alert_id)
    if alert is None or alert.state in ENDED:
        raise NotFound("unknown_alert", "没有这条提醒，或它已经结束。")
    after = AFTER[command.verb]
    if after == alert.state:
        raise Conflict("alert_state", "这条提醒已经是这个状态。")
    change = AlertChanged(
        alert_id=alert.alert_id, state=after, level=alert.level, note=command.note
    )
    return [change]


class AlertsFeature(Feature):
    """The slice of alerts: those that are open, and those that ended today."""

    name = "alerts"
    state_type = AlertsState
    listens = frozenset({AlertRaised, AlertChanged, DayOpened})

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
            )
        elif isinstance(event, AlertChanged):
            alert = state.alerts.get(event.alert_id)
            if alert is None:
                return
            alert.state, alert.level = event.state, event.level
            if event.note is not None:
                alert.note = event.note
        elif isinstance(event, DayOpened):
            ended = [key for key, alert in state.alerts.items() if alert.state in ENDED]
            for key in ended:
                del state.alerts[key]

    def rows(self, state: AlertsState, record: Recorded, hall_id: str) -> Iterable[Row]:
        event = record.event
        if not isinstance(event, AlertRaised | AlertChanged):
            return ()
        alert = state.alerts.get(event.alert_id)
        return () if alert is None else ((tables.alerts, alert_row(hall_id, alert, record.at)),)

    def touched(self, state: AlertsState, record: Recorded) -> Iterable[Part]:
        event = record.event
        if isinstance(event, AlertRaised | AlertChanged):
            return (("alerts", event.alert_id),)
        return ()

    def parts(self) -> Sequence[str]:
        return ("alerts",)

    def render(self, state: AlertsState, part: Part, audience: Audience) -> Any:
        if audience.kind != "staff":
            return None
        key = part[1]
        if key is None:
            return [alert_view(a) for a in state.alerts.values() if a.state not in ENDED]
        alert = state.alerts[key]
        return {"alert_id": key, "removed": True} if alert.state in ENDED else alert_view(alert)


def alert_view(alert: Alert) -> dict[str, Any]:
    """An alert as the contract shows it."""
    view = msgspec.to_builtins(alert, builtin_types=(datetime,))
    view["evidence"] = []
    del view["note"]
    assert isinstance(view, dict)
    return view


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
    )
