"""The hall's manager: looks at alerts and cases, posts the notice of who is ill, sends the last
ones home."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hall_app.demo.cases import CaseDesk
from hall_app.demo.floor import Floor
from hall_app.demo.habits import SICK, Hours
from hall_app.demo.opinions import complaints
from hall_app.demo.pace import Pace
from hall_app.demo.wire import Declined, Device

ROUND_S = 120.0
NOTICED_AFTER = timedelta(minutes=4)
TRUE = "情况属实，已提醒：离开窗口先发去向留言。"
FALSE = "已到窗口核实，工作人员在岗，当时在处理材料。"


class Manager:
    """One hall's manager on one day."""

    def __init__(
        self,
        floor: Floor,
        pace: Pace,
        device: Device,
        hours: Hours,
        today: date,
        rng: Random,
        busy: bool,
    ) -> None:
        self._floor = floor
        self._pace = pace
        self._device = device
        self._ends = pace.at(today, hours[-1][1])
        self._rng = rng
        self._cases = CaseDesk(floor, pace, device, today, complaints(rng, busy), rng)

    async def work(self, sick: dict[int, str | None]) -> None:
        """The day. `sick`: windows whose clerk is ill, each with who stands in, if anyone does."""
        for window, stand_in in sick.items():
            await self._report_sick(window, stand_in)
        while True:
            await self._pace.sleep(ROUND_S * self._rng.uniform(0.7, 1.3))
            await self._look_at_alerts()
            await self._cases.look()

    async def close_up(self) -> None:
        """The day is over: empty chairs are closed, and who still waits is sent home."""
        for number, view in self._floor.windows.items():
            if view["state"] != "closed" and not self._floor.taken(number):
                await self._window(number, command="close")
        if any(queue["waiting"] for queue in self._floor.queues.values()):
            await self._try(f"/halls/{self._device.hall}/commands", command="expire_waiting")

    async def _try(self, path: str, **body: object) -> bool:
        try:
            await self._device.post(path, body)
        except Declined:
            return False
        return True

    async def _window(self, window: int, **body: object) -> bool:
        path = f"/halls/{self._device.hall}/windows/{window}/commands"
        return await self._try(path, **body)

    async def _report_sick(self, window: int, stand_in: str | None) -> None:
        if self._floor.windows[window]["state"] != "closed":
            return
        posted = await self._window(
            window, command="leave", reason=SICK, expected_return=self._ends.isoformat()
        )
        if posted and stand_in is not None:
            await self._window(window, command="handover", clerk=stand_in)

    async def _look_at_alerts(self) -> None:
        now = self._pace.now()
        for alert in tuple(self._floor.alerts.values()):
            old = now - datetime.fromisoformat(alert["since"]) > NOTICED_AFTER
            if old and alert["state"] == "open" and alert["alert_id"] in self._floor.alerts:
                await self._say(alert, "acknowledge", "")
            elif alert["state"] == "explained":
                await self._say(alert, "confirm", TRUE)
            elif alert["state"] == "confirmed":
                await self._say(alert, "close", "")
        while self._floor.settled:  # the clerk was there after all
            await self._say(self._floor.settled.pop(), "dismiss", FALSE)

    async def _say(self, alert: dict[str, Any], command: str, text: str) -> None:
        await self._try(f"/alerts/{alert['alert_id']}/commands", command=command, text=text)
