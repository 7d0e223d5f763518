"""JPEGs of what a camera sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from hall_cameras.health.measure import Gray, fitted
from hall_core.setup import CameraZone

Colour: TypeAlias = NDArray[Any]

WIDTH_MAX = 1280
EVIDENCE_WIDTH = 640
COARSE_PX = 8  # of the squares that evidence shows outside of the windows' zones


def gray_of(frame: VideoFrame) -> Gray:
    """The frame's light at the size that is measured."""
    if frame.format.name in ("yuv420p", "yuvj420p", "nv12"):
        plane = frame.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)  # type: ignore[call-overload]
        return fitted(rows[:, : plane.width]).copy()  # FFmpeg uses its buffers again
    return fitted(frame.to_ndarray(format="gray"))


def colour_of(frame: VideoFrame, width_max: int = WIDTH_MAX) -> Colour:
    """The frame in colour, no wider than `width_max`.

    With a reformatter of its own: a frame's own is not made for two threads that ask at once.
    """
    picture: Colour = VideoReformatter().reformat(frame, format="bgr24").to_ndarray()
    height, width = picture.shape[:2]
    if width > width_max:
        size = (width_max, max(1, height * width_max // width))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return picture


def jpeg(picture: Any, quality: int = 80) -> bytes:
    """Raises ValueError for what is no picture."""
    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("a picture can't be encoded")
    return encoded.tobytes()


def gray_from_jpeg(data: bytes) -> Gray | None:
    """The picture of a learned view, or None when it can't be read."""
    if not data:
        return None
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    return None if picture is None else fitted(picture)


def evidence(frame: VideoFrame, zones: Sequence[CameraZone]) -> bytes:
    """The frame as it may be stored: what is not a window's zone is coarse, so that it shows
    what happened to the picture, and nobody's face."""
    picture = colour_of(frame, EVIDENCE_WIDTH)
    height, width = picture.shape[:2]
    small = cv2.resize(
        picture,
        (max(1, width // COARSE_PX), max(1, height // COARSE_PX)),
        interpolation=cv2.INTER_AREA,
    )
    shown = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    for zone in zones:
        points = np.array(
            [(round(x * (width - 1)), round(y * (height - 1))) for x, y in zone.polygon], np.int32
        )
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [points], 255)
        shown[mask > 0] = picture[mask > 0]
    return jpeg(shown)
