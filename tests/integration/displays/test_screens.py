"""Screens over HTTP and the stream: announcements, the voice, faults, photos."""

from __future__ import annotations

import io
import math
import secrets
import wave
from array import array
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hall_displays.voice import Sound, to_wav
from tests.support import HALL, Client, HallServer, Screen, hall_server, installation

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHOTO = b"\xff\xd8\xff\xe0 a photo"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    """A hall with recorded clips for windows 1 and 2, and no synthesiser."""
    directory = installation(tmp_path_factory.mktemp("screens"))
    media = directory / "media"
    for folder in ("voice", "photos"):
        (media / folder).mkdir()
    clip = to_wav(Sound(8000, array("h", [int(3000 * math.sin(i / 3)) for i in range(800)])))
    for name in ("请", "H", "零", "一", "二", "幺", "号到", "号窗口办理"):
        (media / "voice" / f"{name}.wav").write_bytes(clip)
    (media / "photos" / "001.jpg").write_bytes(PHOTO)
    (media / "secret.txt").write_text("not a photo")
    path = pytest.MonkeyPatch()
    path.setenv("PATH", str(directory / "no-programs"))
    async with hall_server(directory) as running:
        path.undo()
        yield running


async def call_somebody(server: HallServer, window: int = 1) -> str:
    """Open the window if need be, and call a new ticket there; its number."""
    kiosk = await server.client("kiosk")
    admin = await server.client("admin")
    await admin.press(window, "open", clerk=f"{window:03d}")
    ticket = await kiosk.take("H")
    answer = await admin.press(window, "call_specific", number=ticket["number"], reason="测试")
    assert answer.status == 200, answer
    return str(ticket["number"])


async def clear(server: HallServer, window: int = 1) -> None:
    admin = await server.client("admin")
    await admin.press(window, "start")
    await admin.press(window, "finish")


async def announcements(screen: Screen, version: int) -> list[dict[str, object]]:
    """What is announced up to `version`."""
    said: list[dict[str, object]] = []
    while (screen.version or 0) < version:
        frame = await screen.next()
        said.extend(frame.get("changed", {}).get("announcements", []))
    return said


def wav_seconds(raw: bytes) -> float:
    with wave.open(io.BytesIO(raw), "rb") as reader:
        return reader.getnframes() / reader.getframerate()


# --- announcements -----------------------------------------------------------------------------


async def test_a_call_and_a_recall_are_announced_once_each(server: HallServer) -> None:
    admin = await server.client("admin")
    async with server.stream("display") as screen:
        number = await call_somebody(server)
        answer = await admin.press(1, "recall")
        said = await announcements(screen, answer.body["version"])
    assert [one["number"] for one in said] == [number, number]
    first = said[0]
    digits = "".join("零一二三四五六七八九"[int(sign)] for sign in number[1:])
    assert first["spoken"] == f"请H{digits}号到一号窗口办理"
    assert first["text"] == f"请{number}到1号窗口"
    assert first["zone"] == "户籍"
    assert first["times"] == 2
    assert first["audio"] == f"voice/{number}/1.wav?lang=zh"
    assert "spoken_en" not in first
    assert "announcements" not in screen.state or screen.frames[0]["type"] == "snapshot"
    # Whoever comes later sees the call and hears nothing.
    async with server.stream("display") as late:
        assert late.state["recent_calls"][0]["number"] == number
        assert "announcements" not in late.state
    await clear(server)


async def test_a_pad_hears_no_calls(server: HallServer) -> None:
    async with server.stream("pad", window=1) as pad:
        await call_somebody(server)
        frame = await pad.until_event("ticket_called")
        assert "announcements" not in frame["changed"]
    await clear(server)


async def test_the_halls_own_words(server: HallServer) -> None:
    admin = await server.client("admin")
    texts = {
        "voice.call": "{number_read}请到{window_read}号台",
        "voice.one": "幺",
        "voice.times": "1",
    }
    assert (await admin.post(f"/halls/{HALL}/texts", {"texts": texts})).status == 200
    async with server.stream("display") as screen:
        number = await call_somebody(server)
        frame = await screen.until_event("ticket_called")
    said = frame["changed"]["announcements"][0]
    assert said["spoken"].endswith("请到一号台")
    assert "一" not in said["spoken"].partition("请")[0]
    assert said["times"] == 1
    assert said["number"] == number
    refused = await admin.post(f"/halls/{HALL}/texts", {"texts": {"voice.call": "{name}"}})
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "texts.voice.call")
    assert (
        await admin.post(f"/halls/{HALL}/texts", {"texts": dict.fromkeys(texts, "")})
    ).status == 200
    await clear(server)


# --- the voice ---------------------------------------------------------------------------------


