"""Signalling without its secrets, for the log that people read. Pure."""

from __future__ import annotations

import re

from hall_cameras.cascade.sip import Message
from hall_cameras.cascade.text import decode

_SECRETS = re.compile(r'\b(response|cnonce)\s*=\s*("[^"]*"|[^\s,]+)', re.IGNORECASE)
_PASSWORD = re.compile(r"(<Password>)[^<]*(</Password>)", re.IGNORECASE)
HIDDEN = "***"


def masked(message: Message, password: str) -> str:
    """A message as text. What a digest was made into is hidden too: with the nonce beside it, a
    weak password could be tried out."""
    text = decode(message.encode())
    text = _SECRETS.sub(rf"\1={HIDDEN}", text)
    text = _PASSWORD.sub(rf"\g<1>{HIDDEN}\2", text)
    if len(password) >= 4:
        text = text.replace(password, HIDDEN)
    return text
