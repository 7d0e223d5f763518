"""The demonstration's data folder: made or continued, with its accounts and devices."""

from __future__ import annotations

import math
import os
import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import msgspec
from sqlalchemy import func, select

from hall_app import install, settings
from hall_app.demo import city
from hall_app.demo.cases import left_lying
from hall_app.demo.opinions import complaints
from hall_app.demo.pace import first_morning, going_on
from hall_app.refused import Refused
from hall_core import tables
from hall_core.clock import from_millis, millis
from hall_core.credentials import DeviceKind, User, hash_secret, verify_secret
from hall_core.errors import Unauthorized
from hall_core.halls import SYSTEM, Hall
from hall_core.kernel import Kernel
from hall_core.secret import new_ticket_id
from hall_core.setup import EvaluationSettings, Settings
from hall_core.store import open_engine
from hall_displays.domain import ChangeNotices
from hall_evaluation.domain.commands import ChangeEvaluationSettings, NewCase, OpenCases
from hall_queue.domain.commands import ChangeSetup

FILE = "demo.json"
MANAGER = "大厅管理员（模拟）"
WINDOWS_A_KIOSK = 12
WHOLE = "qinghe"  # the county centre, which has one device of every kind
DESK = 2  # its window whose PC has a button box, in the place of a pad, and a caller
BEFORE = timedelta(days=5)  # the first morning: the Thursday on which the halls were furnished
PATIENCE_S = 20  # real: a look at the picture every 5 s, two to be sure
ASK_S = 120  # simulated: a quick day would be over a real person's pad in a blink

# account -> (level in words, region whose halls it sees)
SUPERVISORS = {
    "city": ("市", "159900000000"),
    "county": ("县", "159921000000"),
    "township": ("乡", "159921101000"),
    "village": ("村", "159921101201"),
}


class Record(msgspec.Struct, kw_only=True):
    """What `demo.json` keeps: this folder is a demonstration's, and these are its keys."""

    simulation: bool
    admin_password: str
    supervisor_password: str
    begins: datetime | None = None  # the first simulated morning
    furnished: bool = False  # accounts were made and notices put up
    tokens: dict[str, dict[str, str]] = {}  # hall -> device -> token
    cameras: list[str] = []  # their ids, in the order of the views


class Folder:
    """One demonstration on disk."""

    def __init__(self, path: Path, record: Record) -> None:
        self.path = path
        self.record = record

    def keep(self) -> None:
        """Write `demo.json`, readable by its owner only."""
        part = self.path / f"{FILE}.part"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self.record), indent=1))
        part.replace(self.path / FILE)

    def starts(self, timezone: str) -> datetime:
        """The moment at which simulated time goes on, or begins."""
        last = _last_event(self.path)
        begins = self.record.begins
        if begins is None:
            begins = self.record.begins = first_morning(datetime.now(UTC) + BEFORE, timezone)
            self.keep()
        if last is None or last < begins:
            return begins
        return going_on(last, timezone)


async def prepare(path: Path, simulation: bool) -> Folder:
    """The demonstration in `path`, installed if it is not there yet.

    Raises:
        Refused: something else is in `path`, or a demonstration of the other kind.
    """
    if (path / FILE).exists():
        return _continued(path, simulation)
    if (path / settings.FILE).exists():
        raise Refused(f"{path} is an installation but no demonstration; choose another folder")
    _make(path)
    password = await install.fill(path, demo=True, always_open=not simulation)
    record = Record(
        simulation=simulation,
        admin_password=password,
        supervisor_password=secrets.token_urlsafe(9),
    )
    folder = Folder(path, record)
    folder.keep()
    return folder


