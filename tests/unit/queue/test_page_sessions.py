"""The pages' own reckoning of opening times: node runs its tests."""

import shutil
import subprocess
from pathlib import Path

import pytest

import hall_core

MODULE = Path(hall_core.__file__).parent / "web" / "sessions.js"
TESTS = Path(__file__).with_name("sessions.test.mjs")


def test_the_pages_opening_times(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    # As .mjs, any node takes it for the module it is.
    shutil.copy(MODULE, tmp_path / "sessions.mjs")
    shutil.copy(TESTS, tmp_path)
    done = subprocess.run(
        [node, "--test", TESTS.name], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout
