"""What may be done about a case in which state, and what state that leads to: one table.

A bad rating is contacted, then settled at once (立行立改), rectified with a deadline (限期整改) or
explained; a mistaken or malicious one is appealed and reviewed (domain.md section 2). The folder's
README shows this table; the tests go through every field of it.
"""

from __future__ import annotations

from typing import Final, Literal

from hall_core.events import CaseState, CaseVerb

SAME: Final[Literal[""]] = ""
"""The state stays as it is."""

BACK: Final[Literal["back"]] = "back"
"""The state before the appeal, when a review upholds the rating; settled, when it does not."""

TABLE: Final[dict[CaseVerb, dict[CaseState, CaseState | Literal["", "back"]]]] = {
    "contact": {
        "open": "contacted",  # "assigned" to who tried, while the citizen was not reached
        "assigned": "contacted",
        "contacted": SAME,
        "rectifying": SAME,
        "appealed": SAME,
        "settled": SAME,
    },
    "assign": {
        "open": "assigned",
        "assigned": SAME,
        "contacted": SAME,
        "rectifying": SAME,
        "appealed": SAME,
    },
    "settle": {"assigned": "settled", "contacted": "settled", "rectifying": "settled"},
    "rectify": {"assigned": "rectifying", "contacted": "rectifying", "rectifying": SAME},
    "explain": {"assigned": "settled", "contacted": "settled", "rectifying": "settled"},
    "appeal": {
        "open": "appealed",
        "assigned": "appealed",
        "contacted": "appealed",
        "rectifying": "appealed",
    },
    "review": {"appealed": BACK},
    "close": {"settled": "closed"},
    "reopen": {"closed": "assigned", "settled": "assigned"},
}

WORDS: Final[dict[str, str]] = {SAME: "stays", BACK: "as before, or settled"}


def page() -> str:
    """The table for people, in Markdown."""
    states = tuple(NATURAL_ORDER)
    lines = [f"| command | {' | '.join(states)} |", f"|---|{'---|' * len(states)}"]
    for verb, row in TABLE.items():
        cells = [WORDS.get(after, after) for after in (row.get(state, "–") for state in states)]
        lines.append(f"| `{verb}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


NEEDS_TEXT: Final[frozenset[CaseVerb]] = frozenset(
    {"settle", "rectify", "explain", "appeal", "review", "reopen"}
)
"""Steps that say in words what was done or why."""

NATURAL_ORDER: Final[dict[CaseState, tuple[CaseVerb, ...]]] = {
    "open": ("assign", "contact", "appeal"),
    "assigned": ("contact", "settle", "rectify", "explain", "appeal", "assign"),
    "contacted": ("settle", "rectify", "explain", "appeal", "contact", "assign"),
    "rectifying": ("settle", "explain", "contact", "rectify", "appeal", "assign"),
    "appealed": ("review", "contact", "assign"),
    "settled": ("close", "contact", "reopen"),
    "closed": ("reopen",),
}
"""What is possible in a state, the likeliest first."""
