"""What is left of personal data where a list or a spreadsheet shows it. Pure."""

from __future__ import annotations

import re

LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){6,}[Xx]?")  # phone, ID and card numbers in a free text


def mask_text(text: str) -> str:
    """A citizen's words without the numbers that tell who wrote them: 138****1234."""
    return LONG_NUMBER.sub(lambda found: _stars(found[0]), text)


def _stars(number: str) -> str:
    digits = re.sub(r"[ -]", "", number)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) > 7 else f"{digits[:1]}******"
