"""The manager's texts and notices, the voice, clerks' photos, and what screens report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict, get_args

import msgspec
from aiohttp import web

from hall_core.answers import Media
from hall_core.errors import NotFound, invalid
from hall_core.events import Notice
from hall_core.faults import ReportDevice
from hall_core.http import STAFF, Call, Route, roles
from hall_core.parameters import asks, choice
from hall_displays.domain import (
    DEFAULT_TEXTS,
    ChangeNotices,
    ChangeTexts,
    Fault,
    texts_of,
)
from hall_displays.speech import sentence
from hall_displays.voice import SENTENCE_MAX, Language, Voice

WAV = Media("audio/wav")
NUMBER = re.compile(r"[A-Z]{1,2}[0-9]{3,6}")
PHOTO = re.compile(r"[\w-]{1,60}\.(?:jpg|jpeg|png|webp)")


class Texts(msgspec.Struct, forbid_unknown_fields=True):
    texts: dict[str, str]


class Notices(msgspec.Struct, forbid_unknown_fields=True):
    """`version`: the hall's `notices_version` when they were read; else the last one wins."""

    notices: tuple[Notice, ...]
    version: int | None = None


class Health(msgspec.Struct, forbid_unknown_fields=True):
    """`fault` null: all is well. `screen`: which one, where one PC owns several."""

    fault: Fault | None
    screen: str = ""


class TextsAnswer(TypedDict):
    """Every text of the hall; `default_texts` beside them where they are read."""

    texts: dict[str, str]
    default_texts: NotRequired[dict[str, str]]


class NoticesAnswer(TypedDict):
    version: int
    notices: tuple[Notice, ...]


class HealthAnswer(TypedDict):
    fault: Fault | None


LANGUAGE = choice("lang", "the language to say it in", "zh", "en")


async def read_texts(call: Call) -> TextsAnswer:
    return {"texts": texts_of(call.hall.committed["displays"]), "default_texts": DEFAULT_TEXTS}


async def change_texts(call: Call) -> Any:
    return await call.hall.execute(
        ChangeTexts(texts=call.body.texts),
        call.principal.actor(),
        lambda live, _: TextsAnswer(texts=texts_of(live["displays"])),
        call.key,
    )


async def change_notices(call: Call) -> Any:
    return await call.hall.execute(
        ChangeNotices(notices=call.body.notices, version=call.body.version),
        call.principal.actor(),
        lambda live, _: NoticesAnswer(
            version=live["displays"].notices_version, notices=live["displays"].notices
        ),
        call.key,
    )


async def report_health(call: Call) -> Any:
    body: Health = call.body
    principal = call.principal
    report = ReportDevice(
        device_id=principal.id.removeprefix("device:"),
        name=principal.name,
        fault=body.fault,
        window=principal.window,
        place=body.screen,
        place_name=(f"屏幕{body.screen}", f"screen {body.screen}") if body.screen else None,
    )
    return await call.hall.execute(
        report, principal.actor(), lambda live, _: HealthAnswer(fault=body.fault), call.key
    )


def language_of(call: Call) -> Language:
    asked = call.request.query.get("lang", "zh")
    for language in get_args(Language):
        if asked == language:
            found: Literal["zh", "en"] = language
            return found
    raise invalid("lang", "语言应为 zh 或 en。")


class Spoken:
    """The voice over HTTP."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    @asks(LANGUAGE)
    async def call(self, call: Call) -> web.Response:
        """One call as the hall announces it. The sentence is made here, from number and window."""
        number, window = call.path("number"), call.number("desk")
        state = call.hall.committed["displays"]
        if not NUMBER.fullmatch(number) or window not in state.zones:
            raise NotFound("unknown_call", "没有这个号码或窗口。")
        language = language_of(call)
        return await self._say(sentence(texts_of(state), number, window, language), language)

    @asks(LANGUAGE)
    async def text(self, call: Call) -> web.Response:
        """A kiosk's page read aloud, for people who can't read it."""
        text = call.path("text").strip()
        if not 1 <= len(text) <= SENTENCE_MAX:
            raise invalid("text", f"应为 1 到 {SENTENCE_MAX} 个字。")
        return await self._say(text, language_of(call))

    async def _say(self, said: str, language: Language) -> web.Response:
        wav = await self._voice.wav(said, language)
        if wav is None:
            raise NotFound("no_voice", "服务器没有语音，请由浏览器朗读。")
        return web.Response(
            body=wav, content_type="audio/wav", headers={"Cache-Control": "no-cache"}
        )


class Photos:
    """Clerks' photos from the media folder, for the cards on screens and pads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def photo(self, call: Call) -> web.StreamResponse:
        name = call.path("name")
        path = self._folder / name
        if not PHOTO.fullmatch(name) or not path.is_file():
            raise NotFound("unknown_photo", "没有这张照片。")
        return web.FileResponse(
            path, headers={"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
        )


def routes(voice: Voice, media: Path) -> list[Route]:
    manager = roles()
    spoken = Spoken(voice)
    photos = Photos(media / "photos")
    r = Route
    return [
        r(
            method="GET", path="/halls/{hall}/texts", handler=read_texts,
            summary="Texts of screens, voice and tickets", roles=manager, answer=TextsAnswer,
        ),
        r(
            method="POST", path="/halls/{hall}/texts", handler=change_texts,
            summary="Change texts; an empty one restores the default", roles=manager, body=Texts,
            answer=TextsAnswer,
        ),
        r(
            method="POST", path="/halls/{hall}/notices", handler=change_notices,
            summary="The public notices in rotation, whole", roles=manager, body=Notices,
            answer=NoticesAnswer,
        ),
        r(
            method="GET", path="/halls/{hall}/voice/{number}/{desk}.wav", handler=spoken.call,
            summary="One call as it is announced (?lang=zh|en); 404: speak it yourself",
            roles=roles("display", "agent"), answer=WAV,
        ),
        r(
            method="GET", path="/halls/{hall}/voice/{text}.wav", handler=spoken.text,
            summary="A text of a kiosk or pad read aloud (?lang=zh|en); 404: no voice here",
            roles=roles("kiosk", "pad"), answer=WAV,
        ),
        r(
            method="GET", path="/halls/{hall}/photos/{name}", handler=photos.photo,
            summary="A clerk's photo", roles=STAFF | {"display", "pad"},
            answer=Media("image/*"),
        ),
        r(
            method="POST", path="/halls/{hall}/displays/health", handler=report_health,
            summary="A screen reports a fault, or null when all is well",
            roles=frozenset({"display"}), body=Health, answer=HealthAnswer,
        ),
    ]  # fmt: skip
