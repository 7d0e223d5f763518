"""The cascade for tests: GStreamer's RTSP server with footage as the camera."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hall_cameras.cascade import service
from tests.peers.clips import footage
from tests.peers.rtsp import RtspPeer


@pytest.fixture(scope="module", autouse=True)
def quick_looks() -> Iterator[None]:
    """What changes is told at once, not within a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "LOOK_S", 0.05)
        yield


@pytest.fixture(scope="session")
def clips_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of people, in a loop."""
    return footage(tmp_path_factory.mktemp("cascade-clips"), ("good", "black"), seconds=2.0)


@pytest.fixture(scope="session")
def rtsp(clips_folder: Path) -> Iterator[RtspPeer]:
    with RtspPeer(clips_folder, copies=4) as peer:
        yield peer
