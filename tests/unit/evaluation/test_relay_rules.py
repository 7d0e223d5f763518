"""What the regional system is told, and what its answers mean."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_core.errors import Invalid
from hall_core.events import (
    AlertChanged,
    AlertRaised,
    Event,
    RatingLevel,
    Recorded,
    RelayChanged,
)
from hall_core.features import Actor, Context
from hall_core.setup import HallInfo, RelaySettings, RelayTask
from hall_evaluation.figures import LEVELS
from hall_evaluation.relay import rules, state
from hall_evaluation.relay.rules import Rating

ASKED = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # already the 3rd in the hall
RATING = Rating(
    ticket_id="t1", level="dissatisfied", channel="pad", asked_at=ASKED,
    rated_at=ASKED.replace(second=9), case_no="15022120260302001", service="s1",
    service_name="社保卡申领", clerk_name="张三", reasons=("等候时间过长", "其他"),
    text="等了两小时", citizen="李四",
)  # fmt: skip
SETTINGS = RelaySettings(
    enabled=True, url="https://region.example/api", dept_code="D1", data_source="150221",
    tasks={"s1": RelayTask(code="T-1", item="I-1")},
)  # fmt: skip


def sent(rating: Rating = RATING, settings: RelaySettings = SETTINGS) -> dict[str, str]:
    return rules.message(rating, settings, "hall", "150221000000", "Asia/Shanghai")


def test_the_two_national_code_orders_are_opposite() -> None:
    best: RatingLevel = "very_satisfied"
    worst: RatingLevel = "very_dissatisfied"
    assert rules.satisfaction(best, "five_is_best") == "5"  # the rating interface
    assert rules.satisfaction(worst, "five_is_best") == "1"
    assert rules.satisfaction(best, "one_is_best") == "1"  # GB/T 39046-2020 A.8
    assert rules.satisfaction(worst, "one_is_best") == "5"
    assert [rules.satisfaction(level, "five_is_best") for level in LEVELS] == list("54321")
    assert [rules.satisfaction(level, "one_is_best") for level in LEVELS] == list("12345")


@pytest.mark.parametrize(("order", "code"), [("five_is_best", "2"), ("one_is_best", "4")])
def test_a_hall_sends_the_order_it_is_set_to(order: rules.CodeOrder, code: str) -> None:
    settings = msgspec.structs.replace(SETTINGS, code_order=order)
    assert sent(settings=settings)["satisfaction"] == code


def test_every_field_of_the_interface() -> None:
    assert sent() == {
        "evaluationId": "hall-t1",
        "areaCode": "150221000000",
        "deptCode": "D1",
        "taskCode": "T-1",
        "taskHandleItem": "I-1",
        "taskName": "社保卡申领",
        "projectNo": "15022120260302001",
        "proStatus": "3",
        "userProp": "1",
        "userName": "李四",
        "certKeyGOV": "",
        "proManager": "张三",
        "promiseTime": "",
        "acceptDate": "2026-03-03 00:30:00",
        "pf": "4",
        "satisfaction": "2",
        "evalDetail": "等候时间过长、其他",
        "writingEvaluation": "等了两小时",
        "assessTime": "2026-03-03 00:30:09",
        "assessNumber": "1",
        "dataSource": "150221",
    }


def test_what_is_not_known_is_empty_and_what_must_be_there_is() -> None:
    plain = sent(
        Rating(ticket_id="t1", level="satisfied", channel="phone", asked_at=ASKED, rated_at=ASKED),
        RelaySettings(enabled=True, url="https://region.example/api", area_code="150221"),
    )
    assert plain["projectNo"] == "t1"  # no 办件编号 was given
    assert plain["areaCode"] == "150221"
    assert plain["pf"] == "3"
    assert plain["taskCode"] == plain["userName"] == plain["evalDetail"] == ""


def test_a_departments_own_code_goes_before_the_halls() -> None:
    task = RelayTask(code="T", dept="D2")
    assert sent(settings=msgspec.structs.replace(SETTINGS, tasks={"s1": task}))["deptCode"] == "D2"


@pytest.mark.parametrize(
    ("status", "attempts", "meaning"),
    [
        (200, 1, "delivered"),
        (204, 3, "delivered"),
        (409, 1, "refused"),  # never sent before: it is not ours that is there
        (409, 2, "delivered"),  # stored by the attempt whose answer was lost
        (400, 1, "refused"),
        (422, 9, "refused"),
        (401, 1, "locked_out"),
        (403, 1, "locked_out"),
        (404, 1, "locked_out"),
        (302, 1, "locked_out"),
        (408, 1, "retry"),
        (429, 1, "retry"),
        (500, 1, "retry"),
        (503, 40, "retry"),
    ],
)
def test_what_an_answer_means(status: int, attempts: int, meaning: str) -> None:
    assert rules.verdict(status, attempts) == meaning


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waiting_grows_and_stays_within_ten_minutes(failures: int, chance: float) -> None:
    assert 2.5 <= rules.backoff_s(failures, chance) <= 600
    assert rules.backoff_s(failures + 1, 0.0) >= rules.backoff_s(failures, 0.0)
    assert rules.backoff_s(1, 0.0) == 5


@given(st.text(max_size=400))
def test_a_reason_is_one_short_line(text: str) -> None:
    line = rules.reason(text)
    assert len(line) <= 200
    assert line.isprintable()


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://region.example/", "file:///etc/passwd", "region.example", "http://",
        "https://user:secret@region.example/", "http://region.example:99999/", "http://[::1",
        "http://region.example/ x", "http://region.example/\r\nX: y", "gopher://region.example",
        "http://region.example/#x", "http://region.example:0/", "https://" + "a" * 500,
    ],
)  # fmt: skip
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(Invalid):
        rules.check_settings(RelaySettings(enabled=True, url=url))


@pytest.mark.parametrize(
    "settings",
    [
        RelaySettings(),  # switched off, nothing filled in yet
        RelaySettings(enabled=True, url="http://10.1.2.3:8080/api?x=1"),
        RelaySettings(enabled=True, url="https://region.example/", header="X-Api-Key"),
    ],
)
def test_settings_that_are_in_order(settings: RelaySettings) -> None:
    rules.check_settings(settings)


@pytest.mark.parametrize(
    "settings",
    [
        RelaySettings(header="Host"),
        RelaySettings(header="X: y"),
        RelaySettings(header=""),
        RelaySettings(header="idempotency-key"),
        RelaySettings(area_code="1" * 61),
        RelaySettings(tasks={"s1": RelayTask(code="")}),
        RelaySettings(tasks={"": RelayTask(code="T")}),
        RelaySettings(tasks={"s1": RelayTask(code="T", item="1" * 61)}),
    ],
)
def test_settings_that_are_not(settings: RelaySettings) -> None:
    with pytest.raises(Invalid):
        rules.check_settings(settings)


@pytest.mark.parametrize("secret", ["a\r\nX: y", "密", "x" * 2001])
def test_a_secret_that_no_header_can_hold(secret: str) -> None:
    with pytest.raises(Invalid):
        rules.check_secret(secret)


# --- the slice ---------------------------------------------------------------------------------

HALL = HallInfo(id="hall", name="大厅", region="150221000000", level="county")


class Slice:
    """A slice with its journal."""

    def __init__(self) -> None:
        self.state = state.RelayState()
        self.version = 0

    def apply(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.version += 1
            state.apply(self.state, Recorded(self.version, ASKED, "system", event))
        return events

    def report(self, detail: str | None) -> list[Event]:
        context = Context(HALL, ASKED, Actor("system", "system"), self.version + 1)
        command = state.ReportRelay(trouble="unreachable", detail=detail)
        return self.apply(state.decide_report(self.state, command, context))


def test_one_alert_while_a_trouble_lasts() -> None:
    slice_ = Slice()
    assert slice_.report(None) == []
    (raised,) = slice_.report("不应答")
    assert isinstance(raised, AlertRaised)
    assert (raised.kind, raised.level, raised.detail) == ("device_fault", "hall", "不应答")
    assert raised.detail_en == state.IN_ENGLISH["unreachable"]
    assert slice_.report("还是不应答") == []
    (closed,) = slice_.report(None)
    assert closed == AlertChanged(alert_id=raised.alert_id, state="closed", level="hall")
    assert len(slice_.report("又不应答")) == 1


def test_an_alert_that_a_person_closed_is_raised_again_while_the_trouble_lasts() -> None:
    slice_ = Slice()
    (raised,) = slice_.report("不应答")
    assert isinstance(raised, AlertRaised)
    slice_.apply([AlertChanged(alert_id=raised.alert_id, state="dismissed", level="hall")])
    assert len(slice_.report("不应答")) == 1


def test_other_features_alerts_are_none_of_it() -> None:
    slice_ = Slice()
    slice_.apply([AlertRaised(alert_id="no_voice-d-1", kind="device_fault", level="hall")])
    assert slice_.state.alerts == {}


def test_settings_are_an_event_and_checked_first() -> None:
    slice_ = Slice()
    context = Context(HALL, ASKED, Actor("admin", "a"), 1)
    change = state.ChangeRelay(settings=SETTINGS)
    assert slice_.apply(state.decide_change(slice_.state, change, context)) == [
        RelayChanged(settings=SETTINGS)
    ]
    assert slice_.state.settings == SETTINGS
    wrong = state.ChangeRelay(settings=RelaySettings(enabled=True))
    with pytest.raises(Invalid):
        state.decide_change(slice_.state, wrong, context)
