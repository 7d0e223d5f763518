"""What a manager may change about a hall, and when."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hall_core.errors import Conflict, Invalid
from hall_core.setup import (
    Clerk,
    Queue,
    ServedQueue,
    Service,
    Session,
    Settings,
    Window,
)
from hall_queue.domain.commands import (
    CallNext,
    CancelAppointment,
    CancelTicket,
    ChangeSetup,
    Close,
    Cover,
    Finish,
    Leave,
    MakeAppointment,
    Open,
    SignIn,
    Start,
)
from hall_queue.domain.testing import MANAGER, OPEN_ALWAYS, PlayedHall

LONG = "字" * 41


def change(played: PlayedHall, **what: Any) -> None:
    played.do(ChangeSetup(**what), MANAGER)


def sessions(*times: str) -> tuple[Session, ...]:
    return tuple(
        Session(start=start, until=until) for start, until in (t.split("-") for t in times)
    )


def with_settings(**what: Any) -> dict[str, Settings]:
    return {"settings": msgspec.structs.replace(OPEN_ALWAYS, **what)}


@pytest.mark.parametrize(
    ("what", "field"),
    [
        # settings
        (with_settings(week={0: ()}), "settings.week"),
        (with_settings(week={1: sessions("8:30-12:00")}), "settings.week.1"),
        (with_settings(week={1: sessions("08:30-25:00")}), "settings.week.1"),
        (with_settings(week={2: sessions("12:00-08:30")}), "settings.week.2"),
        (with_settings(week={3: sessions("08:30-12:00", "11:59-17:00")}), "settings.week.3"),
        (with_settings(week={4: sessions("14:00-17:00", "08:30-12:00")}), "settings.week.4"),
        (with_settings(greens_after_ordinary=0), "settings.greens_after_ordinary"),
        (with_settings(requeue_back=-1), "settings.requeue_back"),
        (with_settings(undo_s=61), "settings.undo_s"),
        (with_settings(overdue_steps_min=(0, 20, 10)), "settings.overdue_steps_min"),
        (with_settings(absence_reasons=()), "settings.absence_reasons"),
        (with_settings(absence_reasons=("会议", "会议")), "settings.absence_reasons"),
        (with_settings(absence_reasons=("会议", " ")), "settings.absence_reasons"),
        (with_settings(quick_absence_reason="钓鱼"), "settings.quick_absence_reason"),
        (with_settings(public_url="hall.example"), "settings.public_url"),
        # queues
        ({"queues": (Queue(prefix="h", name="x"),)}, "queues.h.prefix"),
        ({"queues": (Queue(prefix="ABC", name="x"),)}, "queues.ABC.prefix"),
        ({"queues": (Queue(prefix="A", name=" "),)}, "queues.A.name"),
        ({"queues": (Queue(prefix="A", name=LONG),)}, "queues.A.name"),
        ({"queues": (Queue(prefix="A", name="x", daily_limit=0),)}, "queues.A.daily_limit"),
        (
            {"queues": (Queue(prefix="A", name="x", sessions=sessions("09:00-09:00")),)},
            "queues.A.sessions",
        ),
        ({"queues": (Queue(prefix="A", name="x"), Queue(prefix="A", name="y"))}, "queues"),
        # services
        ({"services": (Service(id="身份证", name="x", prefix="H"),)}, "services.身份证.id"),
        ({"services": (Service(id="a", name="x", prefix="Q"),)}, "services.a.prefix"),
        ({"services": (Service(id="a", name="x", prefix="H", minutes=0),)}, "services.a.minutes"),
        ({"services": (Service(id="a", name="x", prefix="H", group=LONG),)}, "services.a.group"),
        # windows
        ({"windows": (Window(number=0, name="x"),)}, "windows.0.number"),
        ({"windows": (Window(number=1000, name="x"),)}, "windows.1000.number"),
        ({"windows": (Window(number=3, name=""),)}, "windows.3.name"),
        ({"windows": (Window(number=3, name="x", kind="vip"),)}, "windows.3.kind"),
        (
            {"windows": (Window(number=3, name="x", queues=(ServedQueue(prefix="Q"),)),)},
            "windows.3.queues",
        ),
        (
            {
                "windows": (
                    Window(number=3, name="x", queues=(ServedQueue(prefix="H", priority=0),)),
                )
            },
            "windows.3.queues",
        ),
        (
            {
                "windows": (
                    Window(
                        number=3,
                        name="x",
                        queues=(ServedQueue(prefix="H"), ServedQueue(prefix="H", priority=2)),
                    ),
                )
            },
            "windows.3.queues",
        ),
        ({"windows": (Window(number=3, name="x", phone="1" * 31),)}, "windows.3.phone"),
        # clerks
        ({"clerks": (Clerk(clerk_no="", name="x"),)}, "clerks..clerk_no"),
        ({"clerks": (Clerk(clerk_no="1", name="x", photo="1.jpg\n"),)}, "clerks.1.photo"),
        ({"clerks": (Clerk(clerk_no="1" * 21, name="x"),)}, f"clerks.{'1' * 21}.clerk_no"),
        ({"clerks": (Clerk(clerk_no="7", name=LONG),)}, "clerks.7.name"),
        ({"clerks": (Clerk(clerk_no="7", name="x", stars=6),)}, "clerks.7.stars"),
        ({"clerks": (Clerk(clerk_no="7", name="x", windows=(77,)),)}, "clerks.7.windows"),
        # removals
        ({"removed_queues": ("Q",)}, "removed_queues"),
        ({"removed_queues": ("H",)}, "removed_queues"),  # windows still serve it
        ({"removed_windows": (1, 1)}, "removed_windows"),
        ({"removed_services": ("passport",)}, "removed_services"),
        (
            {"removed_clerks": ("1001",), "clerks": (Clerk(clerk_no="1001", name="x"),)},
            "removed_clerks",
        ),
    ],
)
def test_wrong_fields_are_named(what: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        change(PlayedHall(), **what)
    assert caught.value.errors[0].field == field
    assert caught.value.errors[0].message.endswith("。")


def test_touching_sessions_and_midnight_are_fine() -> None:
    played = PlayedHall()
    week = {1: sessions("00:00-12:00", "12:00-24:00"), 7: ()}
    change(played, **with_settings(week=week, public_url="https://hall.example/x"))
    assert played.state.settings.week == week


def test_a_queue_with_its_service_and_window_can_come_in_one_change() -> None:
    played = PlayedHall()
    change(
        played,
        queues=(Queue(prefix="J", name="婚姻登记"),),
        services=(Service(id="marriage", name="婚姻登记", prefix="J"),),
        windows=(Window(number=5, name="5号", queues=(ServedQueue(prefix="J"),)),),
        clerks=(Clerk(clerk_no="1005", name="新人", windows=(5,)),),
    )
    played.do(Open(window=5, clerk="1005"))
    played.issue(service="marriage")
    played.do(CallNext(window=5))
    assert played.post(5).state == "calling"


def test_a_change_keeps_what_is_going_on() -> None:
    played = PlayedHall()
    played.do(Open(window=1, clerk="1001"))
    for _ in range(2):
        played.issue("H")
    played.do(CallNext(window=1))
    change(
        played,
        windows=(Window(number=1, name="户籍一号", queues=(ServedQueue(prefix="S"),)),),
        queues=(Queue(prefix="H", name="公安户籍"),),
    )
    post, line = played.post(1), played.state.lines["H"]
    assert (post.state, post.clerk, post.setup.name) == ("calling", "1001", "户籍一号")
    assert (line.issued, len(line.ordinary), line.setup.name) == (2, 1, "公安户籍")
    assert line.windows == []
    assert played.state.lines["S"].windows == [1]


def test_a_queue_in_use_is_not_removed() -> None:
    played = PlayedHall()
    gone = {
        "removed_queues": ("S",),
        "removed_services": ("pension",),
        "windows": tuple(
            Window(number=n, name="x", queues=(ServedQueue(prefix="H"),)) for n in (3, 4)
        ),
    }
    ticket = played.issue("S")
    with pytest.raises(Conflict) as caught:
        change(played, **gone)
    assert caught.value.code == "queue_in_use"
    assert "S001" in caught.value.detail
    played.do(CancelTicket(ticket_id=ticket.ticket_id))
    with pytest.raises(Invalid):
        change(played, **{**gone, "removed_services": ()})
    change(played, **gone)
    assert "S" not in played.state.lines
    # Back on the same day, it does not give a number twice.
    change(played, queues=(Queue(prefix="S", name="社保"),))
    assert played.issue("S").number == "S002"


@pytest.mark.parametrize(
    "booked", [{"queue": "S"}, {"service": "pension"}], ids=["the queue", "its service"]
)
def test_what_somebody_has_an_appointment_for_is_not_removed(booked: dict[str, str]) -> None:
    played = PlayedHall()
    day = "2025-11-21"
    played.do(MakeAppointment(appointment_id="a1", day=day, start="10:00", **booked))
    gone = {
        "removed_services": ("pension",),
        "removed_queues": ("S",),
        "windows": tuple(
            Window(number=n, name="x", queues=(ServedQueue(prefix="H"),)) for n in (3, 4)
        ),
    }
    with pytest.raises(Conflict) as caught:
        change(played, **gone)
    assert caught.value.code == "appointments_booked"
    assert day in caught.value.detail
    played.do(CancelAppointment(appointment_id="a1"))
    change(played, **gone)


def test_a_window_at_work_is_not_removed() -> None:
    played = PlayedHall()
    played.do(Open(window=1, clerk="1001"))
    with pytest.raises(Conflict):
        change(played, removed_windows=(1,))
    played.do(Cover(window=1, covered=2))
    with pytest.raises(Conflict):
        change(played, removed_windows=(2,))
    played.do(Close(window=1))
    change(played, removed_windows=(1, 2))
    assert sorted(played.state.posts) == [3, 4]


def test_clerks_of_a_window_that_goes_are_without_it() -> None:
    played = PlayedHall()
    mine = Clerk(clerk_no="1001", name="职员1", windows=(1, 3))
    change(played, clerks=(mine,))
    other = Clerk(clerk_no="2001", name="新名", windows=(4,))
    change(played, removed_windows=(1,), removed_clerks=("1004",), clerks=(other,))
    windows = {number: clerk.windows for number, clerk in played.state.clerks.items()}
    assert windows == {"1001": (3,), "1002": (2,), "1003": (3,), "2001": (4,), "2002": ()}
    change(played, clerks=(msgspec.structs.replace(played.state.clerks["1001"], name="改名"),))


def test_a_clerk_at_a_window_is_not_removed() -> None:
    played = PlayedHall()
    played.do(Open(window=1, clerk="1001"))
    played.do(SignIn(window=1, clerk="2001"))
    for clerk_no in ("1001", "2001"):
        with pytest.raises(Conflict) as caught:
            change(played, removed_clerks=(clerk_no,))
        assert caught.value.code == "clerk_in_use"
    back = played.now.replace(hour=2)
    away = Leave(window=1, reason="会议", expected_return=back, backup_clerk="2001")
    played.do(away)
    with pytest.raises(Conflict):  # the notice still names 1001
        change(played, removed_clerks=(("1001"),))
    change(played, removed_clerks=("2002",))
    assert "2002" not in played.state.clerks


def test_a_green_that_was_allowed_stays_so_when_the_figure_changes() -> None:
    played = PlayedHall()
    change(played, **with_settings(greens_after_ordinary=5))
    for _ in range(2):
        played.issue("H")
    played.issue("H", age=70)
    played.do(Open(window=1, clerk="1001"))
    played.do(CallNext(window=1))
    assert played.state.tickets[played.post(1).ticket or ""].priority == "green"
    played.do(Start(window=1))
    played.do(Finish(window=1))
    assert played.post(1).ordinary_since_green == 0


def test_a_removed_clerks_number_is_nobody_elses() -> None:
    """Figures and history stay under the number."""
    hall = PlayedHall()
    change(hall, removed_clerks=("2001",))
    with pytest.raises(Invalid) as caught:
        change(hall, clerks=(Clerk(clerk_no="2001", name="其木格"),))
    (error,) = caught.value.errors
    assert error.field == "clerks.2001.clerk_no"
    assert "以前是乌兰的" in error.message
    assert error.message_en.startswith("This number was 乌兰's")
    assert hall.replayed() == hall.state

    change(hall, clerks=(Clerk(clerk_no="2001", name="乌兰"),))  # the same person is back
    change(hall, clerks=(Clerk(clerk_no="2001", name="乌兰托娅"),))  # and has another name now
    assert hall.state.removed_clerks == {}
