"""Who is told of which alert: the first step is the window's, the second its manager's, the third
supervision's; what concerns a clerk is nobody's who stands at a counter."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hall_core.access import Principal
from hall_core.alerts import Alert, AlertsFeature, AlertsState, open_alerts
from hall_core.events import AlertLevel, AlertRaised, below_supervision

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
        ("counter", {"counter"}, STEPS | OTHERS),
        ("guide", {"guide"}, STEPS | OTHERS),
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
    assert {view["alert_id"] for view in whole or ()} == told
    assert {view["alert_id"] for view in one_by_one if view is not None} == told
    if audience.is_staff:
        assert {alert.alert_id for alert in open_alerts(alerts, audience)} == told


@pytest.mark.parametrize("level", LEVELS)
def test_a_step_below_supervision_is_no_event_for_supervisors(level: AlertLevel) -> None:
    raised = AlertRaised(alert_id="a", kind="suspected_absent", level=level)
    assert below_supervision(raised) == (level != "supervision")
    assert not below_supervision(AlertRaised(alert_id="b", kind="camera_black", level=level))
