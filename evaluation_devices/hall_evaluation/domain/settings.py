"""The manager's rules for ratings and cases: what they may be."""

from __future__ import annotations

import hashlib
import re
from string import Formatter
from typing import Final
from urllib.parse import urlsplit

import msgspec

from hall_core.errors import Conflict, invalid
from hall_core.events import EvaluationSettingsChanged, Event
from hall_core.features import Context
from hall_core.setup import EvaluationSettings, RatingReason
from hall_evaluation.domain.commands import ChangeEvaluationSettings, LearnSetup
from hall_evaluation.domain.state import EvaluationState
from hall_evaluation.domain.view import ever_reasons

BOUNDS: Final[dict[str, tuple[int, int]]] = {
    "ask_s": (10, 120),
    "hold_s": (5, 120),
    "thanks_s": (2, 30),
    "supplementary_days": (0, 15),
    "contact_days": (1, 15),
    "rectify_days": (1, 30),
    "last_days": (1, 60),
}
REASONS_MAX: Final = 12
PLACES: Final = frozenset({"token", "number", "window"})


def version_of(settings: EvaluationSettings) -> str:
    """Says whether they are still those that somebody was shown."""
    return hashlib.blake2b(msgspec.json.encode(settings), digest_size=8).hexdigest()


def decide_settings(
    state: EvaluationState, command: ChangeEvaluationSettings, ctx: Context
) -> list[Event]:
    """Raises:
    Conflict: somebody else changed them meanwhile.
    Invalid: names the field that does not fit.
    """
    settings = command.settings
    if command.version is not None and command.version != version_of(state.settings):
        raise Conflict(
            "setup_changed", "设置刚刚被另一位管理员修改过，本次没有保存；请查看最新内容后再改。"
        )
    for name, (low, high) in BOUNDS.items():
        if not low <= getattr(settings, name) <= high:
            raise invalid(
                name, f"应在 {low} 到 {high} 之间。", f"Please enter a number from {low} to {high}."
            )
    if settings.last_days < max(settings.contact_days, settings.rectify_days):
        raise invalid(
            "last_days",
            "最长期限不能短于联系和整改的期限。",
            "This cannot be shorter than the days for contact and rectify.",
        )
    if len(settings.voice) > 60:
        raise invalid(
            "voice", "语音提示最多 60 个字。", "The spoken words can have at most 60 characters."
        )
    _check_url(settings)
    _check_reasons(settings.reasons)
    kept = {reason.id for reason in settings.reasons}
    _check_removed_ids(state, settings.reasons)
    removed = tuple(reason for reason in state.settings.reasons if reason.id not in kept)
    return [EvaluationSettingsChanged(settings=settings, removed_reasons=removed)]


def _check_removed_ids(state: EvaluationState, reasons: tuple[RatingReason, ...]) -> None:
    """A reason that was removed may come back; in other words it would rewrite what was rated."""
    there = {reason.id for reason in state.settings.reasons}
    ever = ever_reasons(state)
    for index, reason in enumerate(reasons):
        before = ever.get(reason.id)
        if before is not None and reason.id not in there and reason.text != before.text:
            raise invalid(
                f"reasons[{index}].id",
                f"编号 {reason.id} 属于已删除的原因“{before.text}”，请换一个编号。",
                f"The id {reason.id} was that of a reason removed since. Please choose another.",
            )


def decide_learn(state: EvaluationState, command: LearnSetup, ctx: Context) -> list[Event]:
    """Entries that are told again replace themselves: nothing changes for anybody else."""
    return [] if state.windows else [command.setup]


def _check_url(settings: EvaluationSettings) -> None:
    url = settings.url
    if not url:
        if settings.mode == "url":
            raise invalid(
                "url",
                "请填写要打开的评价页面地址。",
                "Please enter the address of the rating page to open.",
            )
        return
    try:
        parts = urlsplit(url)
        names = {name for _, name, _, _ in Formatter().parse(url) if name is not None}
    except ValueError:
        raise invalid("url", "不是有效的网址。", "This is not a valid address.") from None
    if len(url) > 500 or parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid(
            "url",
            "应为 http 或 https 开头的网址，最多 500 个字符。",
            "Please enter an address that begins with http or https, of at most 500 characters.",
        )
    if not names <= PLACES:
        raise invalid(
            "url",
            "花括号里只能写 token、number、window。",
            "Braces may only hold token, number or window.",
        )


def _check_reasons(reasons: tuple[RatingReason, ...]) -> None:
    if len(reasons) > REASONS_MAX:
        raise invalid(
            "reasons",
            f"最多 {REASONS_MAX} 条原因。",
            f"There can be at most {REASONS_MAX} reasons.",
        )
    words: set[str] = set()
    for index, reason in enumerate(reasons):
        where = f"reasons[{index}]"
        if not re.fullmatch(r"[a-z0-9_-]{1,20}", reason.id):
            raise invalid(
                f"{where}.id",
                "编号应为 1 到 20 个小写字母、数字、- 或 _。",
                "An id has 1 to 20 lowercase letters, digits, - or _.",
            )
        if not 1 <= len(reason.text.strip()) <= 20 or len(reason.text_en) > 60:
            raise invalid(
                f"{where}.text",
                "中文 1 到 20 个字，英文最多 60 个字符。",
                "Please use 1 to 20 characters for the Chinese and at most 60 for the English.",
            )
        if {reason.id, reason.text} & words:
            raise invalid(
                where,
                "和前面的一条重复。",
                "This is the same as a reason above. Please change or remove it.",
            )
        words |= {reason.id, reason.text}
