"""Measuring one gray picture against the view that was learned.

Pictures are compared at 640x360 whatever the camera sends. The cheap set costs about 2 ms; only a
picture that seems to have moved is looked at more closely (ORB and RANSAC, 7 ms).
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Gray: TypeAlias = NDArray[Any]

WIDTH, HEIGHT = 640, 360
GRID = 40  # px of a block in which detail is looked for: 16 x 9 blocks
DETAIL = 40  # edge points that make a block one with detail
GONE = 0.25  # of a block's edges: fewer, and its detail is gone
LOOK_CLOSER = 0.8  # of the edges in place, beyond chance; above it nothing moved
VISIBLE = 0.2  # of the view's edges must still be in the picture to judge a move by them
CONFIRMED, BETTER = 0.5, 0.1  # share of edges found once moved, and how many more than unmoved
MATCHES_MIN = 20
STEADY = 12  # gray levels; a point that changed by more has changed
CONTRAST_MIN = 8.0  # below it a picture is noise: measures are not divided by less
EDGE_CONTRAST_MIN = 16.0
_NEAR = np.ones((5, 5), np.uint8)  # an edge may lie 2 px off its place
_WINDOW = cv2.createHanningWindow((WIDTH // 2, HEIGHT // 2), cv2.CV_32F)


class Reading(NamedTuple):
    """What one picture measures. The last five are against the learned view, else as if equal."""

    mean: float
    contrast: float
    changed: float  # share of points that changed since the last picture; 1 for the first
    sharpness: float  # of the learned view's, each for its contrast
    lost: float  # share of the view's blocks with detail whose detail is gone
    edges: float  # share of the view's edges that are where they were
    moved_px: float  # that it moved, at the corner that moved most; 0: not, or not to be told
    alike: float  # correlation of the coarse picture with the coarse view


class View:
    """A learned view, prepared for comparing."""

    def __init__(self, gray: Gray) -> None:
        self.gray = gray
        contrast = float(cv2.meanStdDev(gray)[1][0, 0])
        self.edges = _edges(gray, contrast)
        self.sharpness = sharpness(gray, contrast)
        self.blocks = _blocks(self.edges)
        self.detailed = self.blocks >= DETAIL
        self.edge_count = int(np.count_nonzero(self.edges))
        self.coarse = _coarse(gray)
        self.small = _small(gray)
        self.orb: Any = None  # made when it is first needed

    @property
    def usable(self) -> bool:
        """Whether there is enough in it to compare with: a wall shows no move."""
        return bool(self.detailed.sum() >= 8)


def fitted(gray: Gray) -> Gray:
    """Any picture at the size that is measured."""
    if gray.shape == (HEIGHT, WIDTH):
        return gray
    resized: Gray = cv2.resize(gray, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return resized


def sharpness(gray: Gray, contrast: float) -> float:
    """Variance of the Laplacian for the picture's contrast: darkening alone does not lower it."""
    quiet = cv2.blur(gray, (3, 3))  # of noise, which is sharp too
    _, laplacian = cv2.meanStdDev(cv2.Laplacian(quiet, cv2.CV_16S))
    return float(laplacian[0, 0]) ** 2 / max(contrast, CONTRAST_MIN) ** 2


def read(gray: Gray, previous: Gray | None, view: View | None) -> Reading:
    """Measure `gray` (640x360), after `previous`, against `view`."""
    mean, deviation = cv2.meanStdDev(gray)
    changed = 1.0
    if previous is not None:
        difference = cv2.absdiff(gray, previous)
        _, moved = cv2.threshold(difference, STEADY, 255, cv2.THRESH_BINARY)
        changed = cv2.countNonZero(moved) / gray.size
    reading = Reading(float(mean[0, 0]), float(deviation[0, 0]), changed, 1.0, 0.0, 1.0, 0.0, 1.0)
    if view is None or not view.usable:
        return reading
    edges = _edges(gray, reading.contrast)
    blocks = _blocks(edges)
    gone = blocks < view.blocks * GONE
    lost = float((gone & view.detailed).sum()) / float(view.detailed.sum())
    near = cv2.dilate(edges, _NEAR)
    found = cv2.countNonZero(cv2.bitwise_and(view.edges, near)) / max(view.edge_count, 1)
    coarse = _coarse(gray)
    alike = float((coarse * view.coarse).mean())
    # In a scene full of edges, most are near one wherever they are: chance does not count.
    chance = cv2.countNonZero(near) / near.size
    in_place = _beyond(found, chance)
    moved_px = _moved_px(near, in_place, chance, gray, view) if in_place < LOOK_CLOSER else 0.0
    return reading._replace(
        sharpness=sharpness(gray, reading.contrast) / max(view.sharpness, 1e-6),
        lost=lost,
        edges=found,
        moved_px=moved_px,
        alike=alike,
    )


