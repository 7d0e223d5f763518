"""What goes wrong with ONVIF in the field (cameras.md): a row each, against a real HTTP server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from hall_cameras import wire
from hall_cameras.worker import discovery, onvif, soap
from hall_cameras.worker.trouble import CameraTrouble
from hall_core.setup import CameraSettings
from tests.peers.odd_camera import OddCamera, SilentPort


@pytest.fixture
def camera() -> Iterator[OddCamera]:
    with OddCamera() as made:
        yield made


def access(camera: OddCamera, **more: str) -> wire.Access:
    known = wire.Access(onvif=camera.url, username=camera.user, password=camera.password)
    return msgspec.structs.replace(known, **more)


def why(camera: OddCamera, **more: str) -> str:
    with pytest.raises(CameraTrouble) as trouble:
        onvif.describe(access(camera, **more))
    return trouble.value.why


def test_an_ordinary_camera(camera: OddCamera) -> None:
    described = onvif.describe(access(camera))
    assert described.stream == f"rtsp://127.0.0.1:{camera.port}/sub"
    assert described.identity.serial == "S-1"
    assert described.identity.chosen == "sub"
    assert described.identity.ptz
    assert camera.asked[0] == "GetSystemDateAndTime"
    assert camera.wrong == 0
    assert "CreatePullPointSubscription" not in camera.asked, "nothing leaks on the camera"


@pytest.mark.parametrize("hours", [-3, 3, -24 * 365])
def test_a_clock_that_is_off_is_signed_for(camera: OddCamera, hours: int) -> None:
    camera.clock_off = timedelta(hours=hours)
    described = onvif.describe(access(camera))
    assert described.identity.clock_off_s == pytest.approx(hours * 3600, abs=3)
    assert onvif.clock_off(access(camera)) == pytest.approx(hours * 3600, abs=3)
    assert camera.wrong == 0


def test_digest_where_a_token_is_not_taken_is_remembered(camera: OddCamera) -> None:
    camera.takes = ("digest",)
    assert onvif.describe(access(camera)).identity.model == "M"
    assert camera.wrong == 0
    camera.tried = 0
    asked = len(camera.asked)
    onvif.describe(access(camera))
    assert camera.tried <= len(camera.asked) - asked
    assert soap._ways[camera.url] == "digest"


def test_addresses_behind_nat_are_asked_where_the_camera_was_reached(camera: OddCamera) -> None:
    camera.announces = "192.168.254.3:80"
    assert onvif.describe(access(camera)).stream == "rtsp://127.0.0.1:80/sub"


def test_a_double_port_in_the_stream_address(camera: OddCamera) -> None:
    camera.stream = "rtsp://{host}:554/sub?a=1&amp;b=2"
    assert onvif.describe(access(camera)).stream == "rtsp://127.0.0.1:554/sub?a=1&b=2"


@pytest.mark.parametrize("maker", [b"\xff\xfe\x80Maker", b"Ma\x0bker\x00", "制造".encode("gbk")])
def test_bytes_that_are_no_text_are_read_all_the_same(camera: OddCamera, maker: bytes) -> None:
    camera.maker = maker
    assert onvif.describe(access(camera)).identity.serial == "S-1"


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"garbage", b"<html><body>404</body></html>", b"<a><b></a>", b"\x00" * 100,
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', b"<x>" * 100_000,
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>',
        b"x" * 2_000_000,
    ],
    ids=["empty", "words", "html", "broken", "zeros", "entities", "deep", "no body", "endless"],
)  # fmt: skip
@pytest.mark.parametrize("operation", ["GetCapabilities", "GetProfiles", "GetStreamUri"])
def test_answers_that_are_none_have_a_name(
    camera: OddCamera, operation: str, answer: bytes
) -> None:
    camera.raw[operation] = answer
    assert why(camera) in ("bad_answer", "no_profile", "not_supported")


def test_prefixes_that_nobody_declared(camera: OddCamera) -> None:
    camera.raw["GetPresets"] = (
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
        b'<tptz:GetPresetsResponse><tptz:Preset token="1"><tt:Name>door</tt:Name></tptz:Preset>'
        b"</tptz:GetPresetsResponse></s:Body></s:Envelope>"
    )
    assert onvif.presets(access(camera)) == [wire.Preset(token="1", name="door")]


def test_a_move_is_always_stopped(camera: OddCamera) -> None:
    onvif.move(access(camera), (0.5, 0.0, 0.0), 0.01)
    assert camera.asked[-2:] == ["ContinuousMove", "Stop"]


def test_a_camera_without_stop_is_moved_at_no_speed(camera: OddCamera) -> None:
    camera.knows_stop = False
    onvif.move(access(camera), (0.5, 0.0, 0.0), 0.01)
    assert camera.asked[-3:] == ["ContinuousMove", "Stop", "ContinuousMove 0"]


def test_the_profile_is_the_sub_stream_or_the_one_a_person_chose(camera: OddCamera) -> None:
    camera.profiles = [
        ("main", "v0", "H264", 2560, 1440), ("tiny", "v0", "JPEG", 320, 240),
        ("sub", "v0", "H264", 704, 576), ("next", "v1", "H264", 352, 288),
    ]  # fmt: skip
    described = onvif.describe(access(camera))
    assert described.identity.chosen == "sub"
    assert [profile.source for profile in described.identity.profiles][-1] == "v1"
    assert onvif.describe(access(camera, profile="next")).identity.chosen == "next"
    assert why(camera, profile="gone") == "no_profile"
    camera.profiles = []
    assert why(camera) == "no_profile"


def test_streams_that_only_the_second_media_service_tells_of(camera: OddCamera) -> None:
    camera.second = [("sub", "v0", "H265", 640, 360), ("new", "v0", "H265", 800, 600)]
    profiles = onvif.describe(access(camera)).identity.profiles
    assert [(p.token, p.codec) for p in profiles] == [
        ("main", "H264"), ("sub", "H265"), ("new", "H265")
    ]  # fmt: skip
    camera.second.append(("third", "v0", "H264", 1024, 600))
    assert onvif.describe(access(camera)).identity.chosen == "third", "what browsers play"
    camera.raw["GetProfiles"] = b""
    assert why(camera) == "bad_answer"


def test_a_camera_that_has_the_second_media_service_only(camera: OddCamera) -> None:
    """Of Profile T; it knows nothing of how the first tells its services either."""
    camera.only_second = True
    camera.second = [("main", "v0", "H265", 1920, 1080), ("sub", "v0", "H265", 640, 360)]
    camera.announces = "192.168.254.3:80"
    described = onvif.describe(access(camera))
    assert described.stream == "rtsp://127.0.0.1:80/sub"
    assert described.identity.chosen == "sub"
    assert described.identity.ptz
    assert described.identity.snapshot
    onvif.move(access(camera), (0.5, 0.0, 0.0), 0.01)
    assert camera.asked[-2:] == ["ContinuousMove", "Stop"]
    onvif.make_h264(access(camera))
    assert camera.second[1] == ("sub", "v0", "H264", 640, 360)
    camera.stream = "file:///etc/passwd"
    assert why(camera) == "bad_answer"


@pytest.mark.parametrize("second", [True, False])
def test_a_stream_is_set_to_what_browsers_play(camera: OddCamera, second: bool) -> None:
    camera.profiles = [("main", "v0", "H264", 1920, 1080), ("sub", "v0", "H265", 640, 360)]
    camera.second = list(camera.profiles) if second else []
    onvif.make_h264(access(camera))
    assert camera.profiles[1] == ("sub", "v0", "H264", 640, 360)
    camera.profiles[1] = ("sub", "v0", "H265", 640, 360)
    camera.second = list(camera.profiles) if second else []
    camera.keeps_codec = True
    with pytest.raises(CameraTrouble) as trouble:
        onvif.make_h264(access(camera))
    assert trouble.value.why == "not_supported"


def test_a_stream_that_is_announced_as_a_file_is_not_opened(camera: OddCamera) -> None:
    for address in ("file:///etc/passwd", "http://{host}/x.m3u8", "concat://{host}/a|b"):
        camera.stream = address
        assert why(camera) == "bad_answer"


def test_a_clock_is_no_lock(camera: OddCamera) -> None:
    from tests.peers.odd_camera import ENVELOPE, FAULT

    fault = FAULT.format(code="OperationProhibited", text="the clock is not set")
    camera.raw["GetCapabilities"] = ENVELOPE.replace("{body}", fault).encode()
    assert why(camera) == "bad_answer"


@pytest.mark.parametrize("snapshot", [None, "", "nonsense"])
def test_without_a_snapshot_address_a_key_frame_does(
    camera: OddCamera, snapshot: str | None
) -> None:
    camera.snapshot = snapshot
    assert not onvif.describe(access(camera)).identity.snapshot


@pytest.mark.parametrize("password", ["p@:/#x", "密码 &<>\"'", "%41", "a b+c"])
def test_passwords_with_any_characters(password: str) -> None:
    """Also when the camera's new firmware wants them in another way than before."""
    with OddCamera(password=password) as camera:
        for takes in ("token", "digest", "token"):
            if takes == "digest" and not password.isascii():
                continue  # HTTP digest knows no other alphabet
            camera.takes = (takes,)
            assert onvif.describe(access(camera)).identity.serial == "S-1"


