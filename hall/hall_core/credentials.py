"""Devices, people and sessions as they are known and stored, and how their secrets are kept.

Tokens are 256 random bits and stored as SHA-256; passwords and PINs as argon2id; codes, being
short, as a keyed HMAC.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, select

from hall_core import tables
from hall_core.clock import Clock, millis
from hall_core.features import Actor, Audience, Row

DeviceKind: TypeAlias = Literal[
    "kiosk", "guide", "display", "counter", "pad", "agent", "camera", "supervisor", "admin"
]
UserRole: TypeAlias = Literal["manager", "supervisor", "admin", "security", "auditor"]

ROLES_OF_TOKEN: dict[str, frozenset[str]] = {
    "admin": frozenset({"admin", "manager", "security"}),
}
IDLE = timedelta(minutes=30)  # of a person's session without any request
SESSION_MAX = timedelta(hours=12)
CODE_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that looks like another
PASSWORD_MIN = 10

_hasher = PasswordHasher()


class Principal(msgspec.Struct, frozen=True):
    """Somebody who was let in. `halls` None means every hall."""

    id: str
    kind: str
    name: str
    roles: frozenset[str]
    halls: frozenset[str] | None
    window: int | None = None

    def may_enter(self, hall_id: str) -> bool:
        return self.halls is None or hall_id in self.halls

    @property
    def audience(self) -> Audience:
        """How much of a hall they may see. Who manages and supervises gets the manager's."""
        if self.roles & {"manager", "admin"}:
            return Audience("manager")
        if "supervisor" in self.roles:
            return Audience("manager", supervises=True)
        if self.roles & {"guide", "counter"}:
            return Audience("staff")
        if self.kind == "pad" or (self.kind == "agent" and self.window is not None):
            return Audience("pad", self.window)
        return Audience("public")

    def actor(self, window: int | None = None) -> Actor:
        """Who acts, for decisions and the journal."""
        kind = "admin" if self.roles & {"admin", "manager"} else self.kind
        return Actor(kind=kind, name=f"{self.kind}:{self.name}", window=window or self.window)


class Device(msgspec.Struct, kw_only=True):
    """A paired device or a token made on the command line."""

    device_id: str
    token_hash: str
    kind: DeviceKind
    hall_id: str | None
    window: int | None
    name: str
    settings: dict[str, Any] = {}
    paired_ms: int
    revoked_ms: int | None = None
    last_seen: float | None = None  # monotonic; in memory only

    def last_seen_at(self, clock: Clock) -> datetime | None:
        """When it last asked for anything, since the server started."""
        if self.last_seen is None:
            return None
        return clock.now() - timedelta(seconds=time.monotonic() - self.last_seen)


class User(msgspec.Struct, kw_only=True):
    name: str
    password_hash: str
    roles: tuple[str, ...]
    halls: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    failures: int = 0
    locked_until_ms: int = 0
    disabled: bool = False
    created_ms: int = 0
    clerk_no: str | None = None  # which clerk of `clerk_hall` they are, if one
    clerk_hall: str | None = None


class Session(msgspec.Struct):
    user: str
    created_ms: int
    seen_ms: int

    def over(self, now_ms: int) -> bool:
        """Whether nobody has used it for too long, or it has lasted for a shift."""
        idle, age = now_ms - self.seen_ms, now_ms - self.created_ms
        return idle > IDLE.total_seconds() * 1000 or age > SESSION_MAX.total_seconds() * 1000


@lru_cache(maxsize=1024)  # the same devices ask all day long
def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


def hash_secret(password: str) -> str:
    """argon2id of a password or PIN. Slow on purpose: call it off the event loop."""
    return _hasher.hash(password)


def verify_secret(hashed: str, password: str) -> bool:
    """Slow on purpose: call it off the event loop."""
    try:
        return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def new_code() -> str:
    """A pairing code as people type it: ABCD-2345."""
    letters = "".join(secrets.choice(CODE_ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


# Of a password that nobody has: checking one against it takes as long as against any other.
DUMMY_HASH = (
    f"$argon2id$v=19$m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    f"${'A' * 22}${'A' * 43}"
)


class Read(msgspec.Struct):
    devices: list[Device]
    users: list[User]
    sessions: dict[str, Session]
    regions: dict[str, str | None]
    halls: dict[str, str]


def read_all(connection: Connection) -> Read:
    devices = [
        Device(**{**row._asdict(), "settings": msgspec.json.decode(row.settings)})
        for row in connection.execute(select(tables.devices))
    ]
    users = [_user(row) for row in connection.execute(select(tables.users))]
    sessions = {
        row.token_hash: Session(row.user, row.created_ms, row.seen_ms)
        for row in connection.execute(select(tables.sessions))
    }
    regions = {row.code: row.parent for row in connection.execute(select(tables.regions))}
    halls = {row.hall_id: row.region for row in connection.execute(select(tables.halls))}
    return Read(devices, users, sessions, regions, halls)


def _user(row: Any) -> User:
    def strings(text: str | None) -> tuple[str, ...] | None:
        return None if text is None else tuple(msgspec.json.decode(text))

    return User(
        name=row.name,
        password_hash=row.password_hash,
        roles=strings(row.roles) or (),
        halls=strings(row.halls),
        regions=strings(row.regions),
        failures=row.failures,
        locked_until_ms=row.locked_until_ms,
        disabled=bool(row.disabled),
        created_ms=row.created_ms,
        clerk_no=row.clerk_no,
        clerk_hall=row.clerk_hall,
    )


def user_row(user: User) -> Row:
    def text(values: tuple[str, ...] | None) -> str | None:
        return None if values is None else msgspec.json.encode(values).decode()

    values = (
        user.name,
        user.password_hash,
        text(user.roles),
        text(user.halls),
        text(user.regions),
        user.failures,
        user.locked_until_ms,
        int(user.disabled),
        user.created_ms,
        user.clerk_no,
        user.clerk_hall,
    )
    return (tables.users, values)


def device_principal(device: Device) -> Principal:
    return Principal(
        id=f"device:{device.device_id}",
        kind=device.kind,
        name=device.name or device.device_id,
        roles=ROLES_OF_TOKEN.get(device.kind, frozenset({device.kind})),
        halls=None if device.hall_id is None else frozenset({device.hall_id}),
        window=device.window,
    )


def new_device(
    kind: DeviceKind,
    hall_id: str | None,
    window: int | None,
    name: str,
    clock: Clock,
    settings: dict[str, Any] | None = None,
) -> tuple[Device, str]:
    """A device that nobody knows yet, and its token (shown once, stored hashed)."""
    token = secrets.token_urlsafe(32)
    device = Device(
        device_id=secrets.token_hex(6),
        token_hash=hash_token(token),
        kind=kind,
        hall_id=hall_id,
        window=window,
        name=name,
        settings=settings or {},
        paired_ms=millis(clock.now()),
    )
    return device, token


def device_row(device: Device) -> Row:
    values = (
        device.device_id,
        device.token_hash,
        device.kind,
        device.hall_id,
        device.window,
        device.name,
        msgspec.json.encode(device.settings).decode(),
        device.paired_ms,
        device.revoked_ms,
    )
    return (tables.devices, values)
