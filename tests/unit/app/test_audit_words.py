"""The audit log says in words what was done: every action that is written has some."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import hall_app
from hall_core.people import UserCommand

ROOT = Path(hall_app.__file__).parents[2]
PACKAGES = ("hall", "queue", "cameras", "displays", "evaluation_devices")
WORDS = Path(hall_app.__file__).parent / "web" / "admin.texts.system.js"
WRITERS = {"audit", "audit_entry", "_audit"}
PASSED_ON = {"_store": "", "_errand": "camera_"}  # what writes it for them puts this before it


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def said_by(tree: ast.AST) -> Iterator[str]:
    """The literals that stand for an action, and those that a variable of that name is given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node) in WRITERS and len(node.args) > 1:
            if isinstance(node.args[1], ast.Constant):
                yield str(node.args[1].value)
        elif isinstance(node, ast.Call) and name_of(node) in PASSED_ON and len(node.args) > 2:
            yield PASSED_ON[name_of(node)] + ast.literal_eval(node.args[2])
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).lstrip("(").startswith(
            "action"
        ):
            values = node.value.elts[:1] if isinstance(node.value, ast.Tuple) else [node.value]
            yield from (str(value.value) for value in values if isinstance(value, ast.Constant))


def actions() -> set[str]:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    texts = [file.read_text("utf-8") for file in files]
    telling = [text for text in texts if any(name in text for name in (*WRITERS, *PASSED_ON))]
    commands = {f"user_{kind.__struct_config__.tag}" for kind in UserCommand.__subclasses__()}
    return commands.union(*(said_by(ast.parse(text)) for text in telling))


def test_every_action_has_words() -> None:
    found = actions()
    assert {"revoke", "user_unlock", "camera_found_again"} <= found
    said = re.findall(
        r'"audit.action.([a-z_0-9]+)": \["(?:.+)", "(?:.+)"\]', WORDS.read_text("utf-8")
    )
    assert found <= set(said), "what stands in the audit log as a code word"
