"""What the regional system is told, and what its answers mean. Pure.

The interface's fields are those of integrators' deployed code (domain.md section 2); the standard
itself was not read. Two national code orders for satisfaction are opposite to one another, so a
rating is stored under a neutral name and mapped here, when it is sent, by the hall's `code_order`.
The interface has no field for the 办件类型, whose codes are reversed in one province as well.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from hall_core.errors import invalid
from hall_core.events import RatingLevel
from hall_core.setup import RelaySettings

CodeOrder = Literal["five_is_best", "one_is_best"]

FIVE_IS_BEST: dict[RatingLevel, int] = {
    "very_satisfied": 5,
    "satisfied": 4,
    "mostly_satisfied": 3,
    "dissatisfied": 2,
    "very_dissatisfied": 1,
}
CHANNELS = {"pad": "4", "phone": "3"}  # pf: 4 大厅平板, 3 二维码
ENDED = "3"  # proStatus: 完结; a citizen is asked when the service ended
PERSON = "1"  # userProp: a hall's tickets are taken by people
FIRST = "1"  # assessNumber: a service is rated once (一次一评)

BACKOFF_S = 5.0
BACKOFF_MAX_S = 600.0
JITTER = 0.5

URL_MAX = 500
TEXT_MAX = 60
TASKS_MAX = 2000
SECRET_MAX = 2000
REASON_MAX = 200


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """A rating with the names that belong to it, as it is sent."""

    ticket_id: str
    level: RatingLevel
    channel: str
    asked_at: datetime
    rated_at: datetime
    case_no: str | None = None
    service: str | None = None
    service_name: str = ""
    clerk_name: str = ""
    reasons: tuple[str, ...] = ()  # in words
    text: str = ""
    citizen: str = ""  # the name a citizen left to be called back by


def satisfaction(level: RatingLevel, order: CodeOrder) -> str:
    """The code of a level: 5 = 非常满意 in the rating interface, 1 in GB/T 39046-2020 A.8."""
    code = FIVE_IS_BEST[level]
    return str(code if order == "five_is_best" else 6 - code)


def delivery_id(hall_id: str, ticket_id: str) -> str:
    """The same for every attempt: who gets it twice knows it is one rating."""
    return f"{hall_id}-{ticket_id}"


def message(
    rating: Rating, settings: RelaySettings, hall_id: str, region: str, timezone: str
) -> dict[str, str]:
    """The fields of one rating. Phone and ID numbers are never among them."""
    zone = ZoneInfo(timezone)
    task = settings.tasks.get(rating.service or "")
    return {
        "evaluationId": delivery_id(hall_id, rating.ticket_id),
        "areaCode": settings.area_code or region,
        "deptCode": (task.dept if task else "") or settings.dept_code,
        "taskCode": task.code if task else rating.service or "",
        "taskHandleItem": task.item if task else "",
        "taskName": rating.service_name,
        "projectNo": rating.case_no or rating.ticket_id,
        "proStatus": ENDED,
        "userProp": PERSON,
        "userName": rating.citizen,
        "certKeyGOV": "",
        "proManager": rating.clerk_name,
        "promiseTime": "",
        "acceptDate": _local(rating.asked_at, zone),
        "pf": CHANNELS[rating.channel],
        "satisfaction": satisfaction(rating.level, settings.code_order),
        "evalDetail": "、".join(rating.reasons),
        "writingEvaluation": rating.text,
        "assessTime": _local(rating.rated_at, zone),
        "assessNumber": FIRST,
        "dataSource": settings.data_source,
    }


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


# --- answers -----------------------------------------------------------------------------------

Verdict = Literal["delivered", "refused", "retry", "locked_out"]
"""`locked_out`: the address or the credentials are wrong, which is no rating's fault."""


def verdict(status: int, attempts: int) -> Verdict:
    """What an answer with this HTTP status means for the attempt of this number (from 1).

    A repeated rating that meets 409 was stored by an attempt whose answer got lost. Redirects are
    not followed: the address was set by an administrator, not by whoever answers there.
    """
    if 200 <= status < 300 or (status == 409 and attempts > 1):
        return "delivered"
    if 300 <= status < 400 or status in (401, 403, 404, 405, 407):
        return "locked_out"
    if 400 <= status < 500 and status not in (408, 421, 423, 425, 429):
        return "refused"
    return "retry"


def backoff_s(failures: int, chance: float | None = None) -> float:
    """How long to wait after so many failures in a row: doubling, capped, and spread by up to
    half, so that the halls of a city do not come back all at once."""
    longest = min(BACKOFF_S * 2.0 ** min(failures - 1, 30), BACKOFF_MAX_S)
    return longest * (1 - JITTER * (random.random() if chance is None else chance))


def reason(text: str) -> str:
    """What the other side said, as one short line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:REASON_MAX]


# --- settings ----------------------------------------------------------------------------------


def check_settings(settings: RelaySettings) -> None:
    """Raises Invalid for settings that can't work."""
    _check_url(settings.url, required=settings.enabled)
    if not _is_header(settings.header):
        raise invalid(
            "header",
            "请求头名称应为字母、数字和连字符，如 Authorization。",
            "The header's name has letters, digits and hyphens only, like Authorization.",
        )
    for name in ("area_code", "dept_code", "data_source"):
        if len(getattr(settings, name)) > TEXT_MAX:
            raise invalid(
                name, f"最多 {TEXT_MAX} 个字符。", f"Please use at most {TEXT_MAX} characters."
            )
    if len(settings.tasks) > TASKS_MAX:
        raise invalid(
            "tasks", f"最多 {TASKS_MAX} 个事项。", f"There can be at most {TASKS_MAX} services."
        )
    for service, task in settings.tasks.items():
        where = f"tasks.{service}"
        if not 1 <= len(service) <= 40:
            raise invalid(where, "没有这个事项。", "There is no such service.")
        if not 1 <= len(task.code) <= TEXT_MAX:
            raise invalid(
                f"{where}.code",
                f"应为 1 到 {TEXT_MAX} 个字符。",
                f"Please enter a code of 1 to {TEXT_MAX} characters.",
            )
        if max(len(task.item), len(task.dept)) > TEXT_MAX:
            raise invalid(
                where, f"最多 {TEXT_MAX} 个字符。", f"Please use at most {TEXT_MAX} characters."
            )


def check_secret(secret: str) -> None:
    """Raises Invalid for what can't be the value of an HTTP header."""
    if len(secret) > SECRET_MAX or not secret.isascii() or not secret.isprintable():
        raise invalid(
            "secret",
            "密钥只能包含可见的英文字符。",
            "The secret can hold visible English characters only.",
        )


def _check_url(url: str, required: bool) -> None:
    if not url and not required:
        return
    wrong = invalid(
        "url",
        "请填写以 http:// 或 https:// 开头的地址，不含用户名和密码。",
        "Please enter an address that begins with http:// or https://, without user name and"
        " password.",
    )
    if len(url) > URL_MAX or not url.isprintable() or " " in url:
        raise wrong
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    plain = parts.username is None and parts.password is None and not parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain or port == 0:
        raise wrong


RESERVED = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})


def _is_header(name: str) -> bool:
    letters = name.replace("-", "")
    usual = letters.isascii() and letters.isalnum() and len(name) <= TEXT_MAX
    return usual and name.lower() not in RESERVED | {"idempotency-key"}