def _edges(gray: Gray, contrast: float) -> Gray:
    """Edges that stand out for the picture's contrast."""
    high = 3.0 * max(contrast, EDGE_CONTRAST_MIN)
    result: Gray = cv2.Canny(gray, 0.4 * high, high)
    return result


def _blocks(edges: Gray) -> NDArray[np.float32]:
    rows, columns = HEIGHT // GRID, WIDTH // GRID
    counts = (edges > 0).reshape(rows, GRID, columns, GRID).sum(axis=(1, 3))
    result: NDArray[np.float32] = counts.astype(np.float32)
    return result


def _coarse(gray: Gray) -> NDArray[np.float32]:
    """32x18, mean 0 and deviation 1: what is light and what is dark, whatever the light is."""
    small = cv2.resize(gray, (32, 18), interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean()
    deviation = float(small.std())
    result: NDArray[np.float32] = small / max(deviation, 1.0)
    return result


def _small(gray: Gray) -> NDArray[np.float32]:
    small = cv2.resize(gray, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    result: NDArray[np.float32] = small.astype(np.float32)
    return result


def _beyond(share: float, chance: float) -> float:
    """A share of what was found, without what is found by chance."""
    return (share - chance) / max(1.0 - chance, 1e-6)


def _moved_px(near: Gray, in_place: float, chance: float, gray: Gray, view: View) -> float:
    """By how many px the view moved, at its corner that moved most; 0 when that can't be told.

    Two ways of finding a move propose one; it counts if the view's edges, moved so, are `near` the
    picture's.
    """
    for matrix in (_by_phase(gray, view), _by_points(gray, view)):
        if matrix is None:
            continue
        moved: Gray = cv2.warpAffine(view.edges, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_NEAREST)
        expected = int(np.count_nonzero(moved))
        if expected < view.edge_count * VISIBLE:
            continue
        there = _beyond(np.count_nonzero(moved & near) / expected, chance)
        if there > CONFIRMED and there > in_place + BETTER:
            corners = np.array([[0, 0, 1], [WIDTH, 0, 1], [0, HEIGHT, 1], [WIDTH, HEIGHT, 1]])
            return float(np.linalg.norm(corners @ matrix.T - corners[:, :2], axis=1).max())
    return 0.0


def _by_phase(gray: Gray, view: View) -> NDArray[np.float32] | None:
    (x, y), response = cv2.phaseCorrelate(view.small, _small(gray), _WINDOW)
    return None if response < 0.05 else np.array([[1, 0, 2 * x], [0, 1, 2 * y]], np.float32)


def _by_points(gray: Gray, view: View) -> NDArray[np.float32] | None:
    orb = cv2.ORB_create(500)  # type: ignore[attr-defined]
    if view.orb is None:
        view.orb = orb.detectAndCompute(view.gray, None)
    points, descriptors = orb.detectAndCompute(gray, None)
    if descriptors is None or view.orb[1] is None:
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(view.orb[1], descriptors)
    if len(matches) < MATCHES_MIN:
        return None
    source = np.array([view.orb[0][m.queryIdx].pt for m in matches], np.float32)
    target = np.array([points[m.trainIdx].pt for m in matches], np.float32)
    matrix, inliers = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=4.0)
    if matrix is None or inliers is None or int(inliers.sum()) < MATCHES_MIN:
        return None
    result: NDArray[np.float32] = matrix.astype(np.float32)
    return result
