"""What the demonstration's cameras see is seen by what watches them, and by nothing else."""

from __future__ import annotations

import av
import cv2
import pytest

from hall_app.demo.habits import duty, wandering
from hall_app.demo.rtsp import PAYLOAD_MAX, encode, nal_units, payloads
from hall_app.demo.scenes import FPS, HEIGHT, SECONDS, WIDTH, Counters, Picture, covered
from hall_cameras.presence.detector import DEFAULT, MODELS, describe, load
from hall_cameras.presence.looker import best_score
from hall_cameras.worker import pictures
from hall_cameras.worker.analyst import Analyst
from hall_core.setup import CameraSettings

BOTH, NONE = (True, True), (False, False)


def loop(view: Counters, clerks: tuple[bool, bool], citizens: tuple[bool, bool]) -> list[Picture]:
    return list(view.pictures(clerks, citizens))


@pytest.mark.parametrize("seed", range(4))
def test_the_default_model_sees_the_clerks_and_not_the_citizens(seed: int) -> None:
    if not (MODELS / describe(DEFAULT).file).exists():
        pytest.skip("the default model is not there (scripts/setup-presence)")
    model = load(DEFAULT)
    view = Counters((2 * seed + 1, 2 * seed + 2), seed)
    for zone, there in zip(view.zones, (True, False), strict=True):
        picture = next(view.pictures((True, False), BOTH))
        seen = best_score(model, picture, zone) >= model.description.threshold
        assert seen == there, zone.window


def test_people_who_come_and_go_are_no_fault_of_the_picture_and_a_cloth_is() -> None:
    view = Counters((1, 2), 0)
    learned = pictures.jpeg(cv2.cvtColor(loop(view, BOTH, NONE)[0], cv2.COLOR_BGR2GRAY))

    def faults(shown: list[Picture]) -> frozenset[str]:
        analyst = Analyst("camera", CameraSettings(), (), learned, lambda: 0.0)
        found: frozenset[str] = frozenset()
        frames = [  # gray already: it would be made so again for each of 90 looks
            av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="gray")
            for picture in shown[::FPS]
        ]
        for second in range(90):  # longer than a frozen picture may last
            found = frozenset(analyst.look(frames[second % len(frames)], float(second)).faults)
        return found

    # A key frame a second, and the loop is two: it must differ from one to the other.
    assert faults(loop(view, NONE, NONE)) == frozenset()
    assert faults(loop(view, NONE, BOTH)) == frozenset()
    assert faults(list(covered(loop(view, BOTH, NONE)))) == {"covered"}


def test_a_loop_has_a_key_frame_a_second_and_fits_into_packets() -> None:
    view = Counters((1, 2), 0)
    clip = encode(view.pictures(BOTH, NONE), FPS)
    assert [at for at, unit in enumerate(clip.units) if unit.key] == [0, FPS]
    assert len(clip.units) == FPS * SECONDS
    assert all(len(payload) <= PAYLOAD_MAX for unit in clip.units for payload in unit.payloads)
    assert next(view.pictures(NONE, NONE)).shape == (HEIGHT, WIDTH, 3)


def test_nal_units_and_their_fragments() -> None:
    assert nal_units(b"\0\0\0\1\x67ab\0\0\1\x68c") == [b"\x67ab", b"\x68c"]
    assert payloads(b"\x65" + bytes(10)) == [b"\x65" + bytes(10)]
    parts = payloads(b"\x65" + bytes(range(256)) * 20)
    assert [part[0] for part in parts] == [0x7C] * len(parts)
    assert [part[1] for part in parts] == [0x85, *[0x05] * (len(parts) - 2), 0x45]
    assert b"".join(part[2:] for part in parts) == bytes(range(256)) * 20


def test_the_one_who_wanders_leaves_in_every_session_and_is_never_ill() -> None:
    from random import Random

    hours = ((30600.0, 43200.0), (52200.0, 63000.0))
    plan = wandering(duty(Random(1), hours, ("会议",)), hours, 30)
    assert [(one.kind, one.minutes) for one in plan.breaks] == [("silent", 30)] * 2
    assert all(
        start < one.at_s < end - 1800 for one, (start, end) in zip(plan.breaks, hours, strict=True)
    )
    assert not plan.sick
