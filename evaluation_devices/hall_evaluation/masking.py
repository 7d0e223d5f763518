"""What is left of personal data where a list or a spreadsheet shows it. Pure."""

from __future__ import annotations

import re

# A day as people write it (2026-03-02), or a phone, ID or card number: of these, little is left.
LONG_NUMBER = re.compile(
    r"(?<!\d)(?P<day>20\d\d-[01]?\d-[0-3]?\d)(?!-?\d)|\d(?:[ -]?\d){6,}[Xx]?", re.ASCII
)


def mask_text(text: str) -> str:
    """A citizen's words without the numbers that tell who wrote them: 138****1234."""
    return LONG_NUMBER.sub(lambda found: found["day"] or _stars(found[0]), text)


def _stars(number: str) -> str:
    digits = re.sub(r"[ -]", "", number)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) > 7 else f"{digits[:1]}******"
