"""Slowing down whoever guesses."""

from __future__ import annotations

import math
import time

from hall_core.errors import TooMany


class Throttle:
    """Counts failures per address: at most `limit` in `window_s`, then 429."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._failures: dict[str, list[float]] = {}

    def check(self, address: str) -> None:
        recent = self._recent(address)
        if len(recent) >= self._limit:
            seconds = recent[0] + self._window_s - time.monotonic()
            minutes = max(1, math.ceil(seconds / 60))
            raise TooMany("too_many_attempts", f"尝试次数过多，请 {minutes} 分钟后再试。")

    def failed(self, address: str) -> None:
        self._recent(address).append(time.monotonic())

    def succeeded(self, address: str) -> None:
        """Takes back a failure that was counted before the outcome was known."""
        self._failures.get(address, [])[-1:] = []

    def _recent(self, address: str) -> list[float]:
        oldest = time.monotonic() - self._window_s
        if len(self._failures) > 10_000:
            self._failures = {k: v for k, v in self._failures.items() if v and v[-1] > oldest}
        recent = [at for at in self._failures.get(address, []) if at > oldest]
        self._failures[address] = recent
        return recent
