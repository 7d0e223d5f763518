"""Looks at one camera's key frames: learns its view, measures, judges. Runs in its thread."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from av.video.frame import VideoFrame

from hall_cameras import wire
from hall_cameras.domain.state import PICTURE_FAULTS
from hall_cameras.health.judge import Judge, suspects
from hall_cameras.health.measure import Gray, Reading, View, read
from hall_cameras.worker import pictures
from hall_cameras.worker.notices import Notice
from hall_core.events import CameraFault
from hall_core.setup import CameraSettings, CameraZone

LEARN_FOR = 1.2  # times as long as a fault must last: nobody stands still in all of it
LEARN_PICTURES = 8
COMPARE_FOR = 0.25  # of the time that a fault must last
GOOD_EVERY_S = 10.0  # a good picture is kept so often, to be shown beside a bad one


class Finding:
    """What came of a picture: the faults that count, evidence to show, a view that was learned.

    `spoiled`: this picture shows too little to say who is on it, whether that lasts or not.
    """

    __slots__ = ("evidence", "faults", "spoiled", "view")

    def __init__(self, faults: frozenset[CameraFault], spoiled: bool) -> None:
        self.faults = faults
        self.spoiled = spoiled
        self.evidence: list[wire.Evidence] = []
        self.view: bytes = b""


class Analyst:
    """One camera's pictures over time. `now` is monotonic seconds."""

    def __init__(
        self,
        camera_id: str,
        settings: CameraSettings,
        zones: tuple[CameraZone, ...],
        view: bytes,
        clock_off_s: Callable[[], float],
        says: Callable[[], frozenset[Notice]] = frozenset,
        good: tuple[float, VideoFrame] | None = None,
    ) -> None:
        """`good`: the last good picture of an earlier stream of this camera."""
        self._camera_id = camera_id
        self._settings = settings
        self._zones = zones
        self._clock_off_s = clock_off_s
        self._says = says  # the camera, of itself
        self._judge = Judge(settings.lasts_s)
        self._learn_s = LEARN_FOR * settings.lasts_s
        learned = pictures.gray_from_jpeg(view)
        self._view = None if learned is None else View(learned)
        self._samples: list[tuple[float, Gray]] = []
        self._previous: Gray | None = None
        self._compared: tuple[float, Reading] | None = None  # the last with the view, if it is good
        self._changed_at = 0.0
        self.good = good
        self.measures = wire.Measures()

    def relearn(self) -> None:
        """The view is right as it will be from now on."""
        self._view, self._samples, self._compared = None, [], None

    def look(self, frame: VideoFrame, now: float) -> Finding:
        """Take one key frame into account."""
        gray = pictures.gray_of(frame)
        reading = self._read(gray, now)
        if self._previous is None or reading.changed > 0:
            self._changed_at = now
        self._previous = gray
        still_s, off_s = now - self._changed_at, self._clock_off_s()
        size = (frame.width, frame.height)
        suspected = suspects(reading, self._settings, still_s, size, off_s)
        before = self._judge.faults
        agreed = suspected & PICTURE_FAULTS if self._says() else frozenset()
        faults = self._judge.look(now, suspected, agreed)
        if suspected & PICTURE_FAULTS:
            self._compared = None
        finding = Finding(faults, bool(suspected & PICTURE_FAULTS))
        for fault in sorted((finding.faults - before) & PICTURE_FAULTS):
            finding.evidence += self._evidence(fault, frame, now, reading, still_s)
        if not suspected & PICTURE_FAULTS:
            finding.view = self._learn(gray, now)
            if self.good is None or now - self.good[0] >= GOOD_EVERY_S:
                self.good = (now, frame)
        self.measures = self._measured(reading, still_s, off_s, size)
        return finding

    def _read(self, gray: Gray, now: float) -> Reading:
        """Measure a picture. Comparing it with the view is most of the work: after one that is
        good, those of the next moment are taken to be like it."""
        if self._compared is not None:
            at, compared = self._compared
            if now - at < COMPARE_FOR * self._settings.lasts_s:
                return Reading(*read(gray, self._previous, None)[:3], *compared[3:])
        reading = read(gray, self._previous, self._view)
        self._compared = (now, reading)
        return reading

    def _evidence(
        self, fault: CameraFault, frame: VideoFrame, now: float, reading: Reading, still_s: float
    ) -> list[wire.Evidence]:
        measures = self._measured(reading, still_s, 0.0, (frame.width, frame.height))
        found = []
        for at, picture in (self.good, (now, frame)) if self.good else ((now, frame),):
            found.append(
                wire.Evidence(
                    camera_id=self._camera_id,
                    fault=fault,
                    jpeg=pictures.evidence(picture, self._zones),
                    age_s=now - at,
                    measures=measures if picture is frame else None,
                )
            )
        return found

    def _learn(self, gray: Gray, now: float) -> bytes:
        if self._view is not None:
            return b""
        if self._samples and now - self._samples[-1][0] < self._learn_s / LEARN_PICTURES:
            return b""  # a worker with many cameras keeps many of these
        self._samples.append((now, gray))
        if len(self._samples) < LEARN_PICTURES or now - self._samples[0][0] < self._learn_s:
            return b""
        # People walk by: the median of many pictures is the room without them.
        middle = len(self._samples) // 2
        several = np.stack([sample for _, sample in self._samples])
        learned: Gray = np.partition(several, middle, axis=0)[middle].copy()
        self._view, self._samples = View(learned), []
        return pictures.jpeg(learned, quality=92)

    def _measured(
        self, reading: Reading, still_s: float, off_s: float, size: tuple[int, int]
    ) -> wire.Measures:
        return wire.Measures(
            mean=round(reading.mean, 1),
            contrast=round(reading.contrast, 1),
            still_s=round(still_s, 1),
            sharpness=round(reading.sharpness, 3),
            lost=round(reading.lost, 3),
            edges=round(reading.edges, 3),
            moved_px=round(reading.moved_px, 1),
            alike=round(reading.alike, 3),
            clock_off_s=round(off_s, 1),
            width=size[0],
            height=size[1],
            learned=self._view is not None,
            says=tuple(sorted(self._says())),
        )
