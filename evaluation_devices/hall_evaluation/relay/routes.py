"""The relay's settings, what waits in the outbox, and trying again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, and_, func, select, update

from hall_core.clock import from_millis
from hall_core.http import Call, Route, roles
from hall_core.once import Change, Write, once
from hall_core.setup import RelaySettings
from hall_evaluation.relay.rules import check_secret
from hall_evaluation.relay.sender import PURPOSE
from hall_evaluation.relay.state import ChangeRelay
from hall_evaluation.relay.tables import relay_outbox, relay_secrets

SHOWN_MAX = 200  # undelivered ratings that are listed


class RelayView(RelaySettings, frozen=True, kw_only=True):
    """The settings, and whether there is a secret: its value is never shown again."""

    secret_set: bool


class PutRelay(RelaySettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings, whole. `secret` absent: as it is; "": none; it goes out in `header`."""

    secret: str | None = None


class Undelivered(msgspec.Struct):
    """A rating that the regional system does not have yet, or would not have."""

    ticket_id: str
    state: str
    made_at: datetime
    attempts: int
    tried_at: datetime | None
    status: int | None
    error: str


class Outbox(msgspec.Struct):
    """How far the relay is: counts by state, when the last was delivered, what went wrong."""

    waiting: int
    delivered: int
    refused: int
    oldest_waiting_at: datetime | None
    undelivered: list[Undelivered]  # refused ones and ones that failed, the latest attempt first


class RelayCommand(msgspec.Struct, forbid_unknown_fields=True):
    command: Literal["retry"]


class Retried(msgspec.Struct):
    """How many ratings wait now."""

    waiting: int


async def read_settings(call: Call) -> RelayView:
    query = select(relay_secrets.c.sealed).where(relay_secrets.c.hall_id == call.hall.info.id)
    sealed = await call.kernel.store.read(lambda c: c.execute(query).scalar())
    return _view(call.hall.committed["relay"].settings, bool(sealed))


def _view(settings: RelaySettings, secret_set: bool) -> RelayView:
    return RelayView(**msgspec.structs.asdict(settings), secret_set=secret_set)


async def change_settings(call: Call) -> Any:
    body: PutRelay = call.body
    fields = msgspec.structs.asdict(body)
    secret = fields.pop("secret")
    settings = RelaySettings(**fields)
    hall, kernel = call.hall, call.kernel
    rows = []
    secret_set = (await read_settings(call)).secret_set
    if secret is not None:
        check_secret(secret)
        secret_set = bool(secret)
        sealed = kernel.secret.encrypt(PURPOSE, secret) if secret else ""
        rows.append((relay_secrets, (hall.info.id, sealed)))
    reply = await hall.execute(
        ChangeRelay(settings=settings),
        call.principal.actor(),
        lambda live, _: _view(live["relay"].settings, secret_set),
        call.key,
        rows,
    )
    if not reply.replayed:
        actor = call.principal.actor().name
        await kernel.audit(actor, "relay", settings.url[:80], call.address, hall.info.id)
    return reply


async def read_outbox(call: Call) -> Outbox:
    hall_id = call.hall.info.id
    return await call.kernel.store.read(lambda connection: _outbox(connection, hall_id))


def _outbox(connection: Connection, hall_id: str) -> Outbox:
    box = relay_outbox.c
    counted = select(box.state, func.count().label("number")).where(box.hall_id == hall_id)
    rows = connection.execute(counted.group_by(box.state))
    counts: dict[str, int] = {row.state: row.number for row in rows}
    waiting = and_(box.hall_id == hall_id, box.state == "waiting")
    oldest = connection.execute(select(func.min(box.made_ms)).where(waiting)).scalar()
    failed = (
        select(relay_outbox)
        .where(box.hall_id == hall_id, box.state.in_(("waiting", "refused")), box.error != "")
        .order_by(box.tried_ms.desc())
        .limit(SHOWN_MAX)
    )
    return Outbox(
        waiting=counts.get("waiting", 0),
        delivered=counts.get("delivered", 0),
        refused=counts.get("refused", 0),
        oldest_waiting_at=None if oldest is None else from_millis(oldest),
        undelivered=[
            Undelivered(
                ticket_id=row.ticket_id,
                state=row.state,
                made_at=from_millis(row.made_ms),
                attempts=row.attempts,
                tried_at=None if row.tried_ms is None else from_millis(row.tried_ms),
                status=row.status,
                error=row.error,
            )
            for row in connection.execute(failed)
        ],
    )


class Relay:
    """The calls that need the sender."""

    def __init__(self, send_again: Callable[[str], None]) -> None:
        self._send_again = send_again

    async def retry(self, call: Call) -> Any:
        """Refused ratings go back into line (their cause was mended), and none waits longer."""
        hall_id = call.hall.info.id

        async def act() -> Write:
            box = relay_outbox.c
            again = (
                update(relay_outbox)
                .where(box.hall_id == hall_id, box.state == "refused")
                .values(state="waiting")
            )
            actor = call.principal.actor().name
            audit = call.kernel.audit_entry(actor, "relay_retry", hall_id, call.address, hall_id)
            before = await read_outbox(call)
            after = Retried(before.refused + before.waiting)
            changed = Change(statements=((again, {}),), then=lambda: self._send_again(hall_id))
            return Write(after, (changed, audit))

        return await once(call, act)


def routes(send_again: Callable[[str], None]) -> list[Route]:
    """`send_again` has the sender try all that waits in a hall's outbox."""
    manager = roles()
    relay = Relay(send_again)
    r = Route
    return [
        r(
            method="GET", path="/halls/{hall}/relay", handler=read_settings,
            summary="Where the hall's ratings are passed on to", roles=manager, answer=RelayView,
        ),
        r(
            method="PUT", path="/halls/{hall}/relay", handler=change_settings,
            summary="Change where the hall's ratings are passed on to",
            roles=frozenset({"admin"}), body=PutRelay, answer=RelayView,
        ),
        r(
            method="GET", path="/halls/{hall}/relay/outbox", handler=read_outbox,
            summary="Ratings that were delivered, wait, or were refused, with the last errors",
            roles=roles("supervisor"), answer=Outbox,
        ),
        r(
            method="POST", path="/halls/{hall}/relay/commands", handler=relay.retry,
            summary="Try refused and waiting ratings again, now", roles=manager,
            body=RelayCommand, answer=Retried,
        ),
    ]  # fmt: skip
