"""When a measure is a fault: thresholds, and lasting in time.

A fault counts when it was there in nearly all pictures of `lasts_s`, and is over when it was in
nearly none of them for as long: somebody who walks past the lens is no fault, and a flickering
one is reported once.
"""

from __future__ import annotations

from collections import deque

from hall_cameras.health.measure import Reading
from hall_core.events import CameraFault
from hall_core.setup import CameraSettings

ALIKE = 0.8  # correlation of coarse pictures: above it the scene is the same
MOVED_PX = 8.0
MOSTLY = 0.8  # of the pictures


def suspects(
    reading: Reading,
    settings: CameraSettings,
    still_s: float,
    size: tuple[int, int],
    clock_off_s: float,
) -> frozenset[CameraFault]:
    """What is wrong with one picture, by the thresholds of `settings`; 0 switches a check off.

    Args:
        still_s: for how long no point of the picture has changed.
        size: of the picture as it came.
        clock_off_s: the camera's clock against ours; 0 when it is not known.
    """
    found: set[CameraFault] = set()
    if settings.clock_wrong_s and abs(clock_off_s) > settings.clock_wrong_s:
        found.add("clock_wrong")
    wanted = (settings.width or size[0], settings.height or size[1])
    if size != wanted:
        found.add("wrong_resolution")
    # One reason for a picture that shows nothing is enough, the plainest first.
    fault = _spoiled(reading, settings)
    if fault is not None:
        found.add(fault)
    # Where nothing is to be seen, nothing changes either.
    if settings.frozen_s and still_s >= settings.frozen_s and fault not in ("black", "covered"):
        found.add("frozen")
    return frozenset(found)


def _spoiled(reading: Reading, settings: CameraSettings) -> CameraFault | None:
    dark = settings.black_mean
    if reading.mean < dark and reading.contrast < dark / 2:
        return "black"
    same_scene = reading.alike >= ALIKE
    gone = bool(settings.covered_share) and reading.lost >= settings.covered_share
    # In a scene with little detail, noise is all that is sharp: then it is the detail that tells.
    if (
        settings.blurred_ratio
        and same_scene
        and (reading.sharpness < settings.blurred_ratio or gone)
    ):
        return "blurred"
    if settings.moved_share and reading.moved_px >= MOVED_PX:
        return "moved"
    if gone and not same_scene:
        return "covered"
    if settings.moved_share and not same_scene and reading.edges < settings.moved_share:
        return "moved"  # turned so far that nothing of the view is left to tell by how much
    return None


class Judge:
    """Faults of one camera over time. `at` is monotonic seconds."""

    def __init__(self, lasts_s: float) -> None:
        self._lasts_s = lasts_s
        self._seen: deque[tuple[float, frozenset[CameraFault]]] = deque()
        self._since = float("inf")  # of the first picture since the start or a gap
        self.faults: frozenset[CameraFault] = frozenset()

    def look(
        self,
        at: float,
        suspected: frozenset[CameraFault],
        agreed: frozenset[CameraFault] = frozenset(),
    ) -> frozenset[CameraFault]:
        """The faults that count, after one more picture; `agreed`, which the camera tells of as
        well, need not last."""
        self.faults |= agreed
        if self._seen and at - self._seen[-1][0] > max(self._lasts_s, GAP_S):
            self._seen.clear()  # nothing is known of the time between
        if not self._seen:
            self._since = at
        self._seen.append((at, suspected))
        while at - self._seen[0][0] > self._lasts_s:
            self._seen.popleft()
        if at - self._since < self._lasts_s:
            return self.faults  # too early to say anything new
        kept: set[CameraFault] = set()
        for fault in self.faults | suspected:
            share = sum(fault in found for _, found in self._seen) / len(self._seen)
            if share >= MOSTLY or (fault in self.faults and share > 1 - MOSTLY):
                kept.add(fault)
        self.faults = frozenset(kept)
        return self.faults


GAP_S = 30.0  # between key frames; longer, and the pictures before say nothing about now
