"""Reading what answers WS-Discovery, which need not be well-formed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hall_cameras.wire import Found
from hall_cameras.worker.discovery import answered

ANSWER = (
    "<d:ProbeMatches><d:ProbeMatch><a:RelatesTo>{id}</a:RelatesTo>"
    "<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>"
    "<d:Scopes>onvif://www.onvif.org/name/Gate%20%E4%B8%9C onvif://www.onvif.org/hardware/X1"
    "</d:Scopes><d:XAddrs>{urls}</d:XAddrs></d:ProbeMatch>"
)


def test_an_answer_names_the_camera() -> None:
    text = ANSWER.format(id="urn:1", urls="http://10.0.0.9/onvif/device_service")
    assert answered(text, "urn:1", "10.0.0.9") == Found(
        onvif="http://10.0.0.9/onvif/device_service", name="Gate 东", hardware="X1"
    )


def test_of_several_addresses_the_one_that_answered_is_taken() -> None:
    urls = "http://[fe80::1]/onvif http://169.254.1.1/onvif http://10.0.0.9:80/onvif"
    found = answered(ANSWER.format(id="urn:1", urls=urls), "urn:1", "10.0.0.9")
    assert found is not None
    assert found.onvif == "http://10.0.0.9:80/onvif"


def test_what_was_not_asked_by_us_or_is_no_camera_is_left_out() -> None:
    text = ANSWER.format(id="urn:2", urls="http://10.0.0.9/onvif")
    assert answered(text, "urn:1", "10.0.0.9") is None
    assert answered(text.replace("Video", "Printer"), "urn:2", "10.0.0.9") is None
    assert answered(ANSWER.format(id="urn:1", urls="ftp://x"), "urn:1", "10.0.0.9") is None
    assert answered(ANSWER.format(id="urn:1", urls="http://u:p@x/"), "urn:1", "x") is None


@given(st.text())
def test_nothing_that_comes_breaks_it(text: str) -> None:
    answered("urn:1 NetworkVideoTransmitter " + text, "urn:1", "10.0.0.9")
    answered(ANSWER.format(id="urn:1", urls=text.replace("{", "")), "urn:1", "10.0.0.9")
