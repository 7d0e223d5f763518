"""`make soak`: kills at random points until SOAK_SECONDS are over."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from tests.crash import CrashTest, crash

SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))


async def test_no_kill_ever_loses_what_was_acknowledged(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    ends = time.monotonic() + SECONDS

    def goes_on(test: CrashTest) -> bool:
        return time.monotonic() < ends

    test = await crash(tmp_path, seed, goes_on)
    print(f"{test.kills} kills, {len(test.ledger.yes)} acknowledged, {test.ledger.retried} retried")
    assert test.kills
