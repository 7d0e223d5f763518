"""Where each camera is and how to get in: read at start, kept in memory, sealed on disk."""

from __future__ import annotations

import asyncio

import msgspec
from sqlalchemy import Connection, delete, select

from hall_cameras import tables
from hall_cameras.wire import Access, Identity
from hall_core.features import Row
from hall_core.kernel import Kernel
from hall_core.once import Statement

PURPOSE = "camera password"


class Credentials(msgspec.Struct, frozen=True):
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "Credentials(…)"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One camera's address. `credentials` never leaves the server but to its worker."""

    camera_id: str
    hall_id: str
    onvif: str = ""
    rtsp: str = ""
    profile: str = ""
    credentials: Credentials = Credentials()
    identity: Identity = Identity()

    def access(self) -> Access:
        """What a worker is told."""
        return Access(
            onvif=self.onvif,
            rtsp=self.rtsp,
            profile=self.profile,
            username=self.credentials.username,
            password=self.credentials.password,
            serial=self.identity.serial,
        )


class Records:
    """All of them. What is put here must have been committed."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._records: dict[str, Record] = {}
        self.changing = asyncio.Lock()  # held from reading a record to putting its successor

    async def load(self) -> None:
        def query(connection: Connection) -> list[Record]:
            return [
                Record(
                    camera_id=row.camera_id,
                    hall_id=row.hall_id,
                    onvif=row.onvif,
                    rtsp=row.rtsp,
                    profile=row.profile,
                    credentials=self._unseal(row.sealed),
                    identity=msgspec.json.decode(row.identity, type=Identity),
                )
                for row in connection.execute(select(tables.camera_access))
            ]

        found = await self._kernel.store.read(query)
        self._records = {record.camera_id: record for record in found}

    def _unseal(self, sealed: str) -> Credentials:
        try:
            plain = self._kernel.secret.decrypt(PURPOSE, sealed)
        except ValueError:  # another installation's secret.key: passwords must be entered again
            return Credentials()
        return msgspec.json.decode(plain, type=Credentials)

    def get(self, camera_id: str) -> Record | None:
        return self._records.get(camera_id)

    def of(self, hall_id: str) -> list[Record]:
        """The cameras of a hall."""
        return [record for record in self._records.values() if record.hall_id == hall_id]

    def put(self, record: Record) -> None:
        self._records[record.camera_id] = record

    def row(self, record: Record) -> Row:
        plain = msgspec.json.encode(record.credentials).decode()
        values = (
            record.camera_id,
            record.hall_id,
            record.onvif,
            record.rtsp,
            record.profile,
            self._kernel.secret.encrypt(PURPOSE, plain),
            msgspec.json.encode(record.identity).decode(),
        )
        return (tables.camera_access, values)

    def forgetting(self, camera_id: str) -> Statement:
        """What deletes a camera's address and password."""
        table = tables.camera_access
        return (delete(table).where(table.c.camera_id == camera_id), {})

    def drop(self, camera_id: str) -> None:
        self._records.pop(camera_id, None)

    def orphans(self, known: set[str]) -> list[str]:
        """Addresses of cameras that are no more: a crash came between the two."""
        return [camera_id for camera_id in self._records if camera_id not in known]
