"""Who is told of which alert: the first step is the window's own, the second its manager's, the
third supervision's; what concerns a clerk is nobody's who stands at a counter."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hall_core.alerts import Alert, AlertsFeature, AlertsState, may_know, open_alerts
from hall_core.credentials import Principal
from hall_core.events import AlertLevel, AlertRaised, below_supervision, for_managers

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LEVELS: tuple[AlertLevel, ...] = ("window", "hall", "supervision")
STEPS = {f"suspected_absent {level}" for level in LEVELS} | {"late_open hall"}
LAST = {"suspected_absent supervision"}
OTHERS = {"camera_black hall", "absence_overdue window"}
ABOUT_CLERKS = {"negative_evaluation hall"}


def state() -> AlertsState:
    told = [name.split() for name in STEPS | OTHERS | ABOUT_CLERKS]
    alerts = [
        Alert(alert_id=f"{kind} {level}", kind=kind, level=level, since=AT)  # type: ignore[arg-type]
        for kind, level in told
    ]
    return AlertsState(alerts={alert.alert_id: alert for alert in alerts})


@pytest.mark.parametrize(
    ("kind", "roles", "told"),
    [
        ("counter", {"counter"}, OTHERS),
        ("guide", {"guide"}, OTHERS),
        ("user", {"manager"}, STEPS | OTHERS | ABOUT_CLERKS),
        ("admin", {"admin", "manager", "security"}, STEPS | OTHERS | ABOUT_CLERKS),
        ("user", {"manager", "supervisor"}, STEPS | OTHERS | ABOUT_CLERKS),
        ("user", {"supervisor"}, LAST | OTHERS | ABOUT_CLERKS),
        ("user", {"security"}, set()),
        ("user", {"auditor"}, set()),
        ("display", {"display"}, set()),
        ("kiosk", {"kiosk"}, set()),
        ("pad", {"pad"}, set()),
        ("agent", {"agent"}, set()),
        ("camera", {"camera"}, set()),
    ],
)
def test_each_role_is_told_what_is_its(kind: str, roles: set[str], told: set[str]) -> None:
    who = Principal(id="x", kind=kind, name="x", roles=frozenset(roles), halls=None, window=1)
    feature, alerts, audience = AlertsFeature(), state(), who.audience
    whole = feature.render(alerts, ("alerts", None), audience)
    one_by_one = (feature.render(alerts, ("alerts", key), audience) for key in alerts.alerts)
    shown = [view for view in one_by_one if view is not None]
    assert {view["alert_id"] for view in whole or ()} == told
    assert {view["alert_id"] for view in shown if "removed" not in view} == told
    # Counters hear that there is something, so that the window that it is about asks for it.
    hint = {view["alert_id"] for view in shown if view.keys() == {"alert_id", "removed"}}
    assert hint == (STEPS if audience.kind == "staff" else set())
    if audience.is_staff:
        assert {alert.alert_id for alert in open_alerts(alerts, audience)} == told


@pytest.mark.parametrize("level", LEVELS)
def test_a_step_below_supervision_is_no_event_for_supervisors(level: AlertLevel) -> None:
    raised = AlertRaised(alert_id="a", kind="suspected_absent", level=level)
    assert below_supervision(raised) == (level != "supervision")
    assert not below_supervision(AlertRaised(alert_id="b", kind="camera_black", level=level))


@pytest.mark.parametrize("level", LEVELS)
def test_of_the_counters_only_its_own_is_told_of_a_window_that_seems_left(
    level: AlertLevel,
) -> None:
    def counter(window: int) -> Principal:
        roles = frozenset({"counter"})
        return Principal(id="x", kind="counter", name="x", roles=roles, halls=None, window=window)

    assert may_know("suspected_absent", level, 3, counter(3))
    assert not may_know("suspected_absent", level, 3, counter(4))
    assert not may_know("suspected_absent", level, None, counter(4))
    assert not may_know("negative_evaluation", level, 3, counter(3))
    assert for_managers(AlertRaised(alert_id="a", kind="suspected_absent", level=level, window=3))
