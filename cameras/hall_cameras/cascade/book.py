"""The ids that were allotted: kept for ever, in memory and on disk."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, delete, select

from hall_cameras.cascade import tables
from hall_cameras.cascade.ids import TYPES, Allotted, is_id, next_id, type_of
from hall_core.errors import Conflict, NotFound, invalid
from hall_core.features import Row
from hall_core.kernel import Kernel
from hall_core.once import Change, Statement


class Allotment(msgspec.Struct, frozen=True, kw_only=True):
    gb_id: str
    kind: str
    subject: str
    made_ms: int
    shown_ms: int | None = None
    gone_ms: int | None = None

    def row(self) -> Row:
        values = (
            self.gb_id, self.kind, self.subject, self.made_ms, self.shown_ms, self.gone_ms,
        )  # fmt: skip
        return (tables.cascade_ids, values)


class Book:
    """All of them. What is put here must have been committed."""

    def __init__(self) -> None:
        self._by_id: dict[str, Allotment] = {}
        self._by_subject: dict[tuple[str, str], Allotment] = {}

    async def load(self, kernel: Kernel) -> None:
        def query(connection: Connection) -> list[Allotment]:
            return [
                Allotment(
                    gb_id=row.gb_id,
                    kind=row.kind,
                    subject=row.subject,
                    made_ms=row.made_ms,
                    shown_ms=row.shown_ms,
                    gone_ms=row.gone_ms,
                )
                for row in connection.execute(select(tables.cascade_ids))
            ]

        for allotment in await kernel.store.read(query):
            self.put(allotment)

    def put(self, allotment: Allotment) -> None:
        self._by_id[allotment.gb_id] = allotment
        key = (allotment.kind, allotment.subject)
        if allotment.gone_ms is None:
            self._by_subject[key] = allotment
        elif self._by_subject.get(key, allotment).gb_id == allotment.gb_id:
            self._by_subject.pop(key, None)

    def get(self, gb_id: str) -> Allotment | None:
        return self._by_id.get(gb_id)

    def id_of(self, kind: str, subject: str) -> str | None:
        found = self._by_subject.get((kind, subject))
        return None if found is None else found.gb_id

    def allot(
        self, platform: str, wanted: Iterable[tuple[Allotted, str]], now_ms: int
    ) -> list[Allotment]:
        """Ids for what has none yet: to be committed, then put."""
        made: list[Allotment] = []
        taken = set(self._by_id)
        last: dict[str, int] = {}
        for kind, subject in wanted:
            if (kind, subject) in self._by_subject:
                continue
            if kind not in last:
                last[kind] = self._last(platform, kind)
            gb_id = next_id(platform, kind, taken, last[kind])
            last[kind] = int(gb_id[14:])
            taken.add(gb_id)
            made.append(Allotment(gb_id=gb_id, kind=kind, subject=subject, made_ms=now_ms))
        return made

    def _last(self, platform: str, kind: str) -> int:
        start = f"{platform[:10]}{TYPES[kind][0]}{platform[13]}"
        return max((int(id_[14:]) for id_ in self._by_id if id_.startswith(start)), default=0)

    def shown(self, ids: Iterable[str], now_ms: int) -> list[Allotment]:
        """Those that an upper platform sees for the first time: they stay as they are now."""
        found = (self._by_id.get(id_) for id_ in ids)
        return [
            msgspec.structs.replace(allotment, shown_ms=now_ms)
            for allotment in found
            if allotment is not None and allotment.shown_ms is None
        ]

    def gone(self, alive: set[tuple[str, str]], now_ms: int) -> list[Allotment]:
        """Those whose hall or camera is no more."""
        return [
            msgspec.structs.replace(allotment, gone_ms=now_ms)
            for key, allotment in self._by_subject.items()
            if key not in alive and allotment.kind in ("camera", "hall")
        ]

    def changing(self, old_id: str, new_id: str) -> Change:
        """Give something another id, while no platform has seen the one it has.

        Raises:
            NotFound: there is no such id.
            Conflict: it was seen already.
            Invalid: the new one is none, or taken.
        """
        old = self._by_id.get(old_id)
        if old is None or old.gone_ms is not None:
            raise NotFound("unknown_id", "没有这个编码。")
        if old.shown_ms is not None:
            raise Conflict("id_shown", "上级平台已经收到这个编码，不能再改。")
        types = TYPES[old.kind]
        if not is_id(new_id) or type_of(new_id) not in types:
            raise invalid(
                "gb_id",
                f"编码应为 20 位数字，第 11 至 13 位为 {'或 '.join(types)}。",
                f"An id has 20 digits, with {' or '.join(types)} as digits 11 to 13.",
            )
        if new_id != old_id and new_id in self._by_id:
            raise invalid(
                "gb_id",
                "这个编码已经用过，编码不重复使用。",
                "This id was used before; no id is given twice.",
            )
        new = msgspec.structs.replace(old, gb_id=new_id)
        table = tables.cascade_ids

        def then() -> None:
            self._by_id.pop(old_id, None)
            self.put(new)

        removing: Statement = (delete(table).where(table.c.gb_id == old_id), {})
        if new_id == old_id:
            return Change()
        return Change(rows=(new.row(),), statements=(removing,), then=then)
