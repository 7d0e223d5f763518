"""The words on tickets, which pages print from the texts of the hall and printers from here.

They are texts of the hall like those of its screens (`hall_displays`); the defaults stand here
because two features read them.
"""

from __future__ import annotations

import re

TICKET_LAYOUT_MAX = 1000

TICKET_LAYOUT = """\
{hall}
{title}
# {service}
## {number}
# {priority}
前面还有：{ahead}
预计等候：{wait}
办理窗口：{windows}
{cases}
{low}
---
{foot}
{rule}
{qr}
{scan}
取号时间：{issued}"""

TICKET_TEXTS: dict[str, str] = {
    "ticket.title": "排队号票",
    "ticket.foot": "请在休息区等候叫号",
    "ticket.layout": TICKET_LAYOUT,
}

TICKET_PLACES: dict[str, str] = {
    "hall": "大厅",
    "title": "标题",
    "service": "事项",
    "queue": "队列",
    "number": "号码",
    "priority": "绿色通道",
    "ahead": "前面人数",
    "wait": "预计等候",
    "windows": "办理窗口",
    "cases": "办理件数",
    "low": "低位窗口",
    "foot": "等候提示",
    "rule": "过号规则",
    "qr": "二维码",
    "scan": "扫码提示",
    "issued": "取号时间",
}
"""What a layout may name, with the word for people. Nothing of it says who the citizen is."""

_PLACE = re.compile(r"\{([^{}\n]*)\}")


def layout_fault(layout: str) -> tuple[str, str] | None:
    """Why `layout` can't be a ticket's, in Chinese and in English; None if it can."""
    for found in _PLACE.finditer(layout):
        if found[1] not in TICKET_PLACES:
            return (
                f"号票上没有 {found[0]} 这一项。",
                f"A ticket has no {found[0]}. Please choose one of the places that are offered.",
            )
    if any(sign in "{}" for sign in _PLACE.sub("", layout)):
        return (
            "花括号应成对，里面只写一项。",
            "Braces must be in pairs, with one place in each pair.",
        )
    if "{number}" not in layout:
        return (
            "号票上必须有 {number}（号码）。",
            "A ticket must have {number} on it. Please add it.",
        )
    return None
