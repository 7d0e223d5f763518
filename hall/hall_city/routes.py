"""What supervisors at four levels see: halls below their regions, now."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from hall_core.alerts import open_alerts
from hall_core.features import Audience
from hall_core.halls import Hall
from hall_core.http import Call, Route, roles
from hall_core.setup import Level, Region


class AbsenceNow(TypedDict):
    window: int
    reason: str
    expected_return: datetime


class HallNow(TypedDict):
    """A hall in figures. `windows`: how many are in each state."""

    id: str
    name: str
    name_en: str
    region: str
    level: Level
    windows: dict[str, int]
    waiting: int
    longest_wait_min: int
    issued_today: int
    absences: list[AbsenceNow]
    alerts_open: int


class Tree(TypedDict):
    regions: list[Region]
    halls: list[HallNow]


async def tree(call: Call) -> Tree:
    kernel = call.kernel
    halls = [hall for hall in kernel.halls.values() if call.principal.may_enter(hall.info.id)]
    shown = {hall.info.region for hall in halls}
    for code in tuple(shown):
        region = kernel.regions.get(code)
        while region is not None and region.parent is not None and region.parent not in shown:
            shown.add(region.parent)
            region = kernel.regions.get(region.parent)
    return {
        "regions": [region for code, region in kernel.regions.items() if code in shown],
        "halls": [hall_now(hall, call.principal.audience) for hall in halls],
    }


def hall_now(hall: Hall, audience: Audience) -> HallNow:
    """One hall in figures, from its committed state, with the alerts that `audience` is told of."""
    queue = hall.committed["queue"]
    states = dict.fromkeys(("open", "calling", "serving", "away", "closed"), 0)
    absences: list[AbsenceNow] = []
    for number, post in queue.posts.items():
        states[post.state] += 1
        if post.absence is not None:
            absences.append({"window": number, "reason": post.absence.reason,
                             "expected_return": post.absence.expected_return})  # fmt: skip
    waiting = [t.issued_at for t in queue.tickets.values() if t.state == "waiting"]
    longest = (hall.clock.now() - min(waiting)).total_seconds() / 60 if waiting else 0.0
    return {
        "id": hall.info.id,
        "name": hall.info.name,
        "name_en": hall.info.name_en,
        "region": hall.info.region,
        "level": hall.info.level,
        "windows": states,
        "waiting": len(waiting),
        "longest_wait_min": round(longest),
        "issued_today": sum(line.issued for line in queue.lines.values()),
        "absences": absences,
        "alerts_open": len(open_alerts(hall.committed["alerts"], audience)),
    }


def routes() -> list[Route]:
    return [
        Route(
            method="GET", path="/supervision/tree", handler=tree,
            summary="Regions and halls of the caller's scope, in figures",
            roles=roles("supervisor"), answer=Tree,
        ),
    ]  # fmt: skip
