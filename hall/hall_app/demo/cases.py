"""The desk that complaints come to: notes them down, calls back, sees to it, closes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hall_app.demo.floor import Floor
from hall_app.demo.opinions import Complaint
from hall_app.demo.pace import Pace
from hall_app.demo.wire import Declined, Device

EVERY = timedelta(minutes=10)
STEP = 0.4  # of the cases, each time
LEFT_LYING = 0.2  # of the cases: found again only some time after their deadline
FOUND_AGAIN = timedelta(days=4)
WHO = ("投诉受理 周敏", "值班长 何建国", "督导 孙丽")
CALLED = ("已致电说明情况并道歉，群众表示理解。", "回访核实，群众补充了当天经过。")
SETTLED = ("当场更正，已告知群众一次办结。", "已提醒窗口人员，并向群众致歉。")
RECTIFY = ("修订材料清单，窗口逐一核对。", "调整午间值班，增加一名导办。")
EXPLAINED = "属政策规定，已书面说明依据。"


def left_lying(case_id: str) -> bool:
    """Whether this desk forgets a case for a while."""
    return Random(case_id).random() < LEFT_LYING


class CaseDesk:
    """One hall's complaints on one day."""

    def __init__(
        self,
        floor: Floor,
        pace: Pace,
        device: Device,
        today: date,
        complaints: Sequence[Complaint],
        rng: Random,
    ) -> None:
        self._floor = floor
        self._pace = pace
        self._device = device
        self._rng = rng
        self._complaints = [(pace.at(today, one.at_s), one) for one in complaints]
        self._next = pace.now()

    async def look(self) -> None:
        """Now and then: what has come in, and the next step of some cases."""
        now = self._pace.now()
        if now < self._next:
            return
        self._next = now + EVERY
        try:
            while self._complaints and self._complaints[0][0] <= now:
                await self._note(self._complaints.pop(0)[1])
            found = await self._device.get(f"/halls/{self._device.hall}/cases?limit=200")
        except Declined:
            return
        for case in found["cases"]:
            if self._rng.random() < STEP and not self._lies(case, now):
                await self._step(case)

    async def _note(self, complaint: Complaint) -> None:
        body: dict[str, Any] = {"source": complaint.source, "text": complaint.text}
        served = [view for view in self._floor.windows.values() if view["clerk"] is not None]
        if served and complaint.source == "telephone":
            view = self._rng.choice(served)
            body.update(window=view["number"], clerk_no=view["clerk"]["clerk_no"])
        if complaint.contact is not None:
            body["contact"] = complaint.contact
        await self._device.post(f"/halls/{self._device.hall}/cases", body)

    def _lies(self, case: dict[str, Any], now: datetime) -> bool:
        if not left_lying(case["case_id"]) or case["state"] != "open":
            return False
        due = case["due"]
        return due is None or now < datetime.fromisoformat(due["at"]) + FOUND_AGAIN

    async def _step(self, case: dict[str, Any]) -> None:
        step = self._next_step(case)
        if step is not None:
            try:
                await self._device.post(f"/cases/{case['case_id']}/commands", step)
            except Declined:
                return  # somebody else was there first

    def _next_step(self, case: dict[str, Any]) -> dict[str, Any] | None:
        rng, state = self._rng, case["state"]
        if state == "open":
            return {"command": "assign", "to": rng.choice(WHO)}
        if state == "assigned":
            if case["contact"] is None and not case["real_name"]:
                return {"command": "explain", "text": EXPLAINED}
            reached = rng.random() < 0.8
            text = rng.choice(CALLED) if reached else "无人接听。"
            return {"command": "contact", "reached": reached, "text": text}
        if state == "contacted" and rng.random() < 0.35:
            return {"command": "rectify", "text": rng.choice(RECTIFY)}
        if state == "rectifying" and rng.random() < 0.7:
            return None  # that takes a while
        if state in ("contacted", "rectifying"):
            return {"command": "settle", "text": rng.choice(SETTLED)}
        if state == "settled" and (not case["real_name"] or case["contacted_at"] is not None):
            return {"command": "close"}
        return None
