"""A few kills at random points; the long form is `make soak`."""

from __future__ import annotations

import random
from pathlib import Path

from tests.crash import CrashTest


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    test = CrashTest(tmp_path, seed)
    for _ in range(2):
        await test.live_and_die()
    test.die_while_starting()
    await test.live_and_die(cleanly=True)
    assert test.kills == 3
    assert test.ledger.yes
    assert test.ledger.retried, "some were asking when it died"
