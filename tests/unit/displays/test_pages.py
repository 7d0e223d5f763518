"""The screens' rules that live in the page: node runs their own tests."""

import shutil
import subprocess
from pathlib import Path

import pytest

import hall_displays

WEB = Path(hall_displays.__file__).parent / "web"
TESTS = Path(__file__).with_name("pages.test.mjs")
PURE = ["callqueue", "settings", "textpages", "hall.view", "window.view"]


def test_pure_modules_import_nothing() -> None:
    for name in PURE:
        lines = (WEB / f"{name}.js").read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if line.startswith("import ")], name


def test_the_pages_rules(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    # As .mjs, any node takes them for the modules they are.
    for name in PURE:
        shutil.copy(WEB / f"{name}.js", tmp_path / f"{name}.mjs")
    shutil.copy(TESTS, tmp_path)
    done = subprocess.run(
        [node, "--test", TESTS.name], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout
