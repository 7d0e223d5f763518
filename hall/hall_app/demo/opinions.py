"""What people think of the service, and what they complain of: pure, the same for the same seed."""

from __future__ import annotations

from random import Random
from typing import Any, Literal

import msgspec

from hall_app.demo.habits import one_of
from hall_core.events import RatingLevel

SILENT = 0.35  # press nothing at the window
LATER = 0.12  # of the silent: rate at home, on the phone

_LEVELS: dict[RatingLevel, float] = {
    "very_satisfied": 0.71,
    "satisfied": 0.21,
    "mostly_satisfied": 0.05,
    "dissatisfied": 0.02,
}
_REMARKS: dict[str, tuple[str, ...]] = {
    "attitude": ("问了两遍才回答，语气很不耐烦。", "说话声音很冲。"),
    "waiting": ("前面只有几个人，等了快一个小时。", "叫号半天不动，也没人解释。"),
    "skill": ("工作人员不熟悉这项业务，来回问了三个人。",),
    "papers": ("第三次来了，每次都说还差一份材料。", "网上写的材料清单和窗口说的不一样。"),
    "place": ("空调太冷，座位也不够。",),
    "other": ("",),
}


class Opinion(msgspec.Struct, frozen=True):
    """One rating. `after_s`: from the question to the press, or to the phone page."""

    level: RatingLevel
    where: Literal["window", "phone"]
    after_s: float
    reasons: tuple[str, ...] = ()
    text: str = ""
    contact: dict[str, str] | None = None

    def body(self, token: str) -> dict[str, Any]:
        """The request that says so."""
        body: dict[str, Any] = {"token": token, "level": self.level}
        if self.reasons:
            body.update(reasons=self.reasons, text=self.text)
        if self.contact is not None:
            body["contact"] = self.contact
        return body


def opinion(rng: Random) -> Opinion | None:
    """What somebody says whose service has just ended; None: nothing."""
    where: Literal["window", "phone"] = "window"
    if rng.random() < SILENT:
        if rng.random() >= LATER:
            return None
        where = "phone"
    after_s = rng.uniform(3, 14) if where == "window" else rng.uniform(600, 5400)
    level: RatingLevel = one_of(rng, _LEVELS, "very_dissatisfied")
    if level not in ("dissatisfied", "very_dissatisfied"):
        return Opinion(level, where, after_s)
    reasons = tuple(rng.sample(list(_REMARKS), rng.choice((1, 1, 2))))
    text = rng.choice(_REMARKS[reasons[0]]) if rng.random() < 0.7 else ""
    contact = contact_of(rng) if rng.random() < 0.4 else None
    return Opinion(level, where, after_s + rng.uniform(5, 20), reasons, text, contact)


def contact_of(rng: Random) -> dict[str, str]:
    """Somebody who is nobody: no operator has numbers that begin with 100."""
    return {"name": rng.choice("赵钱孙李周吴") + "某", "phone": f"100{rng.randrange(10**8):08d}"}


class Complaint(msgspec.Struct, frozen=True):
    """What comes in otherwise, at `at_s` of the day."""

    at_s: float
    source: Literal["telephone", "opinion_box", "hotline"]
    text: str
    contact: dict[str, str] | None


_COMPLAINTS: dict[Literal["telephone", "opinion_box", "hotline"], tuple[str, ...]] = {
    "telephone": (
        "打电话咨询时说材料齐了，到窗口又说少一份承诺书，白跑一趟。",
        "办理进度三天没有更新，电话一直占线。",
    ),
    "opinion_box": (
        "老年人优先的牌子太小，希望有人主动引导。",
        "复印机坏了一周，只能到外面复印。",
    ),
    "hotline": ("上午十一点半以后多个窗口没有人，排队的人没有人管。",),
}

MATTERS = (
    "房屋没有不动产证，孩子的户口落不下来，两个部门都说该对方先办。",
    "原单位注销多年，社保补缴的证明无处可开。",
    "外地结婚登记档案查不到，更正姓名办不成。",
)
"""What the 办不成事 window hears."""


def complaints(rng: Random, busy: bool) -> list[Complaint]:
    """A day's complaints, in order. `busy`: by telephone and in the opinion box every day;
    elsewhere seldom any."""
    sources = list(_COMPLAINTS)
    chosen = ["telephone", "opinion_box"] if busy else [s for s in sources if rng.random() < 0.1]
    return sorted(
        (
            Complaint(
                at_s=rng.uniform(8.5, 9.0) * 3600,
                source=source,
                text=rng.choice(_COMPLAINTS[source]),
                contact=None if source == "opinion_box" else contact_of(rng),
            )
            for source in sources
            if source in chosen
        ),
        key=lambda complaint: complaint.at_s,
    )
