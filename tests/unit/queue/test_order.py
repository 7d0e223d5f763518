"""Who is called next, and why."""

from __future__ import annotations

from bisect import insort
from itertools import islice

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hall_core.setup import Settings
from hall_queue.domain import order
from hall_queue.domain.commands import (
    CallNext,
    CallSpecific,
    Close,
    Cover,
    ExchangeTicket,
    Finish,
    Hold,
    NoShow,
    Open,
    RequeueTicket,
    Start,
    Transfer,
    Unhold,
    VerifyGreen,
)
from hall_queue.domain.state import Place
from hall_queue.domain.testing import OPEN_ALWAYS, PlayedHall, setup


def hall(**settings: object) -> PlayedHall:
    """All day open; missed people may be called missed at once."""
    changed = msgspec.structs.replace(OPEN_ALWAYS, no_show_wait=False, **settings)
    return PlayedHall(setup(changed))


def numbers(played: PlayedHall, window: int, limit: int = 50) -> list[str]:
    return [ticket.number for ticket, _ in islice(order.line(played.state, window), limit)]


def reasons(played: PlayedHall, window: int) -> list[tuple[str, str]]:
    return [(ticket.number, reason) for ticket, reason in order.line(played.state, window)]


def miss(played: PlayedHall, window: int) -> str:
    """Call the next, nobody comes; the ticket's id."""
    played.do(CallNext(window=window))
    ticket_id = played.post(window).ticket
    assert ticket_id is not None
    played.do(NoShow(window=window))
    return ticket_id


def test_ordinary_people_are_called_by_time_of_issue() -> None:
    played = hall()
    for _ in range(3):
        played.issue("H")
    assert reasons(played, 1) == [("H001", "time"), ("H002", "time"), ("H003", "time")]


def test_a_window_calls_its_better_level_first() -> None:
    played = hall()
    played.issue("H")
    played.issue("S")
    assert numbers(played, 3) == ["S001", "H001"]  # window 3: S before H


def test_queues_of_one_level_are_merged_by_time_of_issue() -> None:
    played = hall()
    for queue in "HSSH":
        played.issue(queue)
    assert numbers(played, 4) == ["H001", "S001", "S002", "H002"]


def test_one_green_for_every_two_ordinary_and_the_first_at_once() -> None:
    played = hall()
    for _ in range(4):
        played.issue("H")
    for _ in range(3):
        played.issue("H", age=70)
    assert reasons(played, 1) == [
        ("H005", "green"),
        ("H001", "time"),
        ("H002", "time"),
        ("H006", "green"),
        ("H003", "time"),
        ("H004", "time"),
        ("H007", "green"),
    ]


def test_nobody_waits_longer_for_the_green_channel_than_without_it() -> None:
    """More greens than one in three: those who came first are not passed by newcomers."""
    played = hall()
    for _ in range(3):
        played.issue("H", age=70)
    newcomer = played.issue("H")
    played.issue("H", age=70)
    assert reasons(played, 1) == [
        ("H001", "green"),
        ("H002", "green"),
        ("H003", "green"),
        ("H004", "time"),
        ("H005", "green"),
    ]
    assert order.ahead(played.state, newcomer) == 4  # another window would let the last one pass


def test_greens_are_called_one_after_the_other_when_nobody_else_waits() -> None:
    played = hall()
    for _ in range(3):
        played.issue("H", age=70)
    assert numbers(played, 1) == ["H001", "H002", "H003"]


def test_each_window_counts_its_own_calls() -> None:
    played = hall()
    for _ in range(4):
        played.issue("H")
    for _ in range(2):
        played.issue("H", age=70)
    played.do(Open(window=1, clerk="1001"))
    played.do(Open(window=2, clerk="1002"))
    played.do(CallNext(window=1))
    assert played.post(1).ordinary_since_green == 0
    assert numbers(played, 1, 1) == ["H001"]
    assert numbers(played, 2, 1) == ["H006"]


def test_a_closed_and_reopened_window_does_not_get_an_extra_green() -> None:
    played = hall()
    played.issue("H")
    played.issue("H", age=70)
    played.do(Open(window=1, clerk="1001"))
    played.issue("H", age=70)
    played.do(CallNext(window=1))
    played.do(Start(window=1))
    played.do(Finish(window=1))
    played.do(Close(window=1))
    played.do(Open(window=1, clerk="1001"))
    assert numbers(played, 1, 1) == ["H001"]


def test_special_calls_change_nobodys_turn() -> None:
    played = hall()
    for _ in range(3):
        played.issue("H")
    played.issue("H", age=70)
    played.do(Open(window=1, clerk="1001"))
    before = played.post(1).ordinary_since_green
    played.do(CallSpecific(window=1, number="H002", reason="取证件"))
    assert played.post(1).ordinary_since_green == before


