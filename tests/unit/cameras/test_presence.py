"""Presence: from a picture to "somebody is there", and what time makes of single looks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_cameras.presence import detector
from hall_cameras.presence.detector import FALLBACK, Description, Detector, Person
from hall_cameras.presence.looker import best_score
from hall_cameras.presence.smoothing import GAP_S, GONE_LOOKS, GONE_S, Smoothed
from hall_cameras.presence.zones import crop_of, share_inside
from hall_core.setup import CameraZone
from tests.peers import clips

LOOK_S = 5.0


def zone(left: float, top: float, right: float, bottom: float) -> CameraZone:
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return CameraZone(window=1, polygon=corners)


# --- looking at pictures -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def empty() -> clips.Picture:
    """The square without people: the median of half a minute."""
    median: clips.Picture = np.median(np.stack(clips.people()), axis=0).astype(np.uint8)
    return median


def people(picture: clips.Picture, empty: clips.Picture) -> list[CameraZone]:
    """Zones around what differs from the empty scene in the shape of one person."""
    gray = cv2.cvtColor(cv2.absdiff(picture, empty), cv2.COLOR_BGR2GRAY)
    mask = cv2.morphologyEx((gray > 30).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 5)))
    found = []
    for contour in cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        x, y, w, h = cv2.boundingRect(contour)
        if h > 45 and 1.3 < h / w < 3 and x > 5 and x + w < 635 and y > 5 and y + h < 355:
            found.append(zone((x - 5) / 640, (y - 5) / 360, (x + w + 5) / 640, (y + h + 5) / 360))
    return found


@pytest.fixture(scope="module")
def model() -> Detector:
    return detector.load()


def test_somebody_is_found_and_an_empty_place_is_empty(
    model: Detector, empty: clips.Picture
) -> None:
    pairs = [(p, z) for p in clips.people()[5::12] for z in people(p, empty)][:12]
    assert len(pairs) >= 8
    seen = [best_score(model, picture, z) > 0 for picture, z in pairs]
    assert sum(seen) >= 0.9 * len(pairs)
    assert [best_score(model, empty, z) for _, z in pairs] == [0.0] * len(pairs)


def test_where_set_up_could_not_fetch_the_model_the_built_in_one_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "MODELS", tmp_path)
    assert detector.load().description.name == "HOG"


def test_without_any_file_the_built_in_model_serves(empty: clips.Picture) -> None:
    hog = detector.load(FALLBACK)
    assert hog.find(empty) == []


def test_a_model_of_ones_own_is_named_when_it_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine.toml"
    monkeypatch.setenv(detector.CHOOSE, str(mine))
    with pytest.raises(ValueError, match=r"mine\.toml"):
        detector.load()
    mine.write_text('name = "x"\nfile = "x.onnx"\nsize = 300\nhead = "detections"\ncolour = 1\n')
    with pytest.raises(ValueError, match="colour"):
        detector.load()
    mine.write_text('name = "x"\nfile = "x.onnx"\nsize = 300\nhead = "detections"\n')
    (tmp_path / "x.onnx").write_bytes(b"no network")
    with pytest.raises(ValueError, match=r"x\.onnx"):
        detector.load()


def test_rows_of_seven_are_read() -> None:
    description = Description(name="x", file="", size=300, head="detections", person=(15,))
    rows = np.array(
        [[0, 15, 0.9, 0.1, -0.2, 0.3, 0.8], [0, 7, 0.9, 0, 0, 1, 1], [0, 15, 0.2, 0, 0, 1, 1]],
        np.float32,
    )
    (person,) = detector.detections(rows.reshape(1, 1, 3, 7), description)
    assert person == pytest.approx((0.1, 0.0, 0.3, 0.8, 0.9))


def test_one_person_found_twice_is_one() -> None:
    twice = [Person(0, 0, 0.5, 1, 0.6), Person(0.02, 0, 0.5, 1, 0.8), Person(0.6, 0, 1, 1, 0.5)]
    assert [person.score for person in detector.distinct(twice)] == [0.8, 0.5]


sides = st.tuples(st.floats(0, 0.9), st.floats(0.05, 1)).map(lambda s: (s[0], min(1, s[0] + s[1])))


@given(x=sides, y=sides, aspect=st.sampled_from([16 / 9, 4 / 3, 1.0, 9 / 16]))
def test_what_is_looked_at_holds_the_zone_and_stays_within_the_picture(
    x: tuple[float, float], y: tuple[float, float], aspect: float
) -> None:
    wanted = zone(x[0], y[0], x[1], y[1])
    crop = crop_of(wanted, aspect)
    assert -1e-9 <= crop.left <= x[0] + 1e-9
    assert -1e-9 <= crop.top <= y[0] + 1e-9
    assert x[1] - 1e-9 <= crop.right <= 1 + 1e-9
    assert y[1] - 1e-9 <= crop.bottom <= 1 + 1e-9


def test_the_upper_half_counts_and_a_citizen_beside_the_zone_does_not() -> None:
    clerk = zone(0.4, 0.2, 0.6, 0.5)
    assert share_inside(Person(0.42, 0.2, 0.58, 0.8, 1), clerk) == pytest.approx(1, abs=0.01)
    assert share_inside(Person(0.42, 0.55, 0.58, 1.0, 1), clerk) == 0
    assert share_inside(Person(0.7, 0.2, 0.9, 0.5, 1), clerk) == 0


# --- over time ---------------------------------------------------------------------------------


def looks(*scores: float, every: float = LOOK_S) -> list[bool | None]:
    smoothed = Smoothed(threshold=0.4)
    return [smoothed.look(n * every, score).present for n, score in enumerate(scores)]


def test_somebody_who_is_seen_well_is_there_at_once() -> None:
    assert looks(0.8) == [True]
    assert looks(0.45, 0.45) == [None, True]


def test_gone_takes_a_while_and_bending_down_is_not_gone() -> None:
    assert looks(0.8, 0, 0, 0, 0.8) == [True, True, True, True, True]
    assert looks(0.8, 0, 0, 0, 0, 0)[-2:] == [True, False]


def test_since_is_when_it_began_not_when_it_was_believed() -> None:
    smoothed = Smoothed(threshold=0.4)
    for n, score in enumerate((0.8, 0.8, 0, 0, 0, 0, 0)):
        smoothed.look(n * LOOK_S, score)
    assert (smoothed.known.present, smoothed.known.since) == (False, 2 * LOOK_S)


def test_a_faulty_picture_is_unknown_never_empty() -> None:
    smoothed = Smoothed(threshold=0.4)
    for n in range(6):
        smoothed.look(n * LOOK_S, 0.0)
    assert smoothed.known.present is False
    assert smoothed.unknown(30.0).present is None
    assert smoothed.look(35.0, 0.0).present is None


scores = st.lists(st.sampled_from([0.0, 0.3, 0.45, 0.8]), min_size=1, max_size=40)


@given(scores=scores, gap=st.integers(0, 40))
def test_empty_is_only_said_of_what_was_watched_empty_for_long(
    scores: list[float], gap: int
) -> None:
    smoothed, at = Smoothed(threshold=0.4), 0.0
    history: list[tuple[float, float]] = []
    for n, score in enumerate(scores):
        at += LOOK_S if n != gap else 4 * GAP_S
        history.append((at, score))
        if smoothed.look(at, score).present is not False:
            continue
        since = smoothed.known.since
        empty = [score for when, score in history if when >= since]
        # Once it is known to be empty, one look that is not clear does not change it.
        recent = empty[:GONE_LOOKS]
        assert max(recent) < 0.4
        assert len(empty) >= GONE_LOOKS
        assert at - since >= GONE_S
