"""What the server says of cameras in codes, the pages have words for in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from hall_cameras.domain.state import TROUBLES, WHY
from hall_cameras.link import ERRORS
from hall_cameras.worker.notices import Notice
from hall_core.events import CameraFault

ROOT = Path(__file__).parents[3]
WEB = ROOT / "cameras/hall_cameras/web"


def both(*files: Path) -> set[str]:
    """Keys of catalogues that have words in Chinese and in English."""
    entry = re.compile(r'^  "([\w.]+)": \["[^"]+", "[^"]+"\],$', re.M)
    return {key for file in files for key in entry.findall(file.read_text(encoding="utf-8"))}


def test_every_code_has_words() -> None:
    known = both(
        WEB / "camera.texts.js", WEB / "admin.texts.js",
        ROOT / "hall/hall_app/web/supervision.texts.js",
    )  # fmt: skip
    asked = ("no_worker", "busy", "timeout", *ERRORS)
    assert {f"problem.camera_{code}" for code in asked} <= known
    assert {f"camera.why.{why}" for why in WHY if why} <= known
    assert {f"camera.fault.{fault}" for fault in get_args(CameraFault)} <= known
    assert {f"alert.kind.camera_{trouble}" for trouble in TROUBLES} <= known
    assert {f"says.{notice}" for notice in get_args(Notice)} <= known
