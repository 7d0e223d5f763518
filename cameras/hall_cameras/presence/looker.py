"""Looking for people: one thread for all cameras of a worker, and each camera's memory.

A look takes some 50 ms and every camera is looked at every few seconds only, so one thread and
one model serve them all; no camera's stream waits for it. When there is more to look at than
there is time for, each camera's newest picture is looked at and the ones between are not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog
from av.video.frame import VideoFrame

from hall_cameras import wire
from hall_cameras.presence import detector
from hall_cameras.presence.detector import Colour, Detector
from hall_cameras.presence.smoothing import GAP_S, Smoothed
from hall_cameras.presence.zones import INSIDE, crop_of, share_inside
from hall_cameras.worker import pictures
from hall_core.setup import CameraZone

log = structlog.get_logger()

LOOK_S = 5.0
KEPT_S = 10.0  # a picture with somebody on it is kept so often, to be shown before an empty one


class Told(NamedTuple):
    """Something new of one window: times are monotonic seconds."""

    window: int
    present: bool | None
    since: float
    confidence: float


class Presence:
    """What one camera sees of its windows. `tell` is called in the looking thread."""

    def __init__(
        self, looker: Looker, zones: Sequence[CameraZone], tell: Callable[[Presence, Told], None]
    ) -> None:
        self.zones = tuple(zones)
        self._looker = looker
        self._tell = tell
        self._last = float("-inf")
        self._lock = threading.Lock()
        self._smoothed: dict[int, Smoothed] = {}
        self._told: dict[int, bool | None] = {}
        self._before: dict[int, tuple[float, bytes]] = {}
        self._frame: tuple[float, VideoFrame] | None = None

    def frame(self, frame: VideoFrame, now: float, spoiled: bool, faulty: bool) -> None:
        """A key frame came; called in the camera's thread, and never waits.

        `spoiled`: it shows too little to say who is there; `faulty`: that has lasted.
        """
        if not self.zones:
            return
        if faulty or (spoiled and now - self._last > GAP_S):
            self._unknown(now)
        if spoiled or faulty:
            return
        self._frame = (now, frame)
        if now - self._last >= LOOK_S:
            self._last = now
            self._looker.offer(self, frame, now)

    def _unknown(self, now: float) -> None:
        with self._lock:
            for window, smoothed in self._smoothed.items():
                smoothed.unknown(now)
                self._say(window, smoothed)

    def look(self, model: Detector, frame: VideoFrame, now: float) -> None:
        """Look for somebody in each zone; called in the looking thread."""
        picture = pictures.colour_of(frame)
        for zone in self.zones:
            score = best_score(model, picture, zone)
            with self._lock:
                smoothed = self._smoothed.get(zone.window)
                if smoothed is None:
                    smoothed = Smoothed(model.description.threshold)
                    self._smoothed[zone.window] = smoothed
                known = smoothed.look(now, score)
                self._say(zone.window, smoothed)
                kept = self._before.get(zone.window)
            seen = known.present and score >= model.description.threshold
            if seen and (kept is None or now - kept[0] >= KEPT_S):
                self._before[zone.window] = (now, pictures.evidence(frame, [zone]))

    def _say(self, window: int, smoothed: Smoothed) -> None:
        known = smoothed.known
        if self._told.get(window) is not known.present:
            self._told[window] = known.present
            self._tell(self, Told(window, known.present, known.since, known.confidence))

    def all_told(self) -> list[Told]:
        """What is known now: a new lease begins with it."""
        with self._lock:
            return [
                Told(window, *smoothed.known)
                for window, smoothed in self._smoothed.items()
                if smoothed.known.present is not None
            ]

    def evidence(self, window: int) -> list[wire.Picture]:
        """The last picture with somebody in the window's zone, if there was one, and the newest.

        What is not the zone is coarse. Blocks for some milliseconds.
        """
        zones = [zone for zone in self.zones if zone.window == window]
        frame, before = self._frame, self._before.get(window)
        if not zones or frame is None:
            return []
        now, found = time.monotonic(), []
        if before is not None:
            found.append(wire.Picture(jpeg=before[1], age_s=now - before[0]))
        found.append(wire.Picture(jpeg=pictures.evidence(frame[1], zones), age_s=now - frame[0]))
        return found


def best_score(model: Detector, picture: Colour, zone: CameraZone) -> float:
    """How sure it is that somebody is in the zone; 0 when nobody was found."""
    height, width = picture.shape[:2]
    crop = crop_of(zone, width / height)
    found = (crop.out(person) for person in model.find(crop.of(picture)))
    inside = (person.score for person in found if share_inside(person, zone) >= INSIDE)
    return max(inside, default=0.0)


class Looker:
    """The thread that looks, started with the first picture. Ends with the process."""

    def __init__(self, load: Callable[[], Detector] = detector.load) -> None:
        self._load = load
        self._offered: dict[Presence, tuple[VideoFrame, float]] = {}
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None

    def offer(self, presence: Presence, frame: VideoFrame, now: float) -> None:
        """Have a picture looked at; a newer one takes the place of one that still waits."""
        with self._condition:
            self._offered[presence] = (frame, now)
            self._condition.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="presence")
                self._thread.start()

    def forget(self, presence: Presence) -> None:
        """Its camera is no longer watched."""
        with self._condition:
            self._offered.pop(presence, None)

    def _run(self) -> None:
        try:
            model = self._load()
        except ValueError as error:  # chosen by somebody, and no model: presence stays unknown
            log.error("presence_model_unreadable", error=str(error))
            return
        log.info("presence_model", name=model.description.name)
        while True:
            with self._condition:
                while not self._offered:
                    self._condition.wait()
                presence, (frame, now) = next(iter(self._offered.items()))
                del self._offered[presence]
            try:
                presence.look(model, frame, now)
            except Exception:  # one picture must not end the looking
                log.exception("presence_look_failed")
