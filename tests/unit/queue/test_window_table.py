"""The command × state table: every cell, and the page that shows it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from hall_core.errors import Conflict
from hall_core.features import Actor, Audience
from hall_queue.domain import table, view
from hall_queue.domain.commands import (
    CallNext,
    CallSpecific,
    Close,
    Cover,
    Finish,
    Handover,
    Hold,
    Leave,
    NoShow,
    Open,
    Recall,
    Return,
    SignIn,
    SignOut,
    Start,
    Transfer,
    Uncover,
    Undo,
    Unhold,
    WindowCommand,
)
from hall_queue.domain.state import WindowState
from hall_queue.domain.testing import CLERK, MANAGER, OPEN_ALWAYS, PlayedHall, setup

PAGE = Path(__file__).parents[3] / "docs" / "window-commands.md"

COMMANDS: dict[str, WindowCommand] = {
    "open": Open(window=1, clerk="1001"),
    "close": Close(window=1),
    "sign_in": SignIn(window=1, clerk="2002"),
    "sign_out": SignOut(window=1, clerk="2001"),
    "handover": Handover(window=1, clerk="2002"),
    "cover": Cover(window=1, covered=4),
    "uncover": Uncover(window=1, covered=4),
    "call_next": CallNext(window=1),
    "call_specific": CallSpecific(window=1, number="S001", reason="急"),
    "recall": Recall(window=1),
    "start": Start(window=1),
    "finish": Finish(window=1),
    "no_show": NoShow(window=1),
    "transfer": Transfer(window=1, to_queue="S"),
    "hold": Hold(window=1),
    "unhold": Unhold(window=1, number="H001"),
    "undo": Undo(window=1),
    "leave": Leave(window=1, reason="会议", expected_return=PlayedHall().now + timedelta(hours=1)),
    "return": Return(window=1),
}


def hall_in(state: WindowState, command: str, b_clerk: bool = False) -> PlayedHall:
    """Window 1 in `state`, with everything else that `command` needs."""
    played = PlayedHall(setup(msgspec.structs.replace(OPEN_ALWAYS, no_show_wait=False)))
    played.issue("S")
    for _ in range(3):
        played.issue("H")
    if state == "closed":
        return played
    played.do(Open(window=1, clerk="1001"))
    if command == "unhold":
        played.do(CallNext(window=1))
        played.do(Hold(window=1))
    elif command == "undo":
        played.do(CallNext(window=1))
        played.do(NoShow(window=1))
    if command == "sign_out" or b_clerk:
        played.do(SignIn(window=1, clerk="2001"))
    if command == "uncover":
        played.do(Cover(window=1, covered=4))
    if state in ("calling", "serving"):
        played.do(CallNext(window=1))
        if state == "serving":
            played.do(Start(window=1))
    elif state == "away":
        back = played.now + timedelta(hours=1)
        played.do(Leave(window=1, reason="会议", expected_return=back))
    assert played.post(1).state == state
    return played


def answer(played: PlayedHall, command: WindowCommand, actor: Actor) -> str:
    """ "yes", or the code of the refusal."""
    try:
        assert played.do(command, actor), "a possible command makes events"
    except Conflict as refused:
        return refused.code if refused.detail.endswith("。") else refused.detail
    return table.YES


CELLS = [
    (command, state, cell)
    for command, row in table.TABLE.items()
    for state, cell in zip(table.STATES, row, strict=True)
]


@pytest.mark.parametrize(("command", "state", "cell"), CELLS)
def test_every_cell_is_what_a_clerk_gets(command: str, state: WindowState, cell: str) -> None:
    played = hall_in(state, command)
    expected = {
        table.MANAGER: "wrong_state",
        table.WITH_B: "ticket_open",
        table.IF_ABSENT: "no_absence",
    }.get(cell, cell)
    if command == "leave" and state == "away":
        expected = "absence_up"
    assert answer(played, COMMANDS[command], CLERK) == expected


@pytest.mark.parametrize(
    ("command", "state"), [(c, s) for c, s, cell in CELLS if cell == table.MANAGER]
)
def test_some_are_the_managers(command: str, state: WindowState) -> None:
    assert answer(hall_in(state, command), COMMANDS[command], MANAGER) == table.YES


@pytest.mark.parametrize(
    ("command", "state"), [(c, s) for c, s, cell in CELLS if cell == table.WITH_B]
)
def test_some_need_a_b_clerk(command: str, state: WindowState) -> None:
    leave = COMMANDS[command]
    assert isinstance(leave, Leave)
    with_b = msgspec.structs.replace(leave, backup_clerk="2001")
    assert answer(hall_in(state, command, b_clerk=True), with_b, CLERK) == table.YES


@pytest.mark.parametrize("state", ["open", "calling", "serving"])
def test_return_is_possible_under_a_b_clerk(state: WindowState) -> None:
    played = hall_in("open", "return", b_clerk=True)
    back = played.now + timedelta(hours=1)
    leave = Leave(window=1, reason="会议", expected_return=back, backup_clerk="2001")
    played.do(leave)
    if state != "open":
        played.do(CallNext(window=1))
    if state == "serving":
        played.do(Start(window=1))
    assert answer(played, Return(window=1), CLERK) == table.YES


@pytest.mark.parametrize(("command", "state", "cell"), CELLS)
def test_counters_offer_what_is_possible(command: str, state: WindowState, cell: str) -> None:
    played = hall_in(state, command)
    offered = command in table.possible_now(played.state, played.post(1))
    assert offered == (cell == table.YES)


def test_counters_do_not_offer_what_the_window_cannot_use() -> None:
    played = hall_in("open", "nothing")
    offered = set(table.possible_now(played.state, played.post(1)))
    assert not offered & {"uncover", "unhold", "undo", "return", "sign_out"}
    played = hall_in("open", "unhold")
    assert "close" not in table.possible_now(played.state, played.post(1))
    played.do(CallNext(window=1))
    for _ in range(5):
        played.do(Recall(window=1))
    assert "recall" not in table.possible_now(played.state, played.post(1))


def test_every_command_is_in_the_table_and_explained() -> None:
    assert set(COMMANDS) == set(table.TABLE) == set(table.NOTES)
    kinds = {type(command) for command in COMMANDS.values()}
    assert kinds == set(WindowCommand.__subclasses__())


def test_the_page_shows_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == table.page(), (
        "docs/window-commands.md is old: write it anew as it says itself"
    )


def test_views_carry_the_commands() -> None:
    played = hall_in("open", "nothing")
    staff = view.render(played.state, ("windows", 1), Audience("staff"))
    assert staff["commands"] == table.possible_now(played.state, played.post(1))
