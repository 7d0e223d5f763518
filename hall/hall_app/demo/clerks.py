"""Clerks: one at each window, who looks at the window and does what comes next.

A clerk remembers little: each step begins with what the window shows, so a command that was
refused, a person who took the counter over for a while, or a restart in the middle of a day need
no cases of their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hall_app.demo.floor import AT_WORK, SUSPECTED, Floor, Person
from hall_app.demo.habits import LUNCH, Break, Duty, Hours, reaction_s
from hall_app.demo.opinions import MATTERS, contact_of
from hall_app.demo.pace import Pace
from hall_app.demo.wire import Declined, Device

CAP = timedelta(minutes=75)  # after closing; then even a clerk with people waiting goes home
LOOK_UP_S = 240.0  # an idle clerk looks at the list now and then
QUICK = "短时离开"
UNRESOLVED = "X"
SPECIAL_REASON = "老人行动不便，已在窗口前"
HOLD_REASON = "补复印件"
EXCUSES = (
    "去档案室取材料，忘了留言。",
    "设备科来电，临时过去了一下。",
    "陪群众到自助区，走得急没留言。",
)


class _NotMine(Exception):
    """The window is no longer as this clerk thought: look again."""


class Clerk:
    """The clerk of one window, for one day."""

    def __init__(
        self,
        floor: Floor,
        pace: Pace,
        device: Device,
        clerk_no: str,
        stand_ins: Sequence[str],
        duty: Duty,
        hours: Hours,
        today: date,
        minutes: dict[str, float],
        rng: Random,
    ) -> None:
        assert device.window is not None
        self.window: int = device.window
        self._floor = floor
        self._pace = pace
        self._device = device
        self._clerk_no = clerk_no
        self._stand_ins = stand_ins
        self._duty = duty
        self._begins = [pace.at(today, at_s) for at_s in duty.begins]
        self._starts = [pace.at(today, start) for start, _ in hours]
        self._ends = [pace.at(today, until) for _, until in hours]
        self._breaks = deque((pace.at(today, b.at_s), b) for b in duty.breaks)
        self._minutes = minutes  # of each item, by name
        self._rng = rng
        self._back_at: datetime | None = None
        self._handed_over = False

    async def work(self) -> None:
        """The whole day."""
        while self._pace.now() < self._ends[-1] or self._view["state"] != "closed":
            if self._floor.taken(self.window):
                await self._pace.sleep(20)
                continue
            try:
                await self._step()
            except _NotMine:
                await self._pace.sleep(2)
            except Declined:
                await self._pace.sleep(self._rng.uniform(5, 15))

    @property
    def _view(self) -> dict[str, Any]:
        return self._floor.windows[self.window]

    async def _step(self) -> None:
        view = self._view
        if view["state"] == "closed":
            await self._closed()
        elif view["state"] == "away":
            await self._away(view)
        elif view["state"] == "calling":
            await self._attend(view)
        elif view["state"] == "serving":
            await self._serve(view)
        else:
            await self._open(view)

    async def _do(self, command: str, **fields: Any) -> dict[str, Any]:
        if self._floor.taken(self.window):
            raise _NotMine
        path = f"/halls/{self._device.hall}/windows/{self.window}/commands"
        answer: dict[str, Any] = await self._device.post(path, {"command": command, **fields})
        self._floor.saw_window(answer["window"], answer["version"])
        return answer

    def _check(self, number: str, state: str) -> None:
        view = self._view
        if view["ticket"] != number or view["state"] != state:
            raise _NotMine

    # --- coming and going ----------------------------------------------------------------------

    async def _closed(self) -> None:
        now = self._pace.now()
        for begin, end in zip(self._begins, self._ends, strict=True):
            if now < begin:
                await self._pace.until(begin)
                return
            if now < end:
                self._back_at, self._handed_over = None, False
                await self._do("open", clerk=self._clerk_no)
                return

    async def _away(self, view: dict[str, Any]) -> None:
        absence = view["absence"]
        back_at = self._back_at or datetime.fromisoformat(absence["expected_return"])
        await self._pace.until(back_at)
        if self._view["state"] == "away":
            await self._return()

    async def _return(self) -> None:
        self._floor.cover_wanted.discard(self.window)
        if self._handed_over:
            await self._do("handover", clerk=self._clerk_no)
        else:
            await self._do("return")
        self._back_at, self._handed_over = None, False

    async def _open(self, view: dict[str, Any]) -> None:
        now = self._pace.now()
        if self._back_is_due(view, now):
            await self._return()
        elif view["absence"] is None and not self._handed_over and view["signed_in"]:
            await self._do("sign_out", clerk=view["signed_in"][0]["clerk_no"])
        elif self._session_is_over(now):
            await self._after_session(view, now)
        elif self._breaks and self._breaks[0][0] <= now:
            await self._take_break(self._breaks.popleft()[1], now)
        else:
            await self._next_person(view)

    def _back_is_due(self, view: dict[str, Any], now: datetime) -> bool:
        """Whether who stands in is to be relieved."""
        if view["absence"] is None and not self._handed_over:
            return False
        if self._back_at is None and view["absence"] is not None:
            self._back_at = datetime.fromisoformat(view["absence"]["expected_return"])
        return self._back_at is not None and now >= self._back_at

    def _session_is_over(self, now: datetime) -> bool:
        """Within a break of the hall's day, or after closing."""
        if now >= self._ends[-1]:
            return True
        following = zip(self._ends, self._begins[1:], strict=False)
        return any(end <= now < begin - timedelta(minutes=5) for end, begin in following)

    async def _after_session(self, view: dict[str, Any], now: datetime) -> None:
        if now >= self._ends[-1]:
            await self._closing(view, now)
        elif view["absence"] is not None or (self._duty.lunch == "close" and not view["held"]):
            await self._do("close")
        else:
            index = next(i for i, begin in enumerate(self._begins) if begin > now)
            official = self._starts[index]
            await self._do("leave", reason=LUNCH, expected_return=official.isoformat())
            self._back_at = self._begins[index]

    async def _closing(self, view: dict[str, Any], now: datetime) -> None:
        """Everybody who holds a ticket is served; then the window closes."""
        patient = now < self._ends[-1] + CAP
        if view["held"] or (patient and self._floor.someone_waits(self.window)):
            await self._next_person(view, hurry=not patient)
        else:
            await self._do("close")

    # --- breaks --------------------------------------------------------------------------------

    async def _take_break(self, plan: Break, now: datetime) -> None:
        if plan.kind == "silent":
            await self._slip_out(plan.minutes)
            return
        back_at = now + timedelta(minutes=plan.minutes)
        notice = {
            "reason": plan.reason or QUICK,
            "destination": plan.destination,
            "expected_return": back_at.isoformat(),
        }
        stand_in = None
        if plan.kind in ("stand_in", "handover"):
            stand_in = self._free_stand_in()
        if stand_in is None:
            await self._do("leave", **notice)
            if plan.asks_cover:
                self._floor.cover_wanted.add(self.window)
                for neighbour in self._floor.neighbours(self.window):
                    self._floor.wake(neighbour)
        else:
            await self._make_way(stand_in, plan, notice)
        self._back_at = back_at + timedelta(minutes=plan.late_min)

    async def _slip_out(self, minutes: float) -> None:
        """Be away without a word, and say why when it was noticed."""
        floor = self._floor
        floor.slipped_out.add(self.window)
        await self._pace.sleep(minutes * 60)
        floor.slipped_out.discard(self.window)
        for alert in tuple(floor.alerts.values()):
            if (alert["kind"], alert["window"]) == (SUSPECTED, self.window):
                body = {"command": "explain", "text": self._rng.choice(EXCUSES)}
                await self._device.post(f"/alerts/{alert['alert_id']}/commands", body)

    async def _make_way(self, stand_in: str, plan: Break, notice: dict[str, str]) -> None:
        self._floor.stand_ins.add(stand_in)
        try:
            if plan.kind == "handover":
                await self._do("handover", clerk=stand_in)
                self._handed_over = True
            else:
                await self._do("sign_in", clerk=stand_in)
                await self._pace.sleep(20)
                await self._do("leave", backup_clerk=stand_in, **notice)
        finally:
            self._floor.stand_ins.discard(stand_in)

    def _free_stand_in(self) -> str | None:
        floor = self._floor
        for clerk_no in self._stand_ins:
            if clerk_no not in floor.stand_ins and not floor.at_a_window(clerk_no):
                return clerk_no
        return None

    # --- the next person -----------------------------------------------------------------------

    async def _next_person(self, view: dict[str, Any], hurry: bool = False) -> None:
        floor = self._floor
        held = self._held_and_back(view, hurry)
        if held is not None:
            await self._pace.sleep(reaction_s(self._rng))
            await self._call("unhold", number=held)
        elif await self._covered_somebody(view) or await self._out_of_turn():
            return
        elif floor.someone_waits(self.window):
            await self._pace.sleep(reaction_s(self._rng))
            if self._view["state"] == "open" and floor.someone_waits(self.window):
                answer = await self._call("call_next")
                if answer["ticket"] is None:
                    floor.nobody_waits(self.window)
        else:
            await floor.people_come(self.window, self._idle_s())

    async def _call(self, command: str, **fields: Any) -> dict[str, Any]:
        self._floor.stand_up(self.window)
        self._floor.press(self.window)
        return await self._do(command, **fields)

    def _idle_s(self) -> float:
        """How long an idle clerk sits before looking at the clock again."""
        now = self._pace.now()
        times = [at for at in (*self._ends, self._back_at) if at is not None and at > now]
        times += [at for at, _ in self._breaks]
        soonest = min(((at - now).total_seconds() for at in times), default=LOOK_UP_S)
        return max(1.0, min(LOOK_UP_S, soonest))

    def _held_and_back(self, view: dict[str, Any], hurry: bool) -> str | None:
        for number in view["held"]:
            person = self._floor.people.get(number)
            if hurry or person is None or person.is_back:
                return str(number)
        return None

    async def _covered_somebody(self, view: dict[str, Any]) -> bool:
        floor = self._floor
        if view["covers"] is not None:
            return False
        for number in floor.neighbours(self.window):
            other = floor.windows[number]
            wanted = number in floor.cover_wanted and other["state"] == "away"
            if wanted and other["covered_by"] is None:
                floor.cover_wanted.discard(number)
                await self._do("cover", window=number)
                return True
        return False

    async def _out_of_turn(self) -> bool:
        for prefix in self._floor.prefixes(self.window):
            asking = self._floor.specials.get(prefix)
            while asking:
                person = self._floor.people.get(asking.popleft())
                if person is not None and person.state == "waiting":
                    await self._pace.sleep(reaction_s(self._rng))
                    await self._call("call_specific", number=person.number, reason=SPECIAL_REASON)
                    return True
        return False

    async def _attend(self, view: dict[str, Any]) -> None:
        """Wait for who was called, call again twice, give up."""
        floor, number = self._floor, view["ticket"]
        recalls_left = max(0, 3 - view["ticket_detail"]["call_count"])
        while not await floor.sits(self.window, number, self._rng.uniform(35, 55)):
            self._check(number, "calling")
            if recalls_left == 0:
                await self._do("no_show")
                return
            recalls_left -= 1
            await self._do("recall")
        await self._pace.sleep(self._rng.uniform(2, 6))
        self._check(number, "calling")
        await self._do("start")

    # --- service -------------------------------------------------------------------------------

    async def _serve(self, view: dict[str, Any]) -> None:
        number, detail = view["ticket"], view["ticket_detail"]
        person = self._floor.people.get(number)
        if person is None:  # took the ticket before we came, or is a real one
            await self._talk(number, 60 * self._minutes.get(detail["service"], 8.0))
            await self._end()
        elif person.service != person.visit.service and await self._wrong_window(number, person):
            return
        else:
            course, person.course = person.course, "plain"
            await self._serve_person(number, person, course)

    async def _serve_person(self, number: str, person: Person, course: str) -> None:
        if course == "hold":
            await self._talk_to(number, person, 0.3)
            person.is_back = False
            await self._do("hold", reason=HOLD_REASON)
        elif course == "transfer" and (target := self._transfer_target()):
            await self._talk(number, self._rng.uniform(60, 180))
            await self._do("transfer", **target)
        elif course == "goes_on" and (queue := self._other_queue()):
            await self._talk_to(number, person, 1.0)
            person.stays, person.left_s = True, self._rng.uniform(240, 600)
            await self._end(next_queue=queue)
        elif course == "slip":
            await self._talk_to(number, person, 0.4)
            person.stays = True
            await self._end()
            try:
                await self._do("undo")
            except Declined:  # too late; it stays finished
                person.inbox.put_nowait(("service_finished", {}))
        else:
            await self._talk_to(number, person, 1.0)
            if person.queue == UNRESOLVED and self._rng.random() < 0.5:
                await self._write_down()
            await self._end(case_no=self._case_no())
        self._floor.stand_up(self.window)

    async def _write_down(self) -> None:
        """What could not be got done, at the 办不成事 window."""
        matter = {"text": self._rng.choice(MATTERS), "contact": contact_of(self._rng)}
        await self._device.post(f"/halls/{self._device.hall}/windows/{self.window}/matters", matter)

    async def _talk_to(self, number: str, person: Person, share: float) -> None:
        """Serve so much of what this person still needs."""
        seconds = person.left_s * share
        await self._talk(number, seconds)
        person.left_s -= seconds

    async def _talk(self, number: str, seconds: float) -> None:
        await self._pace.sleep(max(20.0, seconds))
        self._check(number, "serving")

    async def _end(self, **fields: Any) -> None:
        await self._do("finish", **{k: v for k, v in fields.items() if v is not None})
        self._floor.stand_up(self.window)

    def _case_no(self) -> str | None:
        """A number from the approval system, sometimes."""
        if self._rng.random() < 0.7:
            return None
        return f"15{self._pace.now():%y%m%d}{self._rng.randrange(10**6):06d}"

    async def _wrong_window(self, number: str, person: Person) -> bool:
        """The ticket is for another item: pass the person on to the right queue, if it is one."""
        person.service = person.visit.service
        prefix = self._floor.prefix_of.get(person.visit.service)
        if prefix is None or prefix in self._view["queues"] or not self._at_work(prefix):
            return False
        await self._talk(number, self._rng.uniform(40, 120))
        await self._do("transfer", queue=prefix)
        self._floor.stand_up(self.window)
        return True

    def _at_work(self, prefix: str) -> bool:
        queue = self._floor.queues.get(prefix)
        return queue is not None and len(queue["open_windows"]) > 0

    def _other_queue(self) -> str | None:
        if self._pace.now() > self._ends[-1] - timedelta(minutes=20):
            return None  # too late to send anybody on
        mine = self._view["queues"]
        found = [
            prefix
            for prefix in self._floor.queues
            if prefix not in mine and prefix != UNRESOLVED and self._at_work(prefix)
        ]
        return self._rng.choice(found) if found else None

    def _transfer_target(self) -> dict[str, Any] | None:
        queue = self._other_queue()
        if queue is not None and self._rng.random() < 0.6:
            return {"queue": queue}
        windows = [
            number
            for number, view in self._floor.windows.items()
            if view["state"] in AT_WORK and number != self.window
        ]
        return {"window": self._rng.choice(windows)} if windows else None
