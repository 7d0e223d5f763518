"""Finding people on a picture, by a model that a small TOML file describes.

A model is a file that OpenCV can read (ONNX or TFLite) and a description beside it: see
`models/*.toml`. No model is fetched while the product runs; which ones were compared, on what
footage and how they did is told by `scripts/compare-presence`.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

Colour: TypeAlias = NDArray[Any]
"""Height x width x 3, uint8, blue first."""

MODELS = Path(__file__).parent / "models"
DEFAULT = MODELS / "ssd_mobilenet_v2_oidv4.toml"
FALLBACK = MODELS / "hog.toml"
CHOOSE = "HALL_PRESENCE_MODEL"
"""Environment variable: path of the description of another model."""

OVERLAP = 0.5  # of two boxes; more, and they are one person


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be known of a model. `threshold` is the least score of a person, 0…1.

    head "ssd_anchors": raw boxes (1 x N x 4) and class scores (1 x N x classes, before the
    sigmoid) of an SSD with its usual six layers of anchors; "detections": rows of seven (picture,
    class, score, left, top, right, bottom), as an SSD with its own post-processing gives; "hog":
    OpenCV's built-in one.
    """

    name: str
    file: str
    size: int  # px of the square picture that it looks at
    head: Literal["ssd_anchors", "detections", "hog"]
    scale: float = 1.0
    mean: float = 0.0
    rgb: bool = False
    person: tuple[int, ...] = (1,)  # classes
    threshold: float = 0.5


class Person(NamedTuple):
    """A box in 0…1 of the picture, and how sure it is."""

    left: float
    top: float
    right: float
    bottom: float
    score: float


class Detector(Protocol):
    """Finds people. Not to be used by two threads at once."""

    @property
    def description(self) -> Description: ...

    def find(self, picture: Colour) -> list[Person]:
        """People with at least the threshold's score, surest first."""


def load(path: Path | None = None) -> Detector:
    """The model of a description: the one that was chosen, else the default, else the built-in.

    Raises:
        ValueError: a description that was asked for, or its model, can't be read.
    """
    chosen = os.environ.get(CHOOSE, "")
    if path is None and chosen:
        path = Path(chosen)
    if path is None:
        path = DEFAULT if (MODELS / describe(DEFAULT).file).exists() else FALLBACK
    description = describe(path)
    if description.head == "hog":
        return HogDetector(description)
    return NetDetector(description, path.parent / description.file)


def describe(path: Path) -> Description:
    """Raises ValueError when it can't be read."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Description)
    except (OSError, msgspec.DecodeError) as error:
        raise ValueError(f"{path}: {error}") from None


class NetDetector:
    """A network that OpenCV runs, on one thread."""

    def __init__(self, description: Description, file: Path) -> None:
        self.description = description
        try:
            read = cv2.dnn.readNetFromTFLite if file.suffix == ".tflite" else cv2.dnn.readNet
            self._net = read(str(file))
        except cv2.error as error:
            raise ValueError(f"{file}: {error.err}") from None
        self._outputs = self._net.getUnconnectedOutLayersNames()
        self._anchors = ssd_anchors() if description.head == "ssd_anchors" else None

    def find(self, picture: Colour) -> list[Person]:
        d = self.description
        blob = cv2.dnn.blobFromImage(
            picture, d.scale, (d.size, d.size), (d.mean, d.mean, d.mean), swapRB=d.rgb
        )
        self._net.setInput(blob)
        outputs = self._net.forward(self._outputs)
        if self._anchors is None:
            found = detections(outputs[0], d)
        else:
            boxes, scores = sorted(outputs, key=lambda output: int(output.shape[-1]))
            found = decoded(boxes[0], scores[0], self._anchors, d)
        return distinct(found)


class HogDetector:
    """OpenCV's histogram of gradients, looking at pictures enlarged to `size`."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector()))

    def find(self, picture: Colour) -> list[Person]:
        height, width = picture.shape[:2]
        factor = max(self.description.size / min(height, width), 0.1)
        size = (max(64, round(width * factor)), max(128, round(height * factor)))
        resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        boxes, weights = self._hog.detectMultiScale(
            resized, winStride=(8, 8), padding=(16, 16), scale=1.1
        )
        found = [
            Person(
                x / size[0], y / size[1], (x + w) / size[0], (y + h) / size[1],
                float(1 - math.exp(-max(float(weight), 0.0))),
            )
            for (x, y, w, h), weight in zip(boxes, np.ravel(weights), strict=True)
        ]  # fmt: skip
        return distinct([p for p in found if p.score >= self.description.threshold])


# --- what networks put out ---------------------------------------------------------------------


def ssd_anchors() -> NDArray[np.float32]:
    """The 1917 anchors of an SSD with a picture of 300 px: (middle y, middle x, height, width).

    Six layers; sizes from 0.2 to 0.95 of the picture; shapes 1, 2, 1/2, 3, 1/3 and one between
    this size and the next; three smaller ones in the first layer.
    """
    sizes = [0.2 + 0.15 * layer for layer in range(6)] + [1.0]
    anchors: list[tuple[float, float, float, float]] = []
    for layer, cells in enumerate((19, 10, 5, 3, 2, 1)):
        size = sizes[layer]
        if layer == 0:
            shapes = [(0.1, 1.0), (size, 2.0), (size, 0.5)]
        else:
            shapes = [(size, ratio) for ratio in (1.0, 2.0, 0.5, 3.0, 1 / 3)]
            shapes.append((math.sqrt(size * sizes[layer + 1]), 1.0))
        for row in range(cells):
            for column in range(cells):
                middle = ((row + 0.5) / cells, (column + 0.5) / cells)
                anchors += [(*middle, s / math.sqrt(r), s * math.sqrt(r)) for s, r in shapes]
    return np.array(anchors, np.float32)


def decoded(
    boxes: NDArray[Any], scores: NDArray[Any], anchors: NDArray[np.float32], d: Description
) -> list[Person]:
    """People of an SSD's raw output: offsets from the anchors, scores before the sigmoid."""
    sure = 1.0 / (1.0 + np.exp(-scores[:, list(d.person)].max(axis=1)))
    kept = np.flatnonzero(sure >= d.threshold)
    y, x, height, width = anchors[kept].T
    dy, dx, dh, dw = boxes[kept].T
    middle_y, middle_x = y + dy / 10 * height, x + dx / 10 * width
    half_h, half_w = np.exp(dh / 5) * height / 2, np.exp(dw / 5) * width / 2
    corners = (middle_x - half_w, middle_y - half_h, middle_x + half_w, middle_y + half_h)
    clipped = [np.clip(side, 0.0, 1.0) for side in corners]
    return [Person(*map(float, row)) for row in zip(*clipped, sure[kept], strict=True)]


def detections(rows: NDArray[Any], d: Description) -> list[Person]:
    """People of rows of seven."""
    return [
        Person._make([*np.clip(row[3:7], 0.0, 1.0).tolist(), float(row[2])])
        for row in rows.reshape(-1, 7)
        if int(row[1]) in d.person and row[2] >= d.threshold
    ]


def distinct(found: list[Person]) -> list[Person]:
    """Each person once, surest first."""
    kept: list[Person] = []
    for person in sorted(found, key=lambda person: -person.score):
        if all(overlap(person, other) < OVERLAP for other in kept):
            kept.append(person)
    return kept


def overlap(a: Person, b: Person) -> float:
    """Shared area over the area of both together, 0…1."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = [(p.right - p.left) * (p.bottom - p.top) for p in (a, b)]
    return shared / (sum(areas) - shared)
