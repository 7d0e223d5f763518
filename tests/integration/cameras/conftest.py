"""Cameras for tests: GStreamer's RTSP server with footage, made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.peers.clips import footage
from tests.peers.rtsp import RtspPeer

SCENES = ("good", "covered", "large", "h265")


@pytest.fixture(scope="session")
def clips_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of two seconds; the one of H.265 takes three to make."""
    return footage(tmp_path_factory.mktemp("clips"), SCENES, seconds=2.0)


@pytest.fixture(scope="session")
def rtsp(clips_folder: Path) -> Iterator[RtspPeer]:
    """An open server with a few mounts of each scene: `good`, `good0` …"""
    with RtspPeer(clips_folder, copies=4) as peer:
        yield peer


@pytest.fixture
def own_rtsp(clips_folder: Path) -> Iterator[Callable[..., RtspPeer]]:
    """Starts servers that the test may stop; also with a password."""
    started: list[RtspPeer] = []

    def start(user: str = "", password: str = "", port: int = 0) -> RtspPeer:
        started.append(RtspPeer(clips_folder, user, password, port))
        return started[-1]

    yield start
    for peer in started:
        peer.close()
