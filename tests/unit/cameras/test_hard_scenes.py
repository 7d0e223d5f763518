"""Scenes that are hard to judge: full of edges, with hardly any, or dark."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from hall_cameras.health.judge import suspects
from hall_cameras.health.measure import HEIGHT, WIDTH, Gray, View, read
from hall_core.setup import CameraSettings

SIZE = (WIDTH, HEIGHT)


def faults(picture: Gray, view: View, still_s: float = 0.0) -> frozenset[str]:
    return frozenset(
        suspects(read(picture, None, view), CameraSettings(), still_s, SIZE, clock_off_s=0.0)
    )


def noisy(picture: Gray, deviation: float = 1.0) -> Gray:
    noise = np.random.default_rng(2).normal(0, deviation, picture.shape)
    shown: Gray = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return shown


@pytest.fixture
def leaves() -> Gray:
    """As a plant before the lens: an edge near every point."""
    coarse = np.random.default_rng(1).integers(0, 255, (HEIGHT // 6, WIDTH // 6)).astype(np.uint8)
    large: Gray = cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC)
    return large


@pytest.fixture
def bare_room() -> Gray:
    """A few things before a wall."""
    room = np.full((HEIGHT, WIDTH), 150, np.uint8)
    room[220:] = 125
    for left in (60, 300, 520):
        cv2.rectangle(room, (left, 120), (left + 70, 300), 95, -1)
        cv2.putText(room, "HALL", (left, 100), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 80, 2)
    return room


def test_a_move_is_seen_where_every_point_is_near_an_edge(leaves: Gray) -> None:
    view = View(leaves)
    assert faults(noisy(leaves), view) == frozenset()
    shift = np.array([[1, 0, 40], [0, 1, 6]], np.float32)
    moved = cv2.warpAffine(leaves, shift, SIZE, borderMode=cv2.BORDER_REFLECT)
    assert faults(noisy(moved), view) == {"moved"}


def test_a_blur_is_seen_where_noise_is_all_that_is_sharp(bare_room: Gray) -> None:
    view = View(bare_room)
    assert faults(noisy(bare_room, 2), view) == frozenset()
    assert faults(noisy(cv2.GaussianBlur(bare_room, (0, 0), 6), 2), view) == {"blurred"}


def test_a_black_picture_is_not_called_frozen_too(bare_room: Gray) -> None:
    view = View(bare_room)
    assert faults(np.full((HEIGHT, WIDTH), 3, np.uint8), view, still_s=600) == {"black"}
    assert faults(bare_room, view, still_s=600) == {"frozen"}
