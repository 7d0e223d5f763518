"""Writes that belong to no hall's state: accounts, devices, PINs, working days.

What such a write changes, its audit entry and its idempotency key are committed together: after a
crash either all of it happened or none, and a retry learns which.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from sqlalchemy import Executable

from hall_core.features import Row

if TYPE_CHECKING:
    from hall_core.http import Call
    from hall_core.writer import Writer

Statement: TypeAlias = tuple[Executable, dict[str, Any]]
_encoder = msgspec.json.Encoder()


class Change(msgspec.Struct, frozen=True):
    """Rows and statements to commit; `then` makes it true in memory once they are on disk."""

    rows: tuple[Row, ...] = ()
    statements: tuple[Statement, ...] = ()
    then: Callable[[], None] = lambda: None


class Write(msgspec.Struct, frozen=True):
    """What a write comes to. `stored`: what is kept of the answer for a retry, when secrets that
    are shown once have to be left out of it."""

    answer: Any
    changes: tuple[Change, ...]
    stored: Any = msgspec.UNSET


async def commit(writer: Writer, changes: Sequence[Change], *more: Row) -> None:
    """Write all of it in one transaction; then it counts.

    Raises:
        Unavailable: the database refused it, and nothing has changed.
    """
    rows = [row for change in changes for row in change.rows]
    statements = [statement for change in changes for statement in change.statements]
    await writer.write([*rows, *more], statements)
    for change in changes:
        change.then()


async def once(call: Call, act: Callable[[], Awaitable[Any]]) -> Any:
    """Do a write once per idempotency key.

    Args:
        act: decides, and gives a `Write`. It writes nothing itself. (An act that did give anything
            else has written on its own; only its answer is kept, in a transaction of its own.)
    """
    assert call.key is not None, "only for keyed routes"
    keys = call.kernel.keys
    earlier = await keys.answer_to(call.key)
    if earlier is not None:
        return msgspec.Raw(earlier)
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    keys.begin(call.key, future)
    try:
        done = await act()
        write = done if isinstance(done, Write) else Write(done, ())
        kept = write.answer if write.stored is msgspec.UNSET else write.stored
        row = keys.row(call.key, _encoder.encode(kept))
        await commit(call.kernel.writer, write.changes, row)
    finally:
        keys.end(call.key)
        future.set_result(None)
    return write.answer


async def alone(call: Call, act: Callable[[], Awaitable[Write]]) -> Any:
    """The same for accounts and devices: what an act looks at does not change until its own
    write is on disk, so that of two with one name the second is told."""
    async with call.kernel.access.changing:
        return await once(call, act)
