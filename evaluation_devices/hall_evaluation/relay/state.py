"""The relay's slice of a hall: its settings, and what is wrong with it now. Pure."""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from hall_core.events import (
    ENDED_ALERTS,
    AlertChanged,
    AlertRaised,
    Event,
    Recorded,
    RelayChanged,
)
from hall_core.features import Command, Context
from hall_core.setup import RelaySettings
from hall_evaluation.relay.rules import check_settings

Trouble = Literal["unreachable", "refused"]


class RelayState(msgspec.Struct, kw_only=True):
    settings: RelaySettings = RelaySettings()
    alerts: dict[Trouble, str] = {}  # open ones


IN_ENGLISH: Final[dict[Trouble, str]] = {
    "unreachable": "Rating relay: the regional system takes nothing; see the page of the relay.",
    "refused": "Rating relay: ratings were returned; the page of the relay says why.",
}


class ChangeRelay(Command, frozen=True):
    settings: RelaySettings


class ReportRelay(Command, frozen=True):
    """The sender says what is wrong (in words), or (None) that it is over."""

    trouble: Trouble
    detail: str | None


def decide_change(state: RelayState, command: ChangeRelay, context: Context) -> list[Event]:
    check_settings(command.settings)
    return [RelayChanged(settings=command.settings)]


def decide_report(state: RelayState, command: ReportRelay, context: Context) -> list[Event]:
    """One alert while a trouble lasts, however often it is met."""
    known = state.alerts.get(command.trouble)
    if command.detail is None:
        if known is None:
            return []
        return [AlertChanged(alert_id=known, state="closed", level="hall")]
    if known is not None:
        return []
    raised = AlertRaised(
        alert_id=f"relay_{command.trouble}-{context.version}-{context.hall.id}"[:60],
        kind="device_fault",
        level="hall",
        detail=command.detail,
        detail_en=IN_ENGLISH[command.trouble],
    )
    return [raised]


def trouble_of(alert_id: str) -> Trouble | None:
    """Which trouble an alert tells of; None for other features' alerts."""
    found = re.fullmatch(r"relay_(unreachable|refused)-\d+(?:-.*)?", alert_id)
    if found is None:
        return None
    return "unreachable" if found[1] == "unreachable" else "refused"


def apply(state: RelayState, record: Recorded) -> None:
    event = record.event
    if isinstance(event, RelayChanged):
        state.settings = event.settings
    elif isinstance(event, AlertRaised):
        trouble = trouble_of(event.alert_id)
        if trouble is not None:
            state.alerts[trouble] = event.alert_id
    elif isinstance(event, AlertChanged) and event.state in ENDED_ALERTS:
        # Mended, or a person said so.
        state.alerts = {t: a for t, a in state.alerts.items() if a != event.alert_id}