def test_an_unverified_claim_waits_with_everybody_else() -> None:
    played = hall()
    played.issue("H")
    claimed = played.issue("H", priority="green")
    assert numbers(played, 1) == ["H001", "H002"]
    played.do(VerifyGreen(ticket_id=claimed.ticket_id))
    assert numbers(played, 1) == ["H002", "H001"]


def test_who_waits_for_one_window_stands_in_its_best_level_by_time_of_issue() -> None:
    played = hall()
    played.issue("H")
    played.issue("S")
    played.issue("S")
    played.do(Open(window=1, clerk="1001"))
    played.do(Open(window=3, clerk="1003"))
    played.do(CallNext(window=1))
    played.do(Transfer(window=1, to_window=3))
    assert reasons(played, 3) == [("H001", "for_window"), ("S001", "time"), ("S002", "time")]
    assert numbers(played, 1) == []


def test_a_covering_window_takes_the_neighbours_people_too() -> None:
    played = hall()
    played.issue("S")
    played.issue("H")
    played.do(Open(window=1, clerk="1001"))
    played.do(Cover(window=1, covered=3))
    # Window 3's first queue is S at level 1; H is window 1's own at level 1.
    assert reasons(played, 1) == [("S001", "covered"), ("H001", "time")]


def test_the_next_one_is_found_without_looking_at_everybody() -> None:
    played = hall()
    for _ in range(300):
        played.issue("H")
    line = order.line(played.state, 4)
    assert next(line)[0].number == "H001"
    found = order.next_ticket(played.state, 4)
    assert found is not None
    assert found[0].number == "H001"
    assert order.next_ticket(played.state, 2) is not None
    assert order.next_ticket(hall().state, 1) is None


# --- missed people -----------------------------------------------------------------------------


def test_a_missed_person_is_placed_three_back() -> None:
    played = hall()
    for _ in range(6):
        played.issue("H")
    played.do(Open(window=1, clerk="1001"))
    missed = miss(played, 1)
    played.do(RequeueTicket(ticket_id=missed))
    assert numbers(played, 1) == ["H002", "H003", "H004", "H001", "H005", "H006"]
    assert reasons(played, 1)[3] == ("H001", "requeued")


def test_a_second_missed_person_is_placed_behind_the_third_as_well() -> None:
    played = hall()
    for _ in range(6):
        played.issue("H")
    played.do(Open(window=1, clerk="1001"))
    first, second = miss(played, 1), miss(played, 1)
    played.do(RequeueTicket(ticket_id=first))
    assert numbers(played, 1) == ["H003", "H004", "H005", "H001", "H006"]
    played.do(RequeueTicket(ticket_id=second))
    # Behind the third, and behind the one who turned up there before.
    assert numbers(played, 1) == ["H003", "H004", "H005", "H001", "H002", "H006"]


def test_with_fewer_waiting_the_missed_person_is_last_and_with_nobody_first() -> None:
    played = hall()
    for _ in range(3):
        played.issue("H")
    played.do(Open(window=1, clerk="1001"))
    first, second, third = (miss(played, 1) for _ in range(3))
    played.do(RequeueTicket(ticket_id=third))
    played.do(RequeueTicket(ticket_id=first))
    assert numbers(played, 1) == ["H003", "H001"]
    played.issue("H")
    assert numbers(played, 1) == ["H003", "H001", "H004"]
    played.do(RequeueTicket(ticket_id=second))
    assert numbers(played, 1) == ["H003", "H001", "H004", "H002"]


def test_nobody_gets_further_ahead_by_being_missed() -> None:
    """Called out of turn and missed: the own place counts, when it is later."""
    played = hall()
    for _ in range(6):
        played.issue("H")
    played.do(Open(window=1, clerk="1001"))
    played.do(CallSpecific(window=1, number="H006", reason="紧急"))
    missed = played.post(1).ticket
    assert missed is not None
    played.do(NoShow(window=1))
    played.do(RequeueTicket(ticket_id=missed))
    assert numbers(played, 1)[-1] == "H006"


def test_a_missed_green_person_waits_with_everybody_else() -> None:
    played = hall()
    for _ in range(4):
        played.issue("H")
    played.issue("H", age=80)
    played.do(Open(window=1, clerk="1001"))
    missed = miss(played, 1)
    played.do(RequeueTicket(ticket_id=missed))
    # Three back would be behind H003; but it was issued after H004.
    assert reasons(played, 1)[-1] == ("H005", "requeued")


def test_a_ticket_off_hold_is_called_at_once_and_changes_nobodys_turn() -> None:
    played = hall()
    for _ in range(2):
        played.issue("H")
    played.do(Open(window=1, clerk="1001"))
    played.do(CallNext(window=1))
    played.do(Hold(window=1))
    before = played.post(1).ordinary_since_green
    events = played.do(Unhold(window=1, number="H001"))
    assert [type(event).__name__ for event in events] == ["TicketReleased", "TicketCalled"]
    assert played.post(1).ordinary_since_green == before


