"""The manager's texts and notices."""

from __future__ import annotations

from typing import Any

import msgspec

from hall_core.events import Notice
from hall_core.http import Call, Route, roles
from hall_displays.domain import DEFAULT_TEXTS, ChangeNotices, ChangeTexts, texts_of


class Texts(msgspec.Struct, forbid_unknown_fields=True):
    texts: dict[str, str]


class Notices(msgspec.Struct, forbid_unknown_fields=True):
    notices: tuple[Notice, ...]


async def read_texts(call: Call) -> Any:
    return {"texts": texts_of(call.hall.committed["displays"]), "default_texts": DEFAULT_TEXTS}


async def change_texts(call: Call) -> Any:
    return await call.hall.execute(
        ChangeTexts(texts=call.body.texts),
        call.principal.actor(),
        lambda live, _: {"texts": texts_of(live["displays"])},
        call.key,
    )


async def change_notices(call: Call) -> Any:
    return await call.hall.execute(
        ChangeNotices(notices=call.body.notices),
        call.principal.actor(),
        lambda live, _: {"notices": live["displays"].notices},
        call.key,
    )


def routes() -> list[Route]:
    manager = roles()
    r = Route
    return [
        r(
            method="GET", path="/halls/{hall}/texts", handler=read_texts,
            summary="Texts of screens, voice and tickets", roles=manager,
        ),
        r(
            method="POST", path="/halls/{hall}/texts", handler=change_texts,
            summary="Change texts; an empty one restores the default", roles=manager, body=Texts,
        ),
        r(
            method="POST", path="/halls/{hall}/notices", handler=change_notices,
            summary="The public notices in rotation, whole", roles=manager, body=Notices,
        ),
    ]  # fmt: skip
