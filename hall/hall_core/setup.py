"""What a hall is made of: its sessions, queues, services, windows, clerks and settings.

These are the nouns that every part of the product shares. They are configuration: they change
when a manager edits them (event `setup_changed`), never while a citizen is being served.
Rules about them live with the features; this file holds shapes and the few facts that are
true of the shapes alone. Unknown fields are refused: a misspelt rule must not pass for a rule.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["city", "county", "township", "village"]
"""市、县、乡、村 (domain: 四级监督)."""


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """An administrative region. `code` is the 12-digit statistical code."""

    code: str
    name: str
    level: Level
    parent: str | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One opening period of a day, local time `HH:MM`; `until` may be `24:00`.

    A day has sessions, not one closing time: a morning ticket survives lunch.
    """

    start: str
    until: str
    by_appointment: bool = False


class Queue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of people. `prefix` starts every number of it (H001)."""

    prefix: str
    name: str
    name_en: str = ""
    daily_limit: int | None = None
    sessions: tuple[Session, ...] | None = None  # None: the hall's own


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A 事项: what a citizen comes for. It names the queue it is served from."""

    id: str
    name: str
    prefix: str
    name_en: str = ""
    minutes: float = 10.0  # configured service time, until it has been measured
    case_type: str = "instant"
    id_required: bool = False
    green: bool = False  # the item itself belongs to the green channel (e.g. 残疾证)
    extended: bool = False  # 延时服务
    group: str = ""  # heading on the kiosk, when there are more items than buttons


class ServedQueue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A queue that a window serves; a lower `priority` is served first, equals are merged."""

    prefix: str
    priority: int = 1


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A 窗口. `kind` is general, issuing, unresolved or one_thing (domain: window types)."""

    number: int
    name: str
    name_en: str = ""
    kind: str = "general"
    queues: tuple[ServedQueue, ...] = ()
    phone: str = ""  # the desk number shown to citizens, never a private mobile
    low_counter: bool = False  # reachable from a wheelchair
    zone: str = ""  # 功能区; speakers announce by zone


class Clerk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A 窗口人员 with the card shown to citizens. Secrets (PIN) live elsewhere."""

    clerk_no: str
    name: str
    title: str = ""
    windows: tuple[int, ...] = ()
    stars: int = 0
    photo: str = ""  # file name below the hall's media folder


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hall's own rules. Every figure has its unit in its name."""

    week: dict[int, tuple[Session, ...]] = {}  # ISO weekday 1..7 -> sessions; absent: closed
    pin_required: bool = True
    greens_after_ordinary: int = 2  # one green channel call for every N ordinary ones
    recall_limit: int = 5
    no_show_after_calls: int = 2  # calls before no_show is offered
    no_show_after_s: int = 60
    no_show_after_green_s: int = 120
    no_show_wait: bool = True  # whether the two rules above apply
    missed_ticket: Literal["void", "parked"] = "parked"
    requeue_back: int = 3  # places back when a missed person turns up
    requeue_limit: int = 2
    tickets_per_person: int = 2  # open tickets per ID and queue
    green_age: int = 65  # years, from the ID card
    undo_s: int = 5
    absence_reasons: tuple[str, ...] = (
        "会议", "培训", "送件", "现场勘验", "业务请示", "就餐", "请假", "设备故障", "短时离开",
    )  # fmt: skip
    quick_absence_reason: str = "短时离开"
    quick_absence_min: int = 10
    overdue_steps_min: tuple[int, int, int] = (0, 10, 20)  # window, hall manager, supervision
    stop_when_full: bool = True  # the kiosk stops a queue whose likely service passes closing
    public_url: str = ""  # without it no QR is printed and nothing depends on a phone


class HallInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Who a hall is. Changes only by an administrator of the city."""

    id: str
    name: str
    name_en: str = ""
    region: str  # Region.code
    level: Level
    timezone: str = "Asia/Shanghai"
