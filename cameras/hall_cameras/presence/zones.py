"""From a window's zone to the part of the picture that is looked at, and back."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hall_cameras.presence.detector import Colour, Person
from hall_core.setup import CameraZone

MARGIN = 0.25  # of the zone's size, on every side: people lean out of it
SMALLEST = 0.25  # of the picture's width; a smaller piece would be all shoulder
INSIDE = 0.35  # of a person's upper half must lie in the zone: legs are behind the counter


class Crop(NamedTuple):
    """A part of a picture, in 0…1."""

    left: float
    top: float
    right: float
    bottom: float

    def of(self, picture: Colour) -> Colour:
        height, width = picture.shape[:2]
        return picture[
            int(self.top * height) : max(int(self.bottom * height), int(self.top * height) + 1),
            int(self.left * width) : max(int(self.right * width), int(self.left * width) + 1),
        ]

    def out(self, person: Person) -> Person:
        """A person that was found in the crop, in 0…1 of the picture."""
        width, height = self.right - self.left, self.bottom - self.top
        return Person(
            self.left + person.left * width,
            self.top + person.top * height,
            self.left + person.right * width,
            self.top + person.bottom * height,
            person.score,
        )


def crop_of(zone: CameraZone, aspect: float) -> Crop:
    """The part around a zone, about square on the picture (`aspect`: its width by its height)."""
    xs, ys = [x for x, _ in zone.polygon], [y for _, y in zone.polygon]
    width = (max(xs) - min(xs)) * (1 + 2 * MARGIN)
    height = (max(ys) - min(ys)) * (1 + 2 * MARGIN)
    side = max(width, height / aspect, SMALLEST)  # in widths of the picture
    width, height = min(side, 1.0), min(side * aspect, 1.0)
    left = min(max((min(xs) + max(xs) - width) / 2, 0.0), 1.0 - width)
    top = min(max((min(ys) + max(ys) - height) / 2, 0.0), 1.0 - height)
    return Crop(left, top, left + width, top + height)


def share_inside(person: Person, zone: CameraZone) -> float:
    """How much of the person's upper half lies in the zone, 0…1."""
    middle = (person.top + person.bottom) / 2
    body = _rectangle(person.left, person.top, person.right, middle)
    area = float(cv2.contourArea(body))
    if area <= 0:
        return 0.0
    shared, _ = cv2.intersectConvexConvex(body, _hull(zone))
    return float(shared) / area


def _hull(zone: CameraZone) -> NDArray[Any]:
    return cv2.convexHull(np.array(zone.polygon, np.float32))


def _rectangle(left: float, top: float, right: float, bottom: float) -> NDArray[Any]:
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return np.array(corners, np.float32)
