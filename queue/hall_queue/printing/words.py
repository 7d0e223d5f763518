"""The words for a ticket's places: what the hall knows about it at this moment. Pure.

`now`, the times and the zone are passed in; times on paper are the hall's own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, tzinfo

from hall_core.setup import HallInfo, Settings
from hall_queue.domain import order
from hall_queue.domain.calling import missed_is_void
from hall_queue.domain.state import QueueState, Ticket
from hall_queue.domain.waiting import Wait

GREEN = {"green": "绿色通道", "green_pending": "绿色通道 待核实，请先到导办台"}
SCAN = "手机扫码查看进度"

SAMPLE = {
    "service": "企业开办（设立登记）",
    "queue": "综合业务",
    "number": "H012",
    "priority": "",
    "ahead": "8人",
    "wait": "约25至40分钟",
    "windows": "3、4、5号窗口",
    "cases": "",
    "low": "",
    "rule": "过号后到取号机签到，排到第3位之后，最多2次。",
    "qr": "",
    "scan": "",
    "issued": "2026-11-23 09:15",
}
"""For a manager who looks at a layout; hall, title and foot are the hall's own."""


def words_of(
    hall: HallInfo,
    state: QueueState,
    ticket: Ticket,
    wait: Wait | None,
    texts: Mapping[str, str],
    link: str,
    zone: tzinfo,
) -> dict[str, str]:
    """A word for each place of `hall_core.texts.TICKET_PLACES`, "" for what is not known.

    Args:
        wait: of the ticket; None when it does not wait any more.
        link: the citizen's page, "" without a public address.
    """
    line = state.lines.get(ticket.queue)
    queue = line.setup.name if line is not None else ticket.queue
    service = state.services.get(ticket.service or "")
    waits = ticket.state == "waiting"
    windows = [ticket.window] if ticket.window else list(line.windows) if line is not None else []
    low = [n for n in windows if n in state.posts and state.posts[n].setup.low_counter]
    ahead = order.ahead(state, ticket) if waits else 0
    return {
        "hall": hall.name,
        "title": texts["ticket.title"],
        "service": service.name if service is not None else queue,
        "queue": queue,
        "number": ticket.number,
        "priority": GREEN.get(ticket.priority, ""),
        "ahead": (f"{ahead}人" if ahead else "没有人") if waits else "",
        "wait": wait_text(wait, zone) if wait is not None else "",
        "windows": f"{runs(windows)}号窗口" if windows and waits else "以叫号为准" if waits else "",
        "cases": f"办理件数：{ticket.cases}件" if ticket.cases > 1 else "",
        "low": f"轮椅低位窗口：{runs(low)}号" if low and waits else "",
        "foot": texts["ticket.foot"],
        "rule": rule(state.settings),
        "qr": link,
        "scan": SCAN if link else "",
        "issued": f"{ticket.issued_at.astimezone(zone):%Y-%m-%d %H:%M}",
    }


def rule(settings: Settings) -> str:
    """The hall's own rule for a missed call."""
    if missed_is_void(settings):
        return "过号作废，请重新取号。"
    back, limit = settings.requeue_back, settings.requeue_limit
    return f"过号后到取号机签到，排到第{back}位之后，最多{limit}次。"


def wait_text(wait: Wait, zone: tzinfo) -> str:
    """A range of minutes, or clock times when it crosses a break; the same steps as on screens."""
    if wait.crosses_break:
        low, high = _clock(wait.at_low, zone), _clock(wait.at_high, zone)
        return f"约{low}" if low == high else f"约{low}至{high}"
    shortest = max(0, math.floor(wait.low))
    longest = max(shortest, math.ceil(wait.high))
    if shortest <= 1 or longest <= 5:
        return f"{max(5, longest)}分钟以内"
    if longest >= 120:
        return f"约{shortest // 30 / 2:g}至{math.ceil(longest / 30) / 2:g}小时"
    return f"约{shortest}分钟" if shortest == longest else f"约{shortest}至{longest}分钟"


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def runs(numbers: list[int]) -> str:
    """3, 4, 5, 9 → 3-5、9: a county hall has thirty windows, a ticket has no room for them."""
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return "、".join(
        f"{part[0]}-{part[-1]}" if len(part) > 2 else "、".join(map(str, part)) for part in parts
    )
