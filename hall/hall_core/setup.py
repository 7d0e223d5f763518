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


class Session(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, cache_hash=True
):
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
    closed_on_holidays: bool = True  # announced days off; worked weekends have Monday's sessions
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
    suspect_steps_min: tuple[int, int, int] = (5, 10, 15)  # the same, of a window that seems left
    appointment_slot_min: int = 30
    appointments_per_slot: int = 4  # of one queue
    appointment_early_min: int = 15  # check-in before the slot begins ...
    appointment_late_min: int = 15  # ... and after it has ended
    stop_when_full: bool = True  # the kiosk stops a queue whose likely service passes closing
    public_url: str = ""  # without it no QR is printed and nothing depends on a phone


class RatingReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to tick beside a bad level. `id` stays when the words change."""

    id: str
    text: str
    text_en: str = ""


class EvaluationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hall's rules for ratings (好差评) and for the cases that bad ones open.

    Working days are counted from the day after. No national rule sets the days of the cases: 1 to
    contact, 5 to rectify and 15 at most are defaults (domain.md section 2).
    """

    ask_s: int = 30  # how long a pad asks
    hold_s: int = 15  # not cut off before by the next call
    thanks_s: int = 6
    mode: Literal["own", "url"] = "own"  # url: the province's own page opens instead
    url: str = ""  # with {token}, {number} and {window}
    voice: str = "请您对本次服务进行评价"  # said once; the levels never are
    free_text: bool = True
    reasons: tuple[RatingReason, ...] = (
        RatingReason(id="attitude", text="服务态度不好", text_en="Unfriendly service"),
        RatingReason(id="waiting", text="等候时间过长", text_en="Waited too long"),
        RatingReason(id="skill", text="业务不熟练", text_en="Staff unsure of the matter"),
        RatingReason(id="papers", text="材料反复补交", text_en="Asked for papers again and again"),
        RatingReason(id="place", text="环境设施不便", text_en="Place or equipment"),
        RatingReason(id="other", text="其他", text_en="Something else"),
    )
    supplementary_days: int = 5  # working days after the ordinary time; 0: not allowed
    contact_days: int = 1
    rectify_days: int = 5
    last_days: int = 15


class RelayTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the regional system calls one of our services."""

    code: str  # taskCode
    item: str = ""  # taskHandleItem
    dept: str = ""  # deptCode, where it is not the hall's


class RelaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a hall's ratings are passed on to. The value of `header` is a secret and not here."""

    enabled: bool = False
    url: str = ""
    header: str = "Authorization"
    code_order: Literal["five_is_best", "one_is_best"] = "five_is_best"
    area_code: str = ""  # "" : the hall's region
    dept_code: str = ""
    data_source: str = ""
    tasks: dict[str, RelayTask] = {}  # by service id


class CameraZone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where on a camera's picture the staff of `window` are: a polygon, x and y in 0…1."""

    window: int
    polygon: tuple[tuple[float, float], ...]


class CameraSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds of 视频质量诊断 for one camera, beside which its measures are shown.

    A threshold of 0 switches its check off (a camera on patrol moves; that is no fault).
    """

    black_mean: float = 20.0  # gray 0…255: darker on average, and as even as it is dark
    frozen_s: int = 60  # pictures arrive and not one point of them changes
    blurred_ratio: float = 0.2  # sharpness for its contrast, against the learned view
    covered_share: float = 0.4  # of the view's detail that is gone
    moved_share: float = 0.5  # of the view's edges found where they were, at least
    clock_wrong_s: int = 60  # the camera's clock against the worker's
    width: int = 0  # what the picture should measure; 0: whatever it does
    height: int = 0
    lasts_s: int = 10  # how long a fault must last to count, and to be over


class HallInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Who a hall is. Changes only by an administrator of the city."""

    id: str
    name: str
    name_en: str = ""
    region: str  # Region.code
    level: Level
    timezone: str = "Asia/Shanghai"
