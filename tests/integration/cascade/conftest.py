"""The cascade for tests: GStreamer's RTSP server with footage as the camera."""

from __future__ import annotations

from tests.integration.cameras.conftest import clips_folder, rtsp

__all__ = ["clips_folder", "rtsp"]