def test_an_exchanged_ticket_keeps_its_time_of_issue() -> None:
    played = hall()
    wrong = played.issue("H")
    played.issue("S")
    played.do(ExchangeTicket(ticket_id=wrong.ticket_id, queue="S"))
    assert numbers(played, 3) == ["S002", "S001"]
    assert reasons(played, 3)[0] == ("S002", "time")


def test_who_goes_on_in_a_next_queue_stands_by_time_of_issue() -> None:
    played = hall()
    played.issue("H")
    played.issue("S")
    played.do(Open(window=1, clerk="1001"))
    played.do(CallNext(window=1))
    played.do(Start(window=1))
    played.do(Finish(window=1, next_queue="S"))
    assert reasons(played, 3) == [("H001", "continued"), ("S001", "time")]


# --- how many are ahead ------------------------------------------------------------------------


def test_ahead_counts_ordinary_people_and_the_greens_who_pass() -> None:
    played = hall()
    tickets = [played.issue("H") for _ in range(3)]
    green = [played.issue("H", age=70) for _ in range(3)]
    state = played.state
    assert numbers(played, 1) == ["H004", "H001", "H002", "H005", "H003", "H006"]
    assert [order.ahead(state, ticket) for ticket in tickets] == [1, 2, 4]
    # Two ordinary for each green before: 0, 1 + 2, 2 + 3 (no more are waiting).
    assert [order.ahead(state, ticket) for ticket in green] == [0, 3, 5]


def test_ahead_of_a_ticket_for_one_window() -> None:
    played = hall()
    played.do(Open(window=1, clerk="1001"))
    played.do(Open(window=3, clerk="1003"))
    first = played.issue("H")
    second = played.issue("H")
    for _ in range(2):
        played.do(CallNext(window=1))
        played.do(Transfer(window=1, to_window=3))
    assert [order.ahead(played.state, ticket) for ticket in (first, second)] == [0, 1]
    played.do(CallNext(window=3))
    assert order.ahead(played.state, first) == 0


# --- places, for every history -----------------------------------------------------------------

Step = tuple[str, int]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("join"), st.just(0)),
            st.tuples(st.just("call"), st.just(0)),
            st.tuples(st.just("requeue"), st.integers(1, 5)),
        ),
        max_size=80,
    )
)
def test_a_missed_person_stands_behind_the_one_they_are_put_behind_and_who_came_there_before(
    steps: list[Step],
) -> None:
    lane: list[tuple[Place, str]] = []
    earliest: Place = (0, 0)
    for version, (step, back) in enumerate(steps, start=1):
        name = f"t{version}"
        if step == "join":
            lane.append(((version, 0), name))
        elif step == "call" and lane:
            lane.pop(0)
        elif step == "requeue":
            before = list(lane)
            place = order.requeue_place(lane, back, earliest, version)
            insort(lane, (place, name))
            at = lane.index((place, name))
            assert at >= min(back, len(before))
            assert [entry for entry in lane if entry[1] != name] == before
            # Between that person and the newcomer stand only people who turned up there earlier,
            # and directly behind the newcomer somebody of a later issue.
            assert all(p[0] == place[0] for p, _ in lane[min(back, len(before)) : at])
            assert at + 1 == len(lane) or lane[at + 1][0][0] > place[0]
    places = [place for place, _ in lane]
    assert places == sorted(set(places))


@given(st.integers(1, 40), st.integers(0, 10), st.integers(0, 60))
def test_the_own_place_is_kept_when_it_is_later(waiting: int, back: int, own: int) -> None:
    lane: list[tuple[Place, str]] = [((2 * n, 0), f"t{n}") for n in range(waiting)]
    place = order.requeue_place(lane, back, (2 * own + 1, 0), 1000)
    assert place >= (2 * own + 1, 0)


@given(
    ordinary=st.integers(0, 25),
    greens=st.integers(0, 10),
    every=st.integers(1, 4),
)
def test_ordinary_people_never_starve(ordinary: int, greens: int, every: int) -> None:
    settings: Settings = msgspec.structs.replace(OPEN_ALWAYS, greens_after_ordinary=every)
    played = PlayedHall(setup(settings))
    for _ in range(ordinary):
        played.issue("H")
    for _ in range(greens):
        played.issue("H", age=70)
    called = [reason for _, reason in order.line(played.state, 1)]
    assert len(called) == ordinary + greens
    last_ordinary = max((at for at, reason in enumerate(called) if reason == "time"), default=0)
    for at in range(last_ordinary - every):
        assert called[at : at + every + 1].count("time") >= every
