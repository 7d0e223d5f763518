"""ipycam, a virtual camera that nobody of us wrote: ONVIF, PTZ, RTSP and WS-Discovery."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hall_cameras import addresses, wire
from hall_cameras.worker import discovery, onvif
from hall_cameras.worker.capture import Capture
from hall_cameras.worker.trouble import CameraTrouble
from tests.peers.namespaces import ADDRESS, Network

PASSWORD = "p@:/#x"
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with Network() as made:
        yield made


@pytest.fixture(scope="module")
def camera(network: Network) -> Iterator[wire.Access]:
    """ipycam in a network of its own, where its Hello reaches nobody else."""
    command = [sys.executable, "-m", "tests.peers.ipycam_camera", "8080", "8554", "admin"]
    before = os.getcwd()
    os.chdir(ROOT)
    try:
        process: subprocess.Popen[str] = network.start([*command, PASSWORD, "--discovery"])
    finally:
        os.chdir(before)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    address = addresses.onvif_address(f"{ADDRESS}:8080")
    yield wire.Access(onvif=address, username="admin", password=PASSWORD)
    process.kill()
    process.wait()
    process.stdout.close()


def test_it_is_described_opened_and_moved(network: Network, camera: wire.Access) -> None:
    described: onvif.Described = network.run(lambda: onvif.describe(camera))
    identity = described.identity
    assert (identity.manufacturer, identity.serial) == ("PythonCam", "PEER-8080")
    assert identity.chosen == "Profile_Sub"
    assert [profile.width for profile in identity.profiles] == [1280, 640]
    assert identity.ptz
    assert identity.snapshot
    assert [preset.token for preset in network.run(lambda: onvif.presets(camera))] == ["home"]

    def turn() -> bool:
        onvif.move(camera, (0.5, 0.0, 0.0), 0.05)
        onvif.go_to(camera, "home")
        return True

    assert network.run(turn)

    seen: list[tuple[int, int]] = []

    def watch() -> str:
        def look(frame: object, stream: object) -> None:
            seen.append((stream.width, stream.height))  # type: ignore[attr-defined]
            capture.stop()

        url = addresses.with_credentials(described.stream, "admin", PASSWORD)
        capture = Capture(url, look)
        try:
            capture.run()
        except CameraTrouble as trouble:
            return trouble.why
        return ""

    assert network.run(watch) == "off"
    assert seen[0] == (640, 360)


def test_a_wrong_password_is_refused(network: Network, camera: wire.Access) -> None:
    wrong = msgspec.structs.replace(camera, password="wrong")

    def describe() -> str:
        try:
            onvif.describe(wrong)
        except CameraTrouble as trouble:
            return trouble.why
        return ""

    assert network.run(describe) == "bad_password"


def test_it_is_discovered_and_found_again_by_its_serial_number(
    network: Network, camera: wire.Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "AGAIN_S", 1.0)
    (found,) = network.run(lambda: discovery.discover(1.0))
    assert found.onvif == camera.onvif
    assert found.name == "Peer"
    lost = msgspec.structs.replace(
        camera, onvif="http://127.0.0.1:9999/onvif/device_service", serial="PEER-8080"
    )
    again: onvif.Described = network.run(lambda: discovery.Neighbours().find(lost))
    assert again.identity.onvif == camera.onvif
