"""What an ESC/POS printer says about itself (`DLE EOT n`, `10 04 n`). Pure.

Each answer is one byte with fixed bits (`0xx1xx10`), so that it can be told from everything else
that a line may carry. Facts: domain.md section 3 (n=4: &0x60 out, &0x0C near end) and the printer
makers' ESC/POS command references for n=1 to 3.
"""

from __future__ import annotations

from collections.abc import Mapping

QUERIES = (1, 2, 3, 4)

_OFFLINE = 0x08  # of n=1
_COVER_OPEN = 0x04  # of n=2
_STOPPED_FOR_PAPER = 0x20
_ERROR = 0x40
_ERRORS = 0x08 | 0x20 | 0x40  # of n=3: cutter, unrecoverable, recoverable (too hot)
_NEAR_END = 0x0C  # of n=4
_PAPER_OUT = 0x60


def query(n: int) -> bytes:
    """Ask for status `n`; answered at once, even while printing."""
    return bytes((0x10, 0x04, n))


def is_status(byte: int) -> bool:
    """Whether this can be the answer to `query`."""
    return byte & 0x93 == 0x12


def is_paper_reply(byte: int) -> bool:
    """Whether this can be the answer to `GS r 1`, which comes when all before it was printed."""
    return byte & 0x90 == 0


def fault_of(answers: Mapping[int, int]) -> str | None:
    """What is wrong, by the answers to the queries (n -> byte); the worst if there is more."""
    printer, cause = answers.get(1, 0), answers.get(2, 0)
    error, paper = answers.get(3, 0), answers.get(4, 0)
    if paper & _PAPER_OUT or cause & _STOPPED_FOR_PAPER:
        return "paper_out"
    if cause & _COVER_OPEN:
        return "cover_open"
    if error & _ERRORS or cause & _ERROR:
        return "device_error"
    if printer & _OFFLINE:
        return "offline"
    return "paper_near_end" if paper & _NEAR_END else None
