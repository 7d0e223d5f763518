"""Addresses as people type them and as cameras announce them."""

from __future__ import annotations

import contextlib
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_cameras import addresses
from hall_cameras.addresses import BadAddress


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("10.0.0.9", "http://10.0.0.9/onvif/device_service"),
        ("10.0.0.9:8080", "http://10.0.0.9:8080/onvif/device_service"),
        (" http://cam.local/onvif/device ", "http://cam.local/onvif/device"),
        ("https://[fe80::1]:443/", "https://[fe80::1]:443/onvif/device_service"),
    ],
)
def test_a_device_service_is_found_in_what_people_type(typed: str, url: str) -> None:
    assert addresses.onvif_address(typed) == url


@pytest.mark.parametrize(
    "typed", ["", "ftp://x", "http://", "a b", "http://u:p@h/", "http://h:99999/", "x" * 600, "[::"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(BadAddress):
        addresses.onvif_address(typed)


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("rtsp://10.0.0.9/live", ("rtsp://10.0.0.9/live", "", "")),
        ("rtsp://admin:p@:/#?x@10.0.0.9:554/a?b=1",
         ("rtsp://10.0.0.9:554/a?b=1", "admin", "p@:/#?x")),
        ("rtsp://admin:p%40ss@10.0.0.9/", ("rtsp://10.0.0.9/", "admin", "p@ss")),
        ("RTSP://10.0.0.9:8000:554/a", ("rtsp://10.0.0.9:554/a", "", "")),
    ],
)  # fmt: skip
def test_credentials_are_taken_out_of_a_stream_address(
    typed: str, parts: tuple[str, str, str]
) -> None:
    assert tuple(addresses.rtsp_address(typed)) == parts


secrets = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)


@given(username=secrets, password=secrets)
def test_any_password_goes_in_and_is_hidden(username: str, password: str) -> None:
    url = addresses.with_credentials("rtsp://10.0.0.9:554/live?x=1", username, password)
    parts = urlsplit(url)
    assert (parts.hostname, parts.port, parts.path) == ("10.0.0.9", 554, "/live")
    assert unquote(parts.username or "") == username
    assert unquote(parts.password or "") == password
    assert addresses.mask(f"failed: {url}!") == "failed: rtsp://***@10.0.0.9:554/live?x=1!"


@pytest.mark.parametrize(
    ("announced", "url"),
    [
        ("http://192.168.254.3/onvif/media", "http://203.0.113.5:8081/onvif/media"),
        ("http://0.0.0.0:80/onvif/media?x", "http://203.0.113.5:8081/onvif/media?x"),
        ("garbage", "http://203.0.113.5:8081/onvif/device_service"),
    ],
)
def test_a_service_behind_nat_is_asked_where_it_was_reached(announced: str, url: str) -> None:
    assert addresses.reached(announced, "http://203.0.113.5:8081/onvif/device_service") == url


@pytest.mark.parametrize(
    ("announced", "url"),
    [
        ("rtsp://192.168.254.3:554/live", "rtsp://203.0.113.5:554/live"),
        ("rtsp://192.168.254.3:8081:554/live", "rtsp://203.0.113.5:554/live"),
        ("rtsp://u:p@192.168.254.3/live?a=b&c", "rtsp://203.0.113.5/live?a=b&c"),
    ],
)
def test_a_stream_behind_nat_is_opened_where_the_camera_was_reached(
    announced: str, url: str
) -> None:
    assert addresses.stream_reached(announced, "http://203.0.113.5:8081/x") == url


@given(st.text(max_size=80))
def test_nothing_typed_or_announced_breaks_anything(text: str) -> None:
    for parse in (
        addresses.onvif_address,
        addresses.rtsp_address,
        lambda t: addresses.stream_reached(t, "http://10.0.0.9/"),
    ):
        with contextlib.suppress(BadAddress):
            parse(text)
    addresses.reached(text, "http://10.0.0.9/")
    addresses.mask(text)
    addresses.group_of(text, text)
