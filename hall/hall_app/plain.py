"""The plain hall that a new installation, and a hall that is added to a city, begins with."""

from __future__ import annotations

from hall_core.setup import HallInfo, Queue, Region, ServedQueue, Service, Session, Settings, Window
from hall_queue.domain.commands import ChangeSetup

Week = dict[int, tuple[Session, ...]]

ALWAYS: Week = {day: (Session(start="00:00", until="24:00"),) for day in range(1, 8)}


def hall(always_open: bool) -> tuple[list[Region], HallInfo, ChangeSetup]:
    """What to install: its region, the hall, its first setup."""
    region = Region(code="000000000000", name="本地区", level="county")
    info = HallInfo(
        id="hall", name="政务服务大厅", name_en="Service Hall", region=region.code, level="county"
    )
    return [region], info, first_setup(always_open)


def first_setup(always_open: bool) -> ChangeSetup:
    """One queue, two windows; the hall's manager makes the rest of it."""
    workday = (Session(start="08:30", until="12:00"), Session(start="14:30", until="17:30"))
    opening: Week = dict.fromkeys(range(1, 6), workday)
    return ChangeSetup(
        settings=Settings(
            week=ALWAYS if always_open else opening, closed_on_holidays=not always_open
        ),
        queues=(Queue(prefix="A", name="综合受理", name_en="General services"),),
        services=(Service(id="general", name="综合受理", name_en="General services", prefix="A"),),
        windows=tuple(
            Window(number=n, name="综合窗口", name_en="General", queues=(ServedQueue(prefix="A"),))
            for n in (1, 2)
        ),
        clerks=(),
    )
