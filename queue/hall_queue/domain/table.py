"""What a window may do in which state: one table, as data.

Deciding reads it (`require`), counters are told from it which keys to offer (`possible_now`), and
docs/window-commands.md is rendered from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hall_core.errors import Conflict
from hall_queue.domain.state import Post, QueueState, WindowState

STATES: Final[tuple[WindowState, ...]] = ("closed", "open", "calling", "serving", "away")

# What a cell says. Anything else is the code of the 409 answer.
YES: Final = "yes"
MANAGER: Final = "manager"  # only the hall's manager; others get wrong_state
WITH_B: Final = "with_b"  # if a B clerk is signed in here; else ticket_open
IF_ABSENT: Final = "if_absent"  # while a notice is up; else no_absence

_WRONG = "wrong_state"
_TICKET = "ticket_open"
_UNDO = "nothing_to_undo"
_ABSENT = "absence_up"

TABLE: Final[dict[str, tuple[str, str, str, str, str]]] = {
    #                 closed    open       calling    serving    away
    "open":          (YES,      _WRONG,    _WRONG,    _WRONG,    _WRONG),
    "close":         (_WRONG,   YES,       MANAGER,   MANAGER,   YES),
    "sign_in":       (_WRONG,   YES,       YES,       YES,       YES),
    "sign_out":      (_WRONG,   YES,       YES,       YES,       YES),
    "handover":      (_WRONG,   YES,       YES,       YES,       YES),
    "cover":         (_WRONG,   YES,       YES,       YES,       _WRONG),
    "uncover":       (_WRONG,   YES,       YES,       YES,       _WRONG),
    "call_next":     (_WRONG,   YES,       _TICKET,   _TICKET,   _WRONG),
    "call_specific": (_WRONG,   YES,       _TICKET,   _TICKET,   _WRONG),
    "recall":        (_WRONG,   _WRONG,    YES,       _WRONG,    _WRONG),
    "start":         (_WRONG,   _WRONG,    YES,       _WRONG,    _WRONG),
    "finish":        (_WRONG,   _WRONG,    _WRONG,    YES,       _WRONG),
    "no_show":       (_WRONG,   _WRONG,    YES,       _WRONG,    _WRONG),
    "transfer":      (_WRONG,   _WRONG,    YES,       YES,       _WRONG),
    "hold":          (_WRONG,   _WRONG,    YES,       YES,       _WRONG),
    "unhold":        (_WRONG,   YES,       _TICKET,   _TICKET,   _WRONG),
    "undo":          (_UNDO,    YES,       _UNDO,     _UNDO,     _UNDO),
    "leave":         (MANAGER,  YES,       WITH_B,    WITH_B,    _ABSENT),
    "return":        (_WRONG,   IF_ABSENT, IF_ABSENT, IF_ABSENT, YES),
}  # fmt: skip

NOTES: Final[dict[str, tuple[str, str, str]]] = {
    # command: (what clerks call it, state afterwards, what else it needs, with its code)
    "open": ("开启", "open", "the clerk is at no other window (`clerk_busy`)"),
    "close": (
        "关闭",
        "closed",
        "nobody on hold (`tickets_held`), unless the manager closes it: then everyone goes back "
        "in line where they stood",
    ),
    "sign_in": ("B岗签到", "same", "the clerk is at no window yet (`clerk_busy`, `already_here`)"),
    "sign_out": ("B岗退出", "same", "signed in beside the window's own clerk (`not_signed_in`)"),
    "handover": (
        "移交",
        "same; away becomes open; the former clerk is no longer there",
        "another clerk (`same_clerk`), free (`clerk_busy`), not the absent one (`use_return`)",
    ),
    "cover": (
        "顶岗",
        "same",
        "the other window is closed or away (`not_coverable`), and neither covers or is covered "
        "(`already_covering`, `already_covered`)",
    ),
    "uncover": ("结束顶岗", "same", "this window covers that one (`not_covering`)"),
    "call_next": ("顺呼", "calling, or open when nobody waits", ""),
    "call_specific": (
        "特呼",
        "calling",
        "a reason; the number waits (`not_waiting`, `use_unhold`, `parked`)",
    ),
    "recall": ("重呼", "calling", "no more than the hall's limit (`recall_limit`)"),
    "start": ("开始办理", "serving", ""),
    "finish": ("办结", "open", ""),
    "no_show": ("过号", "open", "the hall's calls and seconds have passed (`too_early`)"),
    "transfer": ("转移", "open", "to an open or away window (`window_closed`, `same_window`)"),
    "hold": ("挂起", "open", "fewer than five on hold (`held_limit`)"),
    "unhold": ("回呼", "calling", "on hold here or at the covered window (`not_held`)"),
    "undo": (
        "撤销",
        "serving or calling, as before",
        "within the hall's seconds of `finish` or `no_show`, no call or rating since",
    ),
    "leave": (
        "离开",
        "away; under a signed-in B clerk unchanged",
        "who stands in for an absent clerk may leave, too",
    ),
    "return": (
        "返岗",
        "open; unchanged under a B clerk; closed if the manager posted the notice at a closed "
        "window",
        "the clerk who is back (`clerk`, else who left last) takes the window over, and is at no "
        "other one (`clerk_busy`); the notices of who left after them end, those of who left "
        "before stay up",
    ),
}

STATE_NAMES: Final[dict[WindowState, str]] = {
    "closed": "未开启",
    "open": "空闲",
    "calling": "正在叫号",
    "serving": "正在办理",
    "away": "暂离",
}

_WHAT_TO_DO: Final[dict[WindowState, str]] = {
    "closed": "请先开启窗口",
    "open": "请先叫号",
    "calling": "请先开始办理、过号、挂起或转移当前号码",
    "serving": "请先办结、挂起或转移当前号码",
    "away": "请先返岗，或移交给B岗",
}

_WHAT_TO_DO_FOR: Final[dict[tuple[str, WindowState], str]] = {
    ("open", "open"): "无需再次开启；换人请用移交",
    ("open", "calling"): "无需再次开启；换人请用移交",
    ("open", "serving"): "无需再次开启；换人请用移交",
    ("close", "closed"): "无需再次关闭",
    ("start", "serving"): "无需再次开始",
    ("recall", "serving"): "办理中不能重呼",
    ("no_show", "serving"): "办理中不能过号，请用办结、挂起或转移",
    ("finish", "calling"): "请先开始办理",
    ("leave", "closed"): "请先开启窗口，或由管理员发布去向留言",
    ("leave", "away"): "已有去向留言，请先返岗",
    ("return", "closed"): "没有去向留言",
}


def require(post: Post, command: str, *, manager: bool = False) -> None:
    """Conflict unless the table allows `command` in this window's state."""
    cell = TABLE[command][STATES.index(post.state)]
    if cell == YES or (cell == MANAGER and manager):
        return
    if cell == WITH_B:
        if post.signed_in:
            return
        cell = _TICKET
    elif cell == IF_ABSENT:
        if post.absence is not None:
            return
        raise Conflict("no_absence", f"{post.setup.number}号窗口没有去向留言，不需要返岗。")
    raise refused(post, command, _WRONG if cell == MANAGER else cell)


