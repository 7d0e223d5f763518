"""Secrets in the database open with the installation's key only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_core.secret import Secret

OURS, THEIRS = Secret(b"a" * 32), Secret(b"b" * 32)


@given(st.text())
def test_what_was_sealed_can_be_read(text: str) -> None:
    assert OURS.decrypt("relay", OURS.encrypt("relay", text)) == text


def test_the_same_text_never_looks_the_same() -> None:
    assert OURS.encrypt("relay", "x") != OURS.encrypt("relay", "x")


@pytest.mark.parametrize(
    ("secret", "purpose", "change"),
    [
        (THEIRS, "relay", lambda sealed: sealed),
        (OURS, "contact", lambda sealed: sealed),
        (OURS, "relay", lambda sealed: sealed[:-4]),
        (OURS, "relay", lambda sealed: ("A" if sealed[0] != "A" else "B") + sealed[1:]),
        (OURS, "relay", lambda sealed: ""),
        (OURS, "relay", lambda sealed: "密"),
    ],
)
def test_anything_else_can_not(secret: Secret, purpose: str, change: object) -> None:
    assert callable(change)
    with pytest.raises(ValueError, match="can't be read"):
        secret.decrypt(purpose, change(OURS.encrypt("relay", "secret")))
