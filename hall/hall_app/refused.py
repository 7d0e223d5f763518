"""What a command says when it can't do what was asked."""

from __future__ import annotations


class Refused(Exception):
    """Bad input; the message says what is wrong and what to do."""
