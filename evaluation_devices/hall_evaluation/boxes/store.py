"""Presses that the server has not taken yet, in a small file: a power cut loses none of them."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import structlog

from hall_core.agent.config import write_private
from hall_evaluation.boxes.box import Level

log = structlog.get_logger()

PRESSES_MAX = 500
LIFE_S = 6 * 86400.0  # the server knows keys for seven days: later a retry could count twice


class Pressed(msgspec.Struct, frozen=True):
    """One press. `key` is its idempotency key for ever; `at` is the PC's time (Unix, seconds)."""

    key: str
    token: str
    level: Level
    at: float


class PressStore:
    """The presses of one box, oldest first. `add` and `remove` return when the disk has it.

    They block, so they are called in threads: somebody presses while an earlier press is done with.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changing = threading.Lock()
        self.presses: list[Pressed] = self._load()

    def _load(self) -> list[Pressed]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Pressed])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError) as error:
            log.error("presses_unreadable", path=self._path.name, error=str(error))
            return []

    def add(self, pressed: Pressed) -> None:
        """Raises OSError when the disk refuses; the press is kept in memory all the same."""
        with self._changing:
            self.presses = [*self.presses, pressed][-PRESSES_MAX:]
            self._keep()

    def remove(self, pressed: Pressed) -> None:
        with self._changing:
            self.presses = [kept for kept in self.presses if kept.key != pressed.key]
            self._keep()

    def forget_old(self, now: float) -> None:
        """Drop what is too old to be delivered once for certain."""
        with self._changing:
            kept = [pressed for pressed in self.presses if now - pressed.at < LIFE_S]
            if len(kept) != len(self.presses):
                self.presses = kept
                self._keep()

    def _keep(self) -> None:
        write_private(self._path, msgspec.json.encode(self.presses).decode())