async def test_a_display_fetches_what_is_announced(server: HallServer) -> None:
    display = await server.client("display")
    answer = await display.get(f"/halls/{HALL}/voice/H012/1.wav?lang=zh")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "audio/wav"
    assert wav_seconds(answer.raw) == pytest.approx(0.8)  # 请 H 零 一 二 号到 一 号窗口办理


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("voice/H003/1.wav", 404, "no_voice"),  # no clip for 三, no synthesiser
        ("voice/H012/1.wav?lang=en", 404, "no_voice"),
        ("voice/H012/1.wav?lang=fr", 422, "invalid_field"),
        ("voice/H012/99.wav", 404, "unknown_call"),
        ("voice/H012/0.wav", 404, "unknown_call"),
        ("voice/h012/1.wav", 404, "unknown_call"),
        ("voice/H01234567/1.wav", 404, "unknown_call"),
        ("voice/请你离开/1.wav", 404, "unknown_call"),
        ("voice/H012/x.wav", 422, "invalid_field"),
    ],
)
async def test_only_what_the_hall_announces_is_said(
    server: HallServer, path: str, status: int, code: str
) -> None:
    display = await server.client("display")
    answer = await display.get(f"/halls/{HALL}/{path}")
    assert (answer.status, answer.code) == (status, code)


async def test_who_may_ask_for_the_voice(server: HallServer) -> None:
    path = f"/halls/{HALL}/voice/H012/1.wav"
    assert (await (await server.client(None)).get(path)).status == 401
    assert (await (await server.client("counter", window=1)).get(path)).status == 403
    assert (await (await server.client("display", hall="luyuan")).get(path)).status == 403


async def test_a_kiosk_reads_its_page_aloud_and_a_display_does_not(server: HallServer) -> None:
    path = f"/halls/{HALL}/voice/请二一.wav"
    kiosk: Client = await server.client("kiosk")
    answer = await kiosk.get(path)
    assert answer.status == 200
    assert wav_seconds(answer.raw) == pytest.approx(0.3)
    assert (await (await server.client("display")).get(path)).status == 403
    long = await kiosk.get(f"/halls/{HALL}/voice/{'请' * 401}.wav")
    assert (long.status, long.body["errors"][0]["field"]) == (422, "text")


# --- faults ------------------------------------------------------------------------------------


async def test_a_silent_screen_raises_one_alert_until_it_is_heard(server: HallServer) -> None:
    admin = await server.client("admin")
    display = await server.client("display")
    health = f"/halls/{HALL}/displays/health"

    async def open_faults() -> list[tuple[str, str]]:
        alerts = (await admin.get(f"/halls/{HALL}/alerts?state=open")).body
        return [(a["kind"], a["detail"]) for a in alerts if a["kind"] == "device_fault"]

    blocked = {"fault": "autoplay_blocked"}
    for _ in range(3):  # each page load says it again
        assert (await display.post(health, blocked)).status == 200
    (kind, detail) = (await open_faults())[0]
    assert len(await open_faults()) == 1
    assert kind == "device_fault"
    assert "声音" in detail
    assert (await display.post(health, {"fault": "autoplay_blocked", "screen": "2"})).status == 200
    assert len(await open_faults()) == 2
    for screen in ("", "2"):
        assert (await display.post(health, {"fault": None, "screen": screen})).status == 200
    assert await open_faults() == []


async def test_a_report_that_does_not_fit_is_refused(server: HallServer) -> None:
    display = await server.client("display")
    health = f"/halls/{HALL}/displays/health"
    for body in (
        {"fault": "on fire"},
        {},
        {"fault": None, "screen": "x" * 21},
        {"fault": None, "x": 1},
    ):
        assert (await display.post(health, body)).status == 422
    assert (await (await server.client("kiosk")).post(health, {"fault": None})).status == 403
    key = secrets.token_hex(4)
    first = await display.post(health, {"fault": None}, key=key)
    assert (await display.post(health, {"fault": None}, key=key)).body == first.body


# --- photos ------------------------------------------------------------------------------------


async def test_a_clerks_photo(server: HallServer) -> None:
    display = await server.client("display")
    answer = await display.get(f"/halls/{HALL}/photos/001.jpg")
    assert (answer.status, answer.raw) == (200, PHOTO)
    assert answer.headers["Content-Type"] == "image/jpeg"
    for name in (
        "002.jpg",
        "..%2Fsecret.txt",
        "%2e%2e%2fsecret.txt",
        "secret.txt",
    ):
        assert (await display.get(f"/halls/{HALL}/photos/{name}")).status == 404, name
    assert (await display.get(f"/halls/{HALL}/photos/001.jpg%00.png")).status == 400
    assert (await (await server.client(None)).get(f"/halls/{HALL}/photos/001.jpg")).status == 401


# --- after a restart ---------------------------------------------------------------------------


async def test_an_open_fault_is_known_after_a_restart(tmp_path: Path) -> None:
    health = f"/halls/{HALL}/displays/health"
    async with hall_server(tmp_path) as first:
        token = await first.token("display")
        await Client(first.http, first.base, token).post(health, {"fault": "no_voice"})
    async with hall_server(tmp_path) as second:
        display = Client(second.http, second.base, token)
        await display.post(health, {"fault": "no_voice"})
        admin = await second.client("admin")
        assert len((await admin.get(f"/halls/{HALL}/alerts?state=open")).body) == 1
        await display.post(health, {"fault": None})
        assert (await admin.get(f"/halls/{HALL}/alerts?state=open")).body == []
