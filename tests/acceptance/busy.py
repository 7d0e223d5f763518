"""A busy morning of a demonstration hall, the same every time.

`morning` lets a Tuesday pass minute by minute from 08:30 on: people take tickets, clerks call,
start and finish, some people do not turn up, some are put on hold. Then `arrange` puts up what a
picture should show: clerks away with their notices, one overdue, one covered by a neighbour, one
whose B post carries on. Everything goes over the API, on a clock that only moves when told to.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from hall_core.clock import ManualClock
from hall_core.setup import Service
from hall_queue.domain.state import QueueState
from tests.support import HALL, Client, HallServer

OPENING = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)  # Tuesday 08:30 in Qinghe
PEOPLE_A_MINUTE = 0.085  # to each window
AT_THE_DOOR = 1.5  # people waiting at opening, to each window
HURRY = 0.7  # a clerk's minutes for a service, of those that were planned
STAY_CLOSED = {5, 11, 25, 30}  # of Qinghe's windows
FORGETS = 8  # the window whose clerk leaves for ten minutes and does not come back
FORGETS_BEFORE = 45  # minutes before the end
NOTICES = [
    {
        "id": "hours",
        "title": "服务时间",
        "body": "周一至周五 08:30–12:00、14:30–17:30；周六 09:00–12:00、15:00–17:00（预约办理）。\n"
        "咨询电话 0499-8921000，投诉电话 12345。办不成的事，请到31号窗口反映。",
        "seconds": 20,
    },
    {
        "id": "pension",
        "title": "养老保险待遇资格认证",
        "body": "2026年度认证已经开始，可以在手机上办理，也可以带身份证到6至11号窗口。"
        "行动不便的老人可以预约上门认证。",
        "seconds": 20,
    },
]


def clock_at(hour: int = 8, minute: int = 30) -> ManualClock:
    """A clock of that Tuesday, in the hall's zone."""
    return ManualClock(OPENING + timedelta(hours=hour - 8, minutes=minute - 30))


async def morning(server: HallServer, clock: ManualClock, minutes: int, *halls: str) -> None:
    """Let it be so many minutes after opening on a busy day, in Qinghe unless told."""
    floors = [await _Floor.open(server, hall) for hall in halls or (HALL,)]
    for minute in range(minutes):
        for floor in floors:
            await floor.minute(minute, minutes - minute, clock)
        clock.advance(seconds=60)
    clock.advance(seconds=20)


async def arrange(server: HallServer, clock: ManualClock) -> None:
    """Qinghe with one of everything that may be on a screen, a few minutes later."""
    state = _state(server, HALL)
    kiosk = await server.client("kiosk")
    for prefix in ("H", "S", "M", "E", "X"):  # enough people for the calls below
        while len(state.lines[prefix].ordinary) < 6:
            await kiosk.take(prefix)

    def back(minutes: float) -> str:
        return (clock.now() + timedelta(minutes=minutes)).isoformat()

    async def press(window: int, command: str, /, **more: Any) -> None:
        counter = await server.client("counter", HALL, window)
        answer = await counter.press(window, command, **more)
        assert answer.status == 200, (window, command, answer)

    async def free(window: int) -> None:
        post = state.posts[window]
        if post.state == "calling":
            await press(window, "start")
        if post.state == "serving":
            await press(window, "finish")

    async def call(window: int, *then: str) -> None:
        await free(window)
        await press(window, "call_next")
        for command in then:
            await press(window, command)

    for window in (3, 17, 21, 28, 31):
        await free(window)
    await press(3, "leave", reason="会议", contact="0499-8921003", destination="三楼会议室",
                expected_return=back(20))  # fmt: skip
    await press(17, "leave", reason="业务请示", contact="", expected_return=back(15))
    await press(28, "leave", reason="现场勘验", contact="值班室 0499-8921028 转 8012",
                destination="白泉镇东沟村宅基地审批现场", expected_return=back(70))  # fmt: skip
    await press(18, "cover", window=17)
    await press(21, "sign_in", clerk="B03")
    await press(21, "leave", reason="送件", contact="", expected_return=back(30),
                backup_clerk="B03")  # fmt: skip
    await call(2, "start")
    await call(24, "start")
    clock.advance(seconds=130)
    for window in (9, 4, 1, 22):  # the last one has two figures, which need more room
        await call(window)


