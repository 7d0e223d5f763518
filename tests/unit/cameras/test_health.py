"""视频质量诊断 on real footage (Debian's vtest.avi): what is said of a picture, and when."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_cameras.health.judge import Judge, suspects
from hall_cameras.health.measure import Gray, View, fitted, read
from hall_core.events import CameraFault
from hall_core.setup import CameraSettings
from tests.peers import clips

SETTINGS = CameraSettings()
FAULTS: tuple[CameraFault, ...] = ("black", "blurred", "covered", "moved", "frozen")


def gray(picture: clips.Picture) -> Gray:
    return fitted(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))


@pytest.fixture(scope="module")
def view() -> View:
    """The room as it is learned: the median of some pictures."""
    seen = np.stack([gray(picture) for picture in clips.people()[:30:3]])
    return View(np.median(seen, axis=0).astype(np.uint8))


@pytest.fixture(scope="module")
def later() -> list[Gray]:
    """Pictures that were not learned from."""
    return [gray(picture) for picture in clips.people()[40::12]]


def turned(picture: Gray, degrees: float = 0, scale: float = 1, dx: float = 0) -> Gray:
    matrix = cv2.getRotationMatrix2D((320, 180), degrees, scale)
    matrix[0, 2] += dx
    return cv2.warpAffine(picture, matrix, (640, 360), borderMode=cv2.BORDER_REFLECT)


def half_covered(picture: Gray) -> Gray:
    covered = picture.copy()
    covered[:, :340] = 60
    return clips.noisy(covered, 2)


CONDITIONS: dict[str, tuple[Callable[[Gray], Gray], CameraFault | None]] = {
    "as it is": (lambda g: g, None),
    "dim": (lambda g: (g * 0.35).astype(np.uint8), None),
    "very dim and noisy": (lambda g: clips.noisy((g * 0.2).astype(np.uint8), 3), None),
    "bright": (lambda g: np.clip(g * 1.5, 0, 255).astype(np.uint8), None),
    "noisy": (lambda g: clips.noisy(g, 8), None),
    "a little soft": (lambda g: cv2.GaussianBlur(g, (0, 0), 0.8), None),
    "somebody close by": (lambda g: np.where(np.arange(640) < 130, 90, g).astype(np.uint8), None),
    "trembling": (lambda g: turned(g, dx=3), None),
    "black": (lambda g: np.zeros_like(g), "black"),
    "black and noisy": (clips.black, "black"),
    "out of focus": (lambda g: cv2.GaussianBlur(g, (0, 0), 2), "blurred"),
    "far out of focus": (lambda g: cv2.GaussianBlur(g, (0, 0), 5), "blurred"),
    "out of focus and noisy": (lambda g: clips.noisy(cv2.GaussianBlur(g, (0, 0), 2.5), 3),
                               "blurred"),
    "half covered": (half_covered, "covered"),
    "three quarters covered": (clips.covered, "covered"),
    "covered": (lambda g: clips.noisy(np.full_like(g, 90), 2), "covered"),
    "knocked": (lambda g: turned(g, dx=-15), "moved"),
    "knocked far": (lambda g: turned(g, dx=130), "moved"),
    "tilted": (lambda g: turned(g, degrees=6), "moved"),
    "zoomed": (lambda g: turned(g, scale=1.25), "moved"),
    "turned away": (lambda g: np.ascontiguousarray(g[:, ::-1]), "moved"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_picture_is_judged_as_a_person_would(name: str, view: View, later: list[Gray]) -> None:
    change, expected = CONDITIONS[name]
    for picture in later:
        reading = read(change(picture), None, view)
        found = suspects(reading, SETTINGS, 0.0, (640, 360), 0.0)
        assert found == ({expected} if expected else set()), reading


def test_without_a_learned_view_only_the_picture_itself_is_judged(later: list[Gray]) -> None:
    for picture in later:
        reading = read(turned(picture, degrees=20), None, None)
        assert not suspects(reading, SETTINGS, 0.0, (640, 360), 0.0)
        assert suspects(read(clips.black(picture), None, None), SETTINGS, 0.0, (1, 1), 0.0)


def test_a_view_without_detail_is_no_reference() -> None:
    assert not View(np.full((360, 640), 128, np.uint8)).usable


def test_a_threshold_of_zero_switches_its_check_off(view: View, later: list[Gray]) -> None:
    off = CameraSettings(
        black_mean=0, frozen_s=0, blurred_ratio=0, covered_share=0, moved_share=0, clock_wrong_s=0
    )
    for change, _ in CONDITIONS.values():
        reading = read(change(later[0]), None, view)
        assert not suspects(reading, off, 1e9, (640, 360), 1e9)


def test_frozen_is_pictures_that_do_not_change(later: list[Gray]) -> None:
    picture = later[0]
    assert read(picture, picture, None).changed == 0
    with_clock = picture.copy()
    with_clock[10:20, 10:20] = 255 - with_clock[10:20, 10:20]
    assert read(with_clock, picture, None).changed > 0
    still = read(picture, picture, None)
    assert "frozen" in suspects(still, SETTINGS, 61.0, (640, 360), 0.0)
    assert "frozen" not in suspects(still, SETTINGS, 59.0, (640, 360), 0.0)


def test_clock_and_size(later: list[Gray]) -> None:
    reading = read(later[0], None, None)
    wanted = CameraSettings(width=1920, height=1080)
    assert suspects(reading, wanted, 0, (640, 360), -61) == {"clock_wrong", "wrong_resolution"}
    assert suspects(reading, wanted, 0, (1920, 1080), 59) == set()


def test_measuring_costs_little(view: View, later: list[Gray]) -> None:
    """2.5 ms of CPU for a good picture on a quiet machine; 80 cameras a core leave 12."""
    began = time.thread_time()
    for picture in later:
        read(picture, later[0], view)
    assert (time.thread_time() - began) / len(later) < 0.012


# --- in time -----------------------------------------------------------------------------------

BAD: frozenset[CameraFault] = frozenset({"covered"})
GOOD: frozenset[CameraFault] = frozenset()


def judged(seen: list[frozenset[CameraFault]], lasts_s: float = 10) -> list[bool]:
    judge = Judge(lasts_s)
    return ["covered" in judge.look(float(at), found) for at, found in enumerate(seen)]


def test_a_passer_by_is_no_fault() -> None:
    assert not any(judged([GOOD] * 20 + [BAD] * 5 + [GOOD] * 20))


def test_a_fault_counts_after_it_lasted_and_ends_after_it_was_gone_as_long() -> None:
    result = judged([GOOD] * 20 + [BAD] * 20 + [GOOD] * 20)
    assert 27 <= result.index(True) <= 31
    assert 47 <= len(result) - result[::-1].index(True) <= 51


def test_a_flickering_fault_is_told_once() -> None:
    result = judged([GOOD] * 12 + [BAD] * 12 + [BAD, GOOD] * 40)
    assert sum(a != b for a, b in itertools.pairwise(result)) == 1


def test_nothing_is_said_of_the_first_moments_or_after_a_gap() -> None:
    judge = Judge(10)
    assert not judge.look(0, BAD)
    assert not judge.look(9, BAD)
    assert judge.look(11, BAD)
    judge = Judge(10)
    judge.look(0, BAD)
    assert not judge.look(1000, BAD)


@given(st.lists(st.booleans(), max_size=80), st.integers(2, 20))
def test_a_verdict_needs_evidence(seen: list[bool], lasts_s: int) -> None:
    result = judged([BAD if bad else GOOD for bad in seen], lasts_s)
    for at, now in enumerate(result):
        before = at > 0 and result[at - 1]
        window = seen[max(0, at - lasts_s) : at + 1]
        if now and not before:
            assert sum(window) >= 0.8 * len(window)
        if before and not now:
            assert sum(window) <= 0.2 * len(window) + 1e-9


def test_what_the_camera_tells_of_as_well_counts_at_once() -> None:
    judge = Judge(lasts_s=10)
    dark: frozenset[CameraFault] = frozenset({"black"})
    assert judge.look(0, dark) == frozenset()
    assert judge.look(1, dark, agreed=dark) == dark
    assert judge.look(2, dark) == dark
    for at in range(3, 30):
        faults = judge.look(at, frozenset())
    assert faults == frozenset(), "and is over when the picture says so"