def _make(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    settings.write_default(path, listen="127.0.0.1")
    (path / "media").mkdir(exist_ok=True)


def _continued(path: Path, simulation: bool) -> Folder:
    try:
        record = msgspec.json.decode((path / FILE).read_bytes(), type=Record)
    except msgspec.DecodeError as error:
        raise Refused(f"{path / FILE} can't be read ({error}); choose another folder") from None
    if record.simulation != simulation:
        other = "without --no-simulation" if record.simulation else "with --no-simulation"
        raise Refused(f"{path} is a demonstration {other}; say the same, or choose another folder")
    return Folder(path, record)


def _last_event(path: Path) -> datetime | None:
    engine = open_engine(settings.database_url(settings.load(path), path))
    try:
        with engine.connect() as connection:
            last = connection.execute(select(func.max(tables.journal.c.at_ms))).scalar()
            return None if last is None else from_millis(last)
    finally:
        engine.dispose()


# --- accounts and devices, once the server runs ------------------------------------------------


async def furnish(kernel: Kernel, folder: Folder, speed: float) -> None:
    """A supervisor at each of the four levels, the public notices, rules that suit the speed, and a
    complaint that lies about; once."""
    if folder.record.furnished:
        return
    password_hash = hash_secret(folder.record.supervisor_password)
    for name, (_, region) in SUPERVISORS.items():
        await kernel.access.save_user(
            User(
                name=name,
                password_hash=password_hash,
                roles=("supervisor",),
                halls=None,
                regions=(region,),
                created_ms=millis(kernel.clock.now()),
            )
        )
    notices = ChangeNotices(notices=city.load().notices)
    rules = ChangeEvaluationSettings(settings=EvaluationSettings(ask_s=ASK_S, hold_s=ASK_S))
    for hall in kernel.halls.values():
        await hall.execute(notices, SYSTEM, lambda live, records: None)
        if folder.record.simulation:
            await hall.execute(rules, SYSTEM, lambda live, records: None)
            patience = msgspec.structs.replace(
                hall.committed["queue"].settings, suspect_steps_min=patience_min(speed)
            )
            await hall.execute(ChangeSetup(settings=patience), SYSTEM, lambda live, records: None)
    if folder.record.simulation:
        await _complain(kernel)
    folder.record.furnished = True
    folder.keep()


def patience_min(speed: float) -> tuple[int, int, int]:
    """After how many simulated minutes a window seems left. A camera's looks, and a busy machine,
    take real seconds, of which a quick day makes minutes."""
    usual = Settings().suspect_steps_min
    first = max(usual[0], math.ceil(PATIENCE_S * speed / 60))
    return first, first + usual[1] - usual[0], first + usual[2] - usual[0]


async def _complain(kernel: Kernel) -> None:
    """A complaint that nobody deals with for days, so that the first morning has a late one."""
    hall, now = kernel.hall(WHOLE), millis(kernel.clock.now())
    case_id = ""
    while not left_lying(case_id):
        case_id = f"c{new_ticket_id(now)}"
    said = next(one for one in complaints(Random(), True) if one.source == "opinion_box")
    note = secrets.token_hex(8)
    case = NewCase(case_id=case_id, kind="complaint", source=said.source, note=note)
    rows = [kernel.note_row(note, WHOLE, said.text, SYSTEM.name)]
    await hall.execute(OpenCases(cases=(case,)), SYSTEM, lambda live, records: None, None, rows)


_fits = cache(verify_secret)  # slow on purpose, and the supervisors share one


def password_shown(kernel: Kernel, name: str, password: str) -> str:
    """The password, or that it is no longer the one we know."""
    user = kernel.access.users.get(name)
    good = user is not None and _fits(user.password_hash, password)
    return password if good else "(changed since)"


async def equip(kernel: Kernel, folder: Folder, halls: list[str]) -> dict[str, dict[str, str]]:
    """Tokens of every simulated device in these halls; those that are lost are made anew."""
    kept = folder.record.tokens
    for hall_id in halls:
        tokens = kept.setdefault(hall_id, {})
        for name, kind, window, title in _devices(kernel.hall(hall_id)):
            if not await _known(kernel, tokens.get(name)):
                _, tokens[name] = await kernel.access.issue_token(kind, hall_id, window, title)
    folder.keep()
    return {hall_id: kept[hall_id] for hall_id in halls}


async def manager_token(kernel: Kernel, folder: Folder, hall_id: str) -> str:
    """The hall's simulated manager, also where nobody else is simulated."""
    tokens = folder.record.tokens.setdefault(hall_id, {})
    if not await _known(kernel, tokens.get("manager")):
        _, tokens["manager"] = await kernel.access.issue_token("admin", hall_id, None, MANAGER)
        folder.keep()
    return tokens["manager"]


async def _known(kernel: Kernel, token: str | None) -> bool:
    try:
        return token is not None and bool(await kernel.access.by_token(token))
    except Unauthorized:
        return False


def _devices(hall: Hall) -> list[tuple[str, DeviceKind, int | None, str]]:
    """(name here, kind, window, name in the hall's list) of what a hall needs."""
    windows = sorted(hall.committed["queue"].posts)
    found: list[tuple[str, DeviceKind, int | None, str]] = [
        ("guide", "guide", None, "导办台（模拟）"),
        ("display", "display", None, "大厅屏（模拟）"),
        ("manager", "admin", None, MANAGER),
    ]
    for number in range(1, max(1, round(len(windows) / WINDOWS_A_KIOSK)) + 1):
        found.append((f"kiosk-{number}", "kiosk", None, f"{number}号取号机（模拟）"))
    for number in windows:
        found.append((f"counter-{number}", "counter", number, f"{number}号窗口（模拟）"))
        if (hall.info.id, number) != (WHOLE, DESK):
            found.append((f"pad-{number}", "pad", number, f"{number}号窗口评价器（模拟）"))
    return found
