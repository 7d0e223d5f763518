"""Deciding the manager's edits of the hall: what is allowed in a setup, and when.

Fields are named by key, as the manager knows the entries: windows.3.queues, settings.week.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Final, TypeVar

import msgspec

from hall_core.errors import Conflict, invalid
from hall_core.events import Event, SetupChanged
from hall_core.features import Command, Context
from hall_core.setup import Clerk, Queue, Service, Session, Settings, Window
from hall_queue.domain import sessions
from hall_queue.domain.commands import ChangeSetup
from hall_queue.domain.lookup import where
from hall_queue.domain.state import Appointment, QueueState

NAME_CHARS: Final = 40
ENGLISH_CHARS: Final = 80
WINDOW_KINDS: Final = ("general", "issuing", "unresolved", "one_thing")
MOST_WINDOWS: Final = 999
MOST_SESSIONS: Final = 6
MOST_REASONS: Final = 20

_PREFIX = re.compile(r"[A-Z]{1,2}")
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_CLERK_NO = re.compile(r"[0-9A-Za-z_-]{1,20}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_URL = re.compile(r"https?://[^\s/]\S*")

_FIGURES: Final[dict[str, tuple[int, int]]] = {
    "greens_after_ordinary": (1, 20),  # nought would let ordinary people starve
    "recall_limit": (1, 20),
    "no_show_after_calls": (1, 10),
    "no_show_after_s": (0, 900),
    "no_show_after_green_s": (0, 900),
    "requeue_back": (0, 50),
    "requeue_limit": (0, 10),
    "tickets_per_person": (1, 20),
    "green_age": (0, 150),
    "appointment_slot_min": (5, 240),
    "appointments_per_slot": (1, 100),
    "appointment_early_min": (0, 120),
    "appointment_late_min": (0, 120),
    "undo_s": (0, 60),
    "quick_absence_min": (1, 120),
}
"""Least and most of every figure of the settings."""


def decide_change_setup(state: QueueState, command: ChangeSetup, ctx: Context) -> list[Event]:
    if command.version is not None and command.version != state.setup_version:
        raise Conflict(
            "setup_changed", "设置刚刚被另一位管理员修改过，本次没有保存；请查看最新内容后再改。"
        )
    _check_keys(state, command)
    if command.settings is not None:
        _check_settings(command.settings)
    for queue in command.queues:
        _check_queue(queue)
    prefixes = _after(state.lines, command.queues, command.removed_queues, lambda q: q.prefix)
    for service in command.services:
        _check_service(service, prefixes)
    for window in command.windows:
        _check_window(window, prefixes)
    numbers = _after(state.posts, command.windows, command.removed_windows, lambda w: w.number)
    for clerk in command.clerks:
        _check_clerk(clerk, numbers)
        _check_never_anothers(state, clerk)
    _check_removed_queues(state, command)
    _check_removed_services(state, command)
    _check_removed_windows(state, command)
    _check_removed_clerks(state, command)
    return [
        SetupChanged(
            settings=command.settings,
            queues=command.queues,
            services=command.services,
            windows=command.windows,
            clerks=(*command.clerks, *_freed(state, command, numbers)),
            removed_queues=command.removed_queues,
            removed_services=command.removed_services,
            removed_windows=command.removed_windows,
            removed_clerks=command.removed_clerks,
            former_clerks=tuple(state.clerks[no] for no in command.removed_clerks),
        )
    ]


K = TypeVar("K", bound=Hashable)


def _after(
    now: Iterable[K], changed: Iterable[Any], removed: Iterable[K], key: Callable[[Any], K]
) -> set[K]:
    """The keys that there will be."""
    return (set(now) - set(removed)) | {key(entry) for entry in changed}


def _check_keys(state: QueueState, command: ChangeSetup) -> None:
    """Every entry once, nothing removed that is not there or is edited at the same time."""
    lists: tuple[tuple[str, list[Any], tuple[Any, ...], Iterable[Any]], ...] = (
        ("queues", [q.prefix for q in command.queues], command.removed_queues, state.lines),
        ("services", [s.id for s in command.services], command.removed_services, state.services),
        ("windows", [w.number for w in command.windows], command.removed_windows, state.posts),
        ("clerks", [c.clerk_no for c in command.clerks], command.removed_clerks, state.clerks),
    )
    for name, changed, removed, existing in lists:
        if len(set(changed)) < len(changed):
            raise invalid(
                name,
                "同一条目出现了两次，请只保留一条。",
                "The same entry is there twice. Please keep only one.",
            )
        for key in removed:
            if key not in existing or key in changed or removed.count(key) > 1:
                raise invalid(
                    f"removed_{name}",
                    f"要删除的“{key}”不存在或同时被修改，请核对。",
                    f"“{key}” is gone or is being changed too. Please check what to delete.",
                )


# --- settings ----------------------------------------------------------------------------------


def _check_settings(settings: Settings) -> None:
    if not any(settings.week.values()):
        raise invalid(
            "settings.week",
            "请至少为一天填写开放时间，否则大厅一直关闭。",
            "Please enter opening hours for at least one day, or the hall will stay closed.",
        )
    for weekday, day in settings.week.items():
        if not 1 <= weekday <= 7:
            raise invalid("settings.week", "星期应为1（周一）到7（周日）。")
        _check_sessions(day, f"settings.week.{weekday}")
    for name, (least, most) in _FIGURES.items():
        if not least <= getattr(settings, name) <= most:
            raise invalid(
                f"settings.{name}",
                f"应在{least}到{most}之间。",
                f"Please enter a number from {least} to {most}.",
            )
    steps = settings.overdue_steps_min
    if not 0 <= steps[0] <= steps[1] <= steps[2] <= 24 * 60:
        raise invalid(
            "settings.overdue_steps_min",
            "三级提醒的分钟数应依次不减。",
            "The minutes of the three steps must not decrease. Please change them.",
        )
    steps = settings.suspect_steps_min
    if not 1 <= steps[0] <= steps[1] <= steps[2] <= 24 * 60:
        raise invalid(
            "settings.suspect_steps_min",
            "三级提醒应从1分钟起，分钟数依次不减。",
            "The three steps must begin at 1 minute or more and must not decrease.",
        )
    _check_reasons(settings)
    url = settings.public_url
    if url and (len(url) > 200 or not _URL.fullmatch(url)):
        raise invalid(
            "settings.public_url",
            "应以 http:// 或 https:// 开头，可以留空。",
            "Please begin with http:// or https://, or leave this empty.",
        )


def _check_reasons(settings: Settings) -> None:
    reasons = settings.absence_reasons
    if not 1 <= len(reasons) <= MOST_REASONS or len(set(reasons)) < len(reasons):
        raise invalid(
            "settings.absence_reasons",
            f"请列出1到{MOST_REASONS}个不同的去向事由。",
            f"Please list 1 to {MOST_REASONS} different reasons for being away.",
        )
    for reason in reasons:
        _check_text(reason, "settings.absence_reasons", 1, 20)
    if settings.quick_absence_reason not in reasons:
        raise invalid(
            "settings.quick_absence_reason",
            "快捷事由应在去向事由列表中。",
            "Please choose the quick reason from the list of reasons for being away.",
        )


def _check_sessions(day: tuple[Session, ...], field: str) -> None:
    """In order, and not overlapping; one may begin when another ends."""
    if len(day) > MOST_SESSIONS:
        raise invalid(
            field,
            f"一天最多{MOST_SESSIONS}个时段。",
            f"A day can have at most {MOST_SESSIONS} sessions. Please remove some.",
        )
    before = 0
    for session in day:
        try:
            start = sessions.minute_of_day(session.start)
            until = sessions.minute_of_day(session.until)
        except ValueError:
            raise invalid(
                field, "时间应为 08:30 这样的格式。", "Please write times like 08:30."
            ) from None
        if start >= until:
            raise invalid(
                field,
                f"{session.start}到{session.until}：结束应晚于开始。",
                f"{session.start} to {session.until}: the end must be later than the start.",
            )
        if start < before:
            raise invalid(
                field,
                "时段应按先后排列，且不能重叠。",
                "Sessions must be in order and must not overlap. Please change them.",
            )
        before = until


# --- entries -----------------------------------------------------------------------------------


def _check_queue(queue: Queue) -> None:
    field = f"queues.{queue.prefix}"
    if not _PREFIX.fullmatch(queue.prefix):
        raise invalid(
            f"{field}.prefix",
            "号码前缀应为1到2个大写字母。",
            "The letter must be 1 or 2 capital letters.",
        )
    _check_names(queue, field)
    if queue.daily_limit is not None and not 1 <= queue.daily_limit <= 9999:
        raise invalid(
            f"{field}.daily_limit",
            "每日限号应在1到9999之间，不限请留空。",
            "The daily limit must be from 1 to 9999; leave it empty for no limit.",
        )
    if queue.sessions is not None:
        _check_sessions(queue.sessions, f"{field}.sessions")


def _check_service(service: Service, prefixes: set[str]) -> None:
    field = f"services.{service.id}"
    if not _ID.fullmatch(service.id):
        raise invalid(
            f"{field}.id",
            "事项编号应为小写字母、数字、下划线，最多40个字符。",
            "The code must be small letters, figures and underscores, at most 40 characters.",
        )
    _check_names(service, field)
    if service.prefix not in prefixes:
        raise invalid(
            f"{field}.prefix",
            f"没有队列“{service.prefix}”，请先建立队列。",
            f"There is no queue “{service.prefix}”. Please make the queue first.",
        )
    if not 0.5 <= service.minutes <= 480:
        raise invalid(
            f"{field}.minutes",
            "办理分钟数应在0.5到480之间。",
            "The usual time must be from 0.5 to 480 minutes.",
        )
    _check_text(service.case_type, f"{field}.case_type", 1, 20)
    _check_text(service.group, f"{field}.group", 0, NAME_CHARS)


def _check_window(window: Window, prefixes: set[str]) -> None:
    field = f"windows.{window.number}"
    if not 1 <= window.number <= MOST_WINDOWS:
        raise invalid(
            f"{field}.number",
            f"窗口号应在1到{MOST_WINDOWS}之间。",
            f"The window number must be from 1 to {MOST_WINDOWS}.",
        )
    _check_names(window, field)
    if window.kind not in WINDOW_KINDS:
        raise invalid(f"{field}.kind", f"窗口类型应为 {'、'.join(WINDOW_KINDS)} 之一。")
    served = [queue.prefix for queue in window.queues]
    if len(set(served)) < len(served):
        raise invalid(
            f"{field}.queues", "同一队列只能列一次。", "Please list each queue only once."
        )
    for queue in window.queues:
        if queue.prefix not in prefixes:
            raise invalid(
                f"{field}.queues",
                f"没有队列“{queue.prefix}”，请先建立队列。",
                f"There is no queue “{queue.prefix}”. Please make the queue first.",
            )
        if not 1 <= queue.priority <= 9:
            raise invalid(
                f"{field}.queues",
                "队列优先级应在1到9之间。",
                "The level of a queue must be from 1 to 9.",
            )
    _check_text(window.phone, f"{field}.phone", 0, 30)
    _check_text(window.zone, f"{field}.zone", 0, 20)


def _check_clerk(clerk: Clerk, numbers: set[int]) -> None:
    field = f"clerks.{clerk.clerk_no}"
    if not _CLERK_NO.fullmatch(clerk.clerk_no):
        raise invalid(
            f"{field}.clerk_no",
            "工号应为1到20个字母或数字。",
            "The staff number must be 1 to 20 letters or figures.",
        )
    _check_text(clerk.name, f"{field}.name", 1, NAME_CHARS)
    _check_text(clerk.title, f"{field}.title", 0, NAME_CHARS)
    _check_text(clerk.photo, f"{field}.photo", 0, 80)
    if not 0 <= clerk.stars <= 5:
        raise invalid(f"{field}.stars", "星级应在0到5之间。", "The stars must be from 0 to 5.")
    for number in clerk.windows:
        if number not in numbers:
            raise invalid(
                f"{field}.windows",
                f"没有{number}号窗口，请核对。",
                f"There is no window {number}. Please check it.",
            )


def _check_never_anothers(state: QueueState, clerk: Clerk) -> None:
    """Ratings, cases and figures stay under a number: whoever got it would inherit them."""
    former = state.removed_clerks.get(clerk.clerk_no)
    if former is not None and former != clerk.name:
        raise invalid(
            f"clerks.{clerk.clerk_no}.clerk_no",
            f"这个工号以前是{former}的，其办件和评价仍记在该工号名下，请换一个工号；"
            "如果是同一个人回来，请填写原来的姓名。",
            f"This number was {former}'s, whose work and ratings stay under it. Please choose "
            "another number; if it is the same person, please give the name as it was.",
        )


def _check_names(entry: Queue | Service | Window, field: str) -> None:
    _check_text(entry.name, f"{field}.name", 1, NAME_CHARS)
    _check_text(entry.name_en, f"{field}.name_en", 0, ENGLISH_CHARS)


def _check_text(text: str, field: str, least: int, most: int) -> None:
    if len(text.strip()) < least:
        raise invalid(field, "不能为空。", "Please fill this in.")
    if _CONTROL.search(text):
        raise invalid(
            field,
            "不能有换行、制表符等控制字符，请重新输入。",
            "Please remove line breaks, tabs and other control characters.",
        )
    if len(text) > most:
        raise invalid(
            field, f"最多{most}个字，请缩短。", f"Please shorten this to at most {most} characters."
        )


# --- removals ----------------------------------------------------------------------------------


def _check_removed_queues(state: QueueState, command: ChangeSetup) -> None:
    removed = set(command.removed_queues)
    if not removed:
        return
    for ticket in state.tickets.values():
        if ticket.queue in removed and ticket.is_open:
            name = state.lines[ticket.queue].setup.name
            raise Conflict(
                "queue_in_use",
                f"“{name}”还有未办完的号（如{ticket.number}），请先办完或清空再删除。",
            )
    _require_unbooked(state, lambda booked: booked.queue in removed)
    windows = {number: post.setup for number, post in state.posts.items()}
    windows.update((window.number, window) for window in command.windows)
    for number, window in windows.items():
        if number not in command.removed_windows and any(
            queue.prefix in removed for queue in window.queues
        ):
            raise invalid(
                "removed_queues",
                f"{number}号窗口还在办理该队列，请先调整窗口。",
                f"Window {number} still serves this queue. Please change the window first.",
            )
    services = dict(state.services)
    services.update((service.id, service) for service in command.services)
    for service_id, service in services.items():
        if service_id not in command.removed_services and service.prefix in removed:
            raise invalid(
                "removed_queues",
                f"事项“{service.name}”还在该队列，请先调整事项。",
                f"“{service.name}” still belongs to this queue. Please change the service first.",
            )


def _check_removed_services(state: QueueState, command: ChangeSetup) -> None:
    removed = set(command.removed_services)
    if removed:
        _require_unbooked(state, lambda booked: booked.service in removed)


def _require_unbooked(state: QueueState, concerned: Callable[[Appointment], bool]) -> None:
    """Raises Conflict while somebody has an appointment for what is to be removed."""
    days = sorted(
        booked.day
        for booked in state.appointments.values()
        if booked.state == "booked" and concerned(booked)
    )
    if days:
        when = days[0] if days[0] == days[-1] else f"{days[0]}至{days[-1]}"
        raise Conflict(
            "appointments_booked",
            f"还有{len(days)}个预约（{when}），请先在导办台取消并告知本人，再删除。",
        )


def _check_removed_windows(state: QueueState, command: ChangeSetup) -> None:
    for number in command.removed_windows:
        post = state.posts[number]
        if post.state != "closed":
            raise Conflict("window_in_use", f"{number}号窗口未关闭，请先关闭再删除。")
        if post.covered_by is not None:
            raise Conflict(
                "window_in_use", f"{number}号窗口正由{post.covered_by}号窗口顶岗，请先结束顶岗。"
            )


def _freed(state: QueueState, command: ChangeSetup, numbers: set[int]) -> Iterator[Clerk]:
    """Clerks of windows that go, without them: else no later change of theirs would be right."""
    if not command.removed_windows:
        return
    changed = {clerk.clerk_no for clerk in command.clerks} | set(command.removed_clerks)
    for clerk_no, clerk in state.clerks.items():
        kept = tuple(number for number in clerk.windows if number in numbers)
        if clerk_no not in changed and kept != tuple(clerk.windows):
            yield msgspec.structs.replace(clerk, windows=kept)


def _check_removed_clerks(state: QueueState, command: ChangeSetup) -> None:
    absent = {
        absence.clerk: number for number, post in state.posts.items() for absence in post.notices
    }
    for clerk_no in command.removed_clerks:
        at = where(state, clerk_no)
        number = at.setup.number if at is not None else absent.get(clerk_no)
        if number is not None:
            name = state.clerks[clerk_no].name
            raise Conflict("clerk_in_use", f"{name}还在{number}号窗口，请先关闭或移交该窗口。")


DECIDERS: Final[dict[type[Command], Callable[[QueueState, Any, Context], list[Event]]]] = {
    ChangeSetup: decide_change_setup,
}
