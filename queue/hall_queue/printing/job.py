"""What the server asks of a printer's agent: one ticket, once."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hall_queue.printing.layout import Line

LINES_MAX = 60


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`job` names it: asked again with the same name, it is not printed again."""

    job: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16,64}$")]
    lines: Annotated[tuple[Line, ...], msgspec.Meta(max_length=LINES_MAX)]
