"""The features of this product, in one list. `hall_app` stands above them all."""

from __future__ import annotations

from pathlib import Path

from hall_cameras.feature import CamerasFeature, Limits
from hall_core.alerts import AlertsFeature
from hall_core.day import DayFeature
from hall_core.faults import DevicesFeature
from hall_core.features import Feature
from hall_displays.feature import DisplaysFeature
from hall_evaluation.feature import EvaluationFeature
from hall_evaluation.relay.feature import RelayFeature
from hall_queue.feature import QueueFeature
from hall_queue.printing.feature import PrintingFeature


def make_features(media: Path, cameras: Limits | None = None) -> list[Feature]:
    """Fresh feature objects. `media` is the installation's folder of clips and photos."""
    queue = QueueFeature()
    return [
        DayFeature(),
        queue,
        PrintingFeature(queue.service),
        DisplaysFeature(media),
        DevicesFeature(),
        EvaluationFeature(),
        RelayFeature(),
        CamerasFeature(media, cameras or Limits()),
        AlertsFeature(),
    ]