class _Floor:
    """One hall: its desks, its doors, and chance."""

    def __init__(self, server: HallServer, hall: str) -> None:
        self._hall = hall
        self._state = _state(server, hall)
        self._chance = random.Random(f"{hall} 2026")
        self._services = _chances(self._state)
        self._desks: list[_Desk] = []
        self._kiosk: Client
        self._guide: Client

    @classmethod
    async def open(cls, server: HallServer, hall: str) -> Self:
        """Put up the notices and open the windows."""
        floor = cls(server, hall)
        floor._kiosk = await server.client("kiosk", hall)
        floor._guide = await server.client("guide", hall)
        admin = await server.client("admin", None)
        notices = await admin.post(f"/halls/{hall}/notices", {"notices": NOTICES})
        assert notices.status == 200, notices
        numbers = sorted(floor._state.posts)
        closed = STAY_CLOSED if hall == HALL else {n for n in numbers if n % 7 == 0}
        for number in numbers:
            if number not in closed:
                client = await server.client("counter", hall, number)
                desk = _Desk(number, client, hall, floor._state, floor._chance)
                await desk.press("open", clerk=f"{number:03d}")
                floor._desks.append(desk)
        return floor

    async def minute(self, minute: int, left: int, clock: ManualClock) -> None:
        """What the `minute`-th minute brings, so many before the end."""
        expected = len(self._state.posts) * (PEOPLE_A_MINUTE + (AT_THE_DOOR if not minute else 0))
        for _ in range(_poisson(self._chance, expected)):
            await self._take()
        for desk in self._desks:
            leaves = self._hall == HALL and desk.number == FORGETS and left <= FORGETS_BEFORE
            back = (clock.now() + timedelta(minutes=10)).isoformat()
            await desk.minute(minute, back if leaves else "")

    async def _take(self) -> None:
        services, weights = zip(*self._services, strict=True)
        service = self._chance.choices(services, weights)[0]
        green = self._chance.random() < 0.08
        await (self._guide if green else self._kiosk).take(
            hall=self._hall,
            queue=service.prefix,
            service=service.id,
            channel="guide_desk" if green else "kiosk",
            priority="green" if green else "normal",
            cases=2 if self._chance.random() < 0.06 else 1,
        )


class _Desk:
    """One window and its clerk, who works without a pause."""

    def __init__(
        self, number: int, client: Client, hall: str, state: QueueState, chance: random.Random
    ) -> None:
        self.number = number
        self._client = client
        self._hall = hall
        self._state = state
        self._chance = chance
        self._until = 0.0

    async def press(self, command: str, **more: Any) -> None:
        answer = await self._client.press(self.number, command, hall=self._hall, **more)
        assert answer.status == 200, (self.number, command, answer)

    async def minute(self, minute: int, leaves: str) -> None:
        """What this minute brings. `leaves`: who goes now says to be back then."""
        post, chance = self._state.posts[self.number], self._chance
        if post.state == "calling":
            if chance.random() < 0.05:
                await self.press("recall")
                await self.press("no_show")
                return
            await self.press("start")
            ticket = self._state.tickets[post.ticket or ""]
            service = self._state.services.get(ticket.service or "")
            planned = (service.minutes if service is not None else 10.0) * ticket.cases
            self._until = minute + max(2.0, chance.gauss(planned, planned * 0.3) * HURRY)
        elif post.state == "serving" and minute >= self._until:
            if chance.random() < 0.02 and not post.held:
                await self.press("hold", reason="等材料")
            else:
                await self.press("finish")
        elif post.state == "open" and leaves:
            await self.press("leave", reason="送件", contact="", expected_return=leaves)
        elif post.state == "open" and chance.random() < 0.8:
            await self.press("call_next")


def citizens_page(server: HallServer, state: str, queue: str = "") -> tuple[str, str]:
    """Number and token of whoever came last and is in this state (in this queue)."""
    tickets = reversed(_state(server, HALL).tickets.values())
    ticket = next(t for t in tickets if t.state == state and queue in ("", t.queue))
    return ticket.number, server.kernel.secret.ticket_token(ticket.ticket_id)


def _state(server: HallServer, hall: str) -> QueueState:
    """As committed; the same object as long as the server runs."""
    state: QueueState = server.hall(hall).committed["queue"]
    return state


def _chances(state: QueueState) -> list[tuple[Service, float]]:
    """Every service with how often it is asked for: more windows, more people."""
    windows = {
        prefix: sum(
            any(s.prefix == prefix for s in post.setup.queues) for post in state.posts.values()
        )
        for prefix in state.lines
    }
    return [(s, windows[s.prefix] / s.minutes) for s in state.services.values()]


def _poisson(chance: random.Random, mean: float) -> int:
    count, left = 0, chance.expovariate(1.0)
    while left < mean:
        count += 1
        left += chance.expovariate(1.0)
    return count
