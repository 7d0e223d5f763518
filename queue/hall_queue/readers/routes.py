"""Reading an ID card for a kiosk or the guide desk."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hall_core.errors import Conflict, Forbidden, NotFound
from hall_core.http import Call, Route, roles
from hall_queue.readers.card import NAME_MAX, masked
from hall_queue.service import QueueService

WAIT_S = 2  # for a card; the page asks again as long as its screen is there
ANSWER_S = WAIT_S + 3.5  # less than a page waits


class ReadingBody(msgspec.Struct, forbid_unknown_fields=True):
    """`reader`: the agent that drives the reader; null: the one in this device's settings."""

    reader: str | None = None


class CardReading(msgspec.Struct):
    """`card`: what POST /tickets takes instead of a number, once, within a minute. `name` is
    masked (张*). `green_age`: old enough for the green channel."""

    card: str
    name: str
    green_age: bool


class _FromReader(msgspec.Struct):
    """What the agent answers. It is checked like anything that comes over a network."""

    number: Annotated[str, msgspec.Meta(min_length=6, max_length=20)]
    name: Annotated[str, msgspec.Meta(max_length=NAME_MAX)]


def reader_of(call: Call) -> str | None:
    """The agent with the calling device's card reader, as its settings name it."""
    caller = call.kernel.access.devices.get(call.principal.id.removeprefix("device:"))
    reader = caller.settings.get("reader") if caller is not None else None
    return reader if isinstance(reader, str) and reader else None


class CardRoutes:
    def __init__(self, service: QueueService) -> None:
        self._service = service

    async def read(self, call: Call) -> CardReading:
        """Ask the reader for the card that lies there or is laid there within WAIT_S.

        Raises:
            Conflict: `no_card` (ask again), `reader_busy`, or why it can't be read.
            NotFound: this device has no reader.
        """
        body: ReadingBody = call.body
        hall = call.hall
        reader = self._reader(call, body.reader)
        request = {"do": "read_card", "wait_s": WAIT_S}
        answer = await call.kernel.agents.ask(reader, "reader", request, ANSWER_S)
        try:
            found = msgspec.convert(answer, _FromReader)
        except msgspec.ValidationError:  # its text would name somebody
            raise Conflict("unreadable", "身份证读卡器出错，请到导办台取号。") from None
        person = self._service.card_holder(hall, found.number)
        green_age = hall.committed["queue"].settings.green_age
        return CardReading(
            card=self._service.cards.keep(hall.info.id, person),
            name=masked(found.name),
            green_age=person.age is not None and person.age >= green_age,
        )

    def _reader(self, call: Call, named: str | None) -> str:
        """The agent to ask. A kiosk reads on its own reader only: another's card is not its
        business.

        Raises:
            NotFound: it has none, or there is none in this hall.
            Forbidden: a kiosk that names another.
        """
        devices, own = call.kernel.access.devices, reader_of(call)
        if "kiosk" in call.principal.roles and named not in (None, own):
            raise Forbidden("wrong_reader", "取号机只能使用自己的读卡器。")
        reader = devices.get(named or own or "")
        if reader is None or reader.hall_id != call.hall.info.id:
            raise NotFound("no_reader", "本机没有身份证读卡器，请到导办台取号。")
        return reader.device_id


def routes(service: QueueService) -> list[Route]:
    cards = CardRoutes(service)
    return [
        Route(
            method="POST", path="/halls/{hall}/card-readings", handler=cards.read,
            summary="Read the ID card on a kiosk's reader", roles=roles("kiosk", "guide"),
            body=ReadingBody, answer=CardReading,
            keyed=False,  # nothing is written, and who it was may not be stored with a key
        ),
    ]  # fmt: skip
