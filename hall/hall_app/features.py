"""The features of this product, in one list. `hall_app` stands above them all."""

from __future__ import annotations

from pathlib import Path

from hall_core.alerts import AlertsFeature
from hall_core.day import DayFeature
from hall_core.features import Feature
from hall_displays.feature import DisplaysFeature
from hall_queue.feature import QueueFeature


def make_features(media: Path) -> list[Feature]:
    """Fresh feature objects. `media` is the installation's folder of clips and photos."""
    return [DayFeature(), QueueFeature(), DisplaysFeature(media), AlertsFeature()]
