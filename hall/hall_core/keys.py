"""Retries are safe: every write carries an idempotency key.

A key is scoped to who asks and which route is asked, kept 7 days with a digest of the body, and
committed with the events of its command. Same key and body: the same answer. Another body: 422.
The digests of all unexpired keys are held in memory, so that a new key, which is nearly every one,
costs no read; only a repeated one is looked up.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select

from hall_core.clock import Clock, micros
from hall_core.errors import Invalid
from hall_core.features import Row
from hall_core.secret import Secret
from hall_core.store import Store
from hall_core.tables import idempotency
from hall_core.writer import Writer

KEEP = timedelta(days=7)


class Key(msgspec.Struct, frozen=True):
    """One keyed request: keyed digests of (actor, route, key) and of the body.

    Bodies hold PINs and ID numbers, which a bare digest would give away to anyone who tries all.
    """

    digest: bytes
    body: bytes


class Keys:
    """All unexpired keys of this database."""

    def __init__(self, store: Store, clock: Clock, secret: Secret) -> None:
        self._store = store
        self._secret_key = secret.hmac("idempotency", "")
        self._clock = clock
        self._known: dict[bytes, int] = {}  # digest -> the row's at_us
        self._taken: set[int] = set()  # at_us of all rows
        self._asked_at = self._given_at = 0
        self._under_way: dict[bytes, tuple[bytes, asyncio.Future[Any]]] = {}

    def load(self) -> None:
        """Read the digests of all keys that are kept."""
        query = select(idempotency.c.digest, idempotency.c.at_us)
        rows = self._store.read_now(lambda c: c.execute(query).all())
        self._known = {row.digest: row.at_us for row in rows}
        self._taken = set(self._known.values())

    def key(self, actor: str, route: str, key: str, body: bytes) -> Key:
        """The key of a request by `actor` to `route`."""
        scope = f"{actor}\n{route}\n{key}".encode()
        return Key(self._digest(scope), self._digest(body))

    def _digest(self, value: bytes) -> bytes:
        return blake2b(value, digest_size=16, key=self._secret_key).digest()

    async def answer_to(self, key: Key) -> bytes | None:
        """The stored answer of an earlier request with this key, or None if it is new.

        Returns without yielding to the event loop when the key is new, so that the caller may
        decide at once. A request that is still under way is waited for.

        Raises:
            Invalid: the key was used with another body.
        """
        waiting = self._under_way.get(key.digest)
        if waiting is not None:
            body, future = waiting
            _same_body(key, body)
            await asyncio.wait([future])
            return await self.answer_to(key)
        at = self._known.get(key.digest)
        if at is None:
            return None

        def query(connection: Connection) -> Any:
            columns = (idempotency.c.body_digest, idempotency.c.answer)
            where = (idempotency.c.at_us == at, idempotency.c.digest == key.digest)
            return connection.execute(select(*columns).where(*where)).one_or_none()

        row = await self._store.read(query)
        if row is None:  # expired, or never stored
            self._known.pop(key.digest, None)
            return await self.answer_to(key)  # another request may have begun while we looked
        _same_body(key, row.body_digest)
        answer: str = row.answer
        return answer.encode()

    def begin(self, key: Key, done: asyncio.Future[Any]) -> None:
        """A command with this key was decided; `done` resolves when it is stored or refused."""
        self._under_way[key.digest] = (key.body, done)

    def end(self, key: Key) -> None:
        """It was stored, or refused."""
        self._under_way.pop(key.digest, None)

    def row(self, key: Key, answer: bytes) -> Row:
        """The row that stores `answer` under `key`, to be committed with the command's events."""
        at = micros(self._clock.now())
        if at == self._asked_at:  # as by a clock that stands: go on where the last one ended
            at = self._given_at
        else:
            self._asked_at = at
        while at in self._taken:
            at += 1
        self._taken.add(at)
        self._given_at = at
        # From now on the table is asked when the key comes again: even a commit that failed may
        # have happened, if only its outcome was lost.
        self._known[key.digest] = at
        return (idempotency, (at, key.digest, key.body, answer.decode()))

    async def expire(self, writer: Writer) -> None:
        """Forget keys older than `KEEP`."""
        oldest = micros(self._clock.now() - KEEP)
        old = idempotency.c.at_us < oldest
        query = select(idempotency.c.digest).where(old)
        digests = await self._store.read(lambda c: c.execute(query).scalars().all())
        await writer.write(statements=[(delete(idempotency).where(old), {})])
        for digest in digests:
            self._known.pop(digest, None)
        self._taken = {at for at in self._taken if at >= oldest}


def _same_body(key: Key, body: bytes) -> None:
    if key.body != body:
        raise Invalid("idempotency_key_reused", "同一个 Idempotency-Key 不能用于不同的请求。")
