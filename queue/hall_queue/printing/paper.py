"""A ticket as the bytes that an ESC/POS printer understands (python-escpos, GB 18030)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

from hall_queue.printing.layout import RULE, Line, clean, wrapped

KANJI = b"\x1c&"  # FS &: two bytes are one Chinese character
CONFIRM = b"\x1dr\x01"  # GS r 1: answered when everything before it was printed
QR_DOTS = {58: 6, 80: 8}  # of one module


def _library() -> Any:
    """python-escpos' printer that only collects bytes. Its import makes a temporary folder and
    leaves it behind, one for every start; here it is made inside another that goes."""
    usual = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="escpos-") as folder:
        tempfile.tempdir = folder
        try:
            from escpos.printer import Dummy
        finally:
            tempfile.tempdir = usual
    return Dummy


_Dummy = _library()


def ticket(lines: Sequence[Line], paper_mm: int) -> bytes:
    """One ticket with its cut, and the question whether it was printed.

    A line that is too long for the paper goes on below, from the left.
    """
    printer = _Dummy()
    printer.hw("INIT")
    printer._raw(KANJI)  # the library has no Chinese code page of its own
    for line in lines:
        if line.qr:
            printer.set(align="center")
            printer.qr(clean(line.text), native=True, size=QR_DOTS[paper_mm])
            continue
        fitted = wrapped([line], paper_mm)
        for piece in fitted:
            printer.set(
                align="center" if len(fitted) == 1 else "left",
                bold=piece.size > 1,
                custom_size=True,
                width=piece.size,
                height=piece.size,
            )
            printer._raw(piece.text.encode("gb18030") + b"\n")
            if line.text == RULE:
                break
    printer.set(align="center", bold=False, custom_size=True, width=1, height=1)
    printer.cut(mode="PART")
    printer._raw(CONFIRM)
    return bytes(printer.output)