@pytest.mark.parametrize("takes", [("token",), ("digest",), ("token", "digest")])
def test_a_wrong_password_is_offered_twice_at_most(
    camera: OddCamera, takes: tuple[str, ...]
) -> None:
    camera.takes = takes
    assert why(camera, password="wrong") == "bad_password"
    assert camera.wrong <= 2


def test_a_camera_that_says_it_is_locked(camera: OddCamera) -> None:
    from tests.peers.odd_camera import ENVELOPE, FAULT

    fault = FAULT.format(code="NotAuthorized", text="The account is locked")
    camera.raw["GetCapabilities"] = ENVELOPE.replace("{body}", fault).encode()
    camera.status["GetCapabilities"] = 400
    with pytest.raises(CameraTrouble) as trouble:
        onvif.describe(access(camera))
    assert trouble.value.why == "locked"
    assert trouble.value.refused


def test_a_peer_that_never_answers_or_drips_is_left_in_time(
    camera: OddCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soap, "CALL_S", 0.4)
    monkeypatch.setattr(soap, "BUDGET_S", 1.0)
    for odd in ("silent", "drip"):
        setattr(camera, odd, True)
        began = time.monotonic()
        assert why(camera) == "timeout"
        assert time.monotonic() - began < 4
        setattr(camera, odd, False)


