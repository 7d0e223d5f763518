"""The demonstration city."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

from hall_app.plain import ALWAYS, Week
from hall_core.events import Notice
from hall_core.setup import (
    Clerk,
    HallInfo,
    Queue,
    Region,
    ServedQueue,
    Service,
    Session,
    Settings,
    Window,
)
from hall_queue.domain.commands import ChangeSetup

MIXED = "Z"  # the one general queue of small halls
UNRESOLVED = "X"


class CityHall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    region: str
    name: str
    name_en: str
    windows: dict[str, int]  # by queue
    tickets_day: dict[str, int]


class City(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    surnames: str
    given_names: tuple[str, ...]
    weekday: tuple[str, ...]  # "08:30-12:00"
    saturday_by_appointment: tuple[str, ...]
    arrival_share: dict[str, float]
    regions: tuple[Region, ...]
    queues: tuple[Queue, ...]
    services: tuple[Service, ...]
    halls: tuple[CityHall, ...]
    notices: tuple[Notice, ...]  # shown in every hall


@lru_cache
def load() -> City:
    """The city as it ships beside this file."""
    path = Path(__file__).with_name("city.toml")
    return msgspec.toml.decode(path.read_bytes(), type=City)


def halls(always_open: bool) -> Iterator[tuple[list[Region], HallInfo, ChangeSetup]]:
    """What to install: regions that are new with it, the hall, its first setup."""
    city = load()
    regions = list(city.regions)
    for hall in city.halls:
        region = next(r for r in city.regions if r.code == hall.region)
        info = HallInfo(
            id=hall.id,
            name=hall.name,
            name_en=hall.name_en,
            region=hall.region,
            level=region.level,
        )
        yield regions, info, _setup(city, hall, always_open)
        regions = []


def week(city: City) -> Week:
    """Monday to Friday, and Saturday by appointment."""
    weekday = tuple(_session(text) for text in city.weekday)
    saturday = tuple(_session(text, True) for text in city.saturday_by_appointment)
    return {**dict.fromkeys(range(1, 6), weekday), 6: saturday}


def _session(text: str, by_appointment: bool = False) -> Session:
    start, _, until = text.partition("-")
    return Session(start=start, until=until, by_appointment=by_appointment)


def _setup(city: City, hall: CityHall, always_open: bool) -> ChangeSetup:
    mixed = MIXED in hall.windows
    queues = tuple(queue for queue in city.queues if queue.prefix in hall.windows)
    prefixes = {queue.prefix for queue in queues}
    services = tuple(
        service if service.prefix in prefixes else msgspec.structs.replace(service, prefix=MIXED)
        for service in city.services
        if service.prefix in prefixes or mixed
    )
    names = {queue.prefix: queue for queue in queues}
    windows: list[Window] = []
    for prefix, count in hall.windows.items():
        for _ in range(count):
            number = len(windows) + 1
            # The unresolved-matters window also helps the queue of the whole hall, last.
            kind = "unresolved" if prefix == UNRESOLVED else "general"
            windows.append(
                Window(
                    number=number,
                    name=f"{names[prefix].name}窗口",
                    name_en=names[prefix].name_en,
                    kind=kind,
                    queues=(ServedQueue(prefix=prefix),),
                    phone=f"0499-8{int(hall.region[2:6]) % 1000:03d}{number:03d}",
                    low_counter=number == 1,
                    zone=names[prefix].name,
                )
            )
    clerks = [
        Clerk(
            clerk_no=f"{number:03d}",
            name=_name(hall.id, number),
            title="窗口人员",
            windows=(number,),
            stars=3 + number % 3,
        )
        for number in range(1, len(windows) + 1)
    ]
    # One in eight more, who stand in (B 岗).
    for extra in range(1, max(2, len(windows) // 8 + 1)):
        near = tuple(w.number for w in windows[(extra - 1) * 8 : extra * 8])
        clerks.append(
            Clerk(
                clerk_no=f"B{extra:02d}",
                name=_name(hall.id, 500 + extra),
                title="B岗",
                windows=near,
                stars=3,
            )
        )
    settings = Settings(
        week=ALWAYS if always_open else week(city),
        closed_on_holidays=not always_open,
        pin_required=False,
        no_show_wait=False,
    )
    return ChangeSetup(
        settings=settings,
        queues=queues,
        services=services,
        windows=tuple(windows),
        clerks=tuple(clerks),
    )


def _name(hall_id: str, index: int) -> str:
    """A name that is the same at every installation."""
    seed = sum(hall_id.encode()) * 31 + index * 7
    first, given = load().surnames, load().given_names
    return first[seed % len(first)] + given[(seed * 13 + index) % len(given)]