def refused(post: Post, command: str, code: str) -> Conflict:
    """The answer to a command that this state does not allow."""
    if code == _UNDO:
        return nothing_to_undo(post)
    state = post.state
    hint = _WHAT_TO_DO_FOR.get((command, state), _WHAT_TO_DO[state])
    return Conflict(code, f"{post.setup.number}号窗口{STATE_NAMES[state]}，{hint}。")


def nothing_to_undo(post: Post) -> Conflict:
    return Conflict(
        _UNDO, f"{post.setup.number}号窗口没有可以撤销的办结或过号（已超时、已再叫号或已评价）。"
    )


# --- what a counter offers ---------------------------------------------------------------------


def _covered(state: QueueState, post: Post) -> Post | None:
    return None if post.covers is None else state.posts[post.covers]


def _can_unhold(state: QueueState, post: Post) -> bool:
    covered = _covered(state, post)
    return bool(post.held) or bool(covered and covered.held)


def _can_recall(state: QueueState, post: Post) -> bool:
    ticket = state.tickets.get(post.ticket or "")
    return ticket is not None and ticket.call_count <= state.settings.recall_limit


_ALSO: Final[dict[str, Callable[[QueueState, Post], bool]]] = {
    "close": lambda state, post: not post.held,
    "sign_out": lambda state, post: bool(post.signed_in),
    "cover": lambda state, post: post.covers is None,
    "uncover": lambda state, post: post.covers is not None,
    "recall": _can_recall,
    "unhold": _can_unhold,
    "undo": lambda state, post: post.last_step is not None,
}


# state -> (command, cell, what else it needs) of what is possible there at all.
_OFFERED: Final = {
    state: tuple(
        (command, row[column], _ALSO.get(command))
        for command, row in TABLE.items()
        if row[column] in (YES, WITH_B, IF_ABSENT)
    )
    for column, state in enumerate(STATES)
}


def possible_now(state: QueueState, post: Post) -> list[str]:
    """Commands that a clerk may give in this state; times (too early, undone too late) aside."""
    return [
        command
        for command, cell, also in _OFFERED[post.state]
        if (cell != WITH_B or post.signed_in)
        and (cell != IF_ABSENT or post.absence is not None)
        and (also is None or also(state, post))
    ]


# --- the page of the documentation -------------------------------------------------------------

_CELL_TEXT: Final = {
    YES: "yes",
    MANAGER: "manager only",
    WITH_B: "with B clerk, else `ticket_open`",
    IF_ABSENT: "with a notice up, else `no_absence`",
}

_PAGE_HEAD: Final = """# Window commands by state

What a window may do in which state. A cell says `yes`, on what condition, or the `code` of the
409 answer. The table is the one the server decides by (`hall_queue/domain/table.py`); a test
keeps this page equal to it. Write it anew with

    PYTHONPATH=hall:queue python -c \\
      "from hall_queue.domain import table; print(table.page(), end='')" > docs/window-commands.md

"""


def page() -> str:
    """docs/window-commands.md."""
    lines = [
        "| command | " + " | ".join(STATES) + " |",
        "|---" * (len(STATES) + 1) + "|",
    ]
    for command, row in TABLE.items():
        cells = [_CELL_TEXT.get(cell, f"`{cell}`") for cell in row]
        lines.append(f"| `{command}` | " + " | ".join(cells) + " |")
    lines += [
        "",
        "## What each command leads to, and what else it needs",
        "",
        "| command | | window afterwards | also needs (else 409 with this code) |",
        "|---|---|---|---|",
    ]
    for command, (name, after, needs) in NOTES.items():
        lines.append(f"| `{command}` | {name} | {after} | {needs} |")
    return _PAGE_HEAD + "\n".join(lines) + "\n"