def test_nothing_there_and_garbage_there() -> None:
    gone = wire.Access(onvif="http://127.0.0.1:1/onvif/device_service")
    with pytest.raises(CameraTrouble) as trouble:
        onvif.describe(gone)
    assert trouble.value.why == "refused_connection"
    port = SilentPort(says=b"\x00\xffSSH-2.0-x\r\n\r\n")
    try:
        with pytest.raises(CameraTrouble) as trouble:
            onvif.describe(wire.Access(onvif=f"http://127.0.0.1:{port.port}/"))
    finally:
        port.close()
    assert trouble.value.why == "bad_answer"


def test_another_camera_at_the_address_is_not_taken_for_it(camera: OddCamera) -> None:
    assert why(camera, serial="S-2") == "not_found"


def test_a_camera_with_a_new_address_is_found_by_its_serial_number(
    camera: OddCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OddCamera() as other:
        other.serial = "S-2"
        found = [wire.Found(onvif=other.url), wire.Found(onvif=camera.url)]
        monkeypatch.setattr(discovery, "discover", lambda seconds: found)
        lost = access(camera, onvif="http://127.0.0.1:1/onvif/device_service", serial="S-1")
        neighbours = discovery.Neighbours()
        described = neighbours.find(lost)
        assert described is not None
        assert described.identity.onvif == camera.url
        asked = len(other.asked)
        for _ in range(3):
            assert neighbours.find(msgspec.structs.replace(lost, serial="S-3")) is None
        assert len(other.asked) == asked, "its serial number is known"


def test_who_looks_for_a_camera_locks_no_other(
    camera: OddCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "discover", lambda seconds: [wire.Found(onvif=camera.url)])
    neighbours = discovery.Neighbours()
    for number in range(9):
        lost = wire.Access(
            onvif=f"http://127.0.0.1:{number + 1}/", username="admin",
            password=f"wrong{number // 2}",
            serial=f"S-{number}",
        )  # fmt: skip
        assert neighbours.find(lost) is None
    assert camera.wrong <= 2 * discovery.REFUSED_MAX, "two ways of offering a password"


def test_a_password_is_in_no_message(camera: OddCamera) -> None:
    order = access(camera)
    assert camera.password not in repr(order)
    assert camera.password not in repr(wire.Order(
        camera_id="a", access=order, settings=CameraSettings()
    ))  # fmt: skip
