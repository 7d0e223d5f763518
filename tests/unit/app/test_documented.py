"""The README files name every setting and command there is, and none that is not."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import msgspec
import pytest

from hall_app.cli import parser
from hall_app.settings import DEFAULT, AppSettings

TOP = Path(__file__).parents[3]
SETTINGS = {field.name for field in msgspec.structs.fields(AppSettings)}
READMES = {"README.md": "## Settings", "README.zh-CN.md": "## 设置"}


def commands_of(made: argparse.ArgumentParser) -> set[str]:
    """The names that may follow, each with its own."""
    found = set()
    for action in made._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                found |= {f"{name} {more}" for more in commands_of(below)} or {name}
    return found


@pytest.mark.parametrize("name", READMES)
def test_the_readme_names_every_setting_and_no_other(name: str) -> None:
    text = (TOP / name).read_text(encoding="utf-8").split(READMES[name])[1].split("\n## ")[0]
    told = set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", text.partition("`/admin`")[0]))
    assert told == SETTINGS


def test_a_new_installation_shows_every_setting() -> None:
    assert set(re.findall(r"^(\w+) =", DEFAULT, re.MULTILINE)) == SETTINGS


@pytest.mark.parametrize("name", READMES)
def test_the_readme_names_every_command_and_no_other(name: str) -> None:
    text = (TOP / name).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `hall ([^`]+)`", text, re.MULTILINE)
    told = {" ".join(re.match(r"[a-z]+(?: [a-z]+)*", row)[0].split()) for row in rows}  # type: ignore[index]
    assert told - {"agent pair"} == commands_of(parser())
