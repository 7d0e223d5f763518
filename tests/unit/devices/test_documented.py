"""What docs/devices.md shows is what an agent takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hall_app.agent import KINDS
from hall_core.agent.config import load

DOCUMENT = Path(__file__).parents[3] / "docs" / "devices.md"
EXAMPLES = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_config(example: str, tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    server = "" if "server =" in example else 'server = "http://127.0.0.1:8080"\n'
    path.write_text(server + example, encoding="utf-8")
    loaded = load(path, KINDS)
    assert {part.kind for part in loaded.parts} <= set(KINDS)


def test_every_kind_has_an_example() -> None:
    shown = "\n".join(EXAMPLES)
    named = set(re.findall(r'kind = "(\w+)"', shown)) | set(re.findall(r"\[parts\.(\w+)\]", shown))
    assert {"strip", "reader", "caller", "pad", "printer"} <= named
