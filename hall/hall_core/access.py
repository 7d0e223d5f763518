"""Who may do what, where: devices, people, tokens, sessions.

The device says where, the clerk's PIN says who. A device is paired once with a short code and then
holds a token bound to one hall and kind; a person signs in and holds a session. All credentials
are looked up in memory; the tables are read again when a token is unknown, because the command
line may just have written it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from sqlalchemy import Executable, bindparam, delete, select, update

from hall_core import credentials, tables
from hall_core.clock import Clock, millis
from hall_core.credentials import (
    DUMMY_HASH,
    IDLE,
    SESSION_MAX,
    Device,
    DeviceKind,
    Principal,
    Read,
    Session,
    User,
    device_principal,
    device_row,
    hash_token,
    new_code,
    new_device,
    read_all,
    user_row,
)
from hall_core.errors import NotFound, TooMany, Unauthorized, invalid
from hall_core.features import Row
from hall_core.once import Change, commit
from hall_core.secret import Secret
from hall_core.store import Store
from hall_core.throttle import Throttle
from hall_core.writer import Writer

LOCK_AFTER = 5  # failures in a row
LOCK = timedelta(minutes=10)
CODE_LIFE = timedelta(minutes=15)


class Access:
    """Everybody who may be let in, in memory, written through to the tables."""

    def __init__(self, store: Store, writer: Writer, clock: Clock, secret: Secret) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock
        self._secret = secret
        self._by_token: dict[str, Device] = {}
        self._principals: dict[str, Principal] = {}  # device id -> principal
        self._sessions: dict[str, Session] = {}
        self.devices: dict[str, Device] = {}
        self.users: dict[str, User] = {}
        self._regions: dict[str, str | None] = {}  # code -> parent
        self._hall_regions: dict[str, str] = {}
        self._changes = 0  # made here, after they were written: a read they overtook is stale
        self._reload_began = 0.0
        self._reloading = asyncio.Lock()
        # Held from looking at devices and accounts until what came of it is on disk: a code is
        # used once, a name given once, even to two who ask at the same moment.
        self.changing = asyncio.Lock()
        # Per name, while somebody waits: guesses made side by side count one by one.
        self._signing_in: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.attempts = Throttle(20, 300)
        # Told of a device (its id) or person ("user:name") who may not go on watching.
        self.on_revoked: Callable[[str], None] = lambda who: None

    # --- reading -------------------------------------------------------------------------------

    def load(self) -> None:
        self._take(self._store.read_now(read_all))

    async def reload(self) -> None:
        """Read the tables again: the command line may have written them."""
        while True:
            changes = self._changes
            read = await self._store.read(read_all)
            if changes == self._changes:
                self._take(read)
                return

    def _take(self, read: Read) -> None:
        seen = {key: device.last_seen for key, device in self.devices.items()}
        self.devices = {device.device_id: device for device in read.devices}
        for key, device in self.devices.items():
            device.last_seen = seen.get(key)
        live = [device for device in read.devices if device.revoked_ms is None]
        self._by_token = {device.token_hash: device for device in live}
        self._principals = {device.device_id: device_principal(device) for device in live}
        self.users = {user.name: user for user in read.users}
        # A session's last use is newer in memory than on disk; what is not there has ended.
        ended = {s.user for k, s in self._sessions.items() if k not in read.sessions}
        self._sessions = {k: self._sessions.get(k, s) for k, s in read.sessions.items()}
        for name in ended:
            self.on_revoked(f"user:{name}")
        self._regions = read.regions
        self._hall_regions = read.halls

    async def by_token(self, token: str) -> Principal:
        """Whose bearer token or device cookie this is.

        Raises:
            Unauthorized: nobody's, or it was revoked.
        """
        hashed = hash_token(token)
        device = self._by_token.get(hashed)
        if device is None:
            asked = time.monotonic()
            async with self._reloading:
                # Many strangers at once cost one reading: any that began after they asked will do.
                if self._reload_began < asked:
                    self._reload_began = time.monotonic()
                    await self.reload()
            device = self._by_token.get(hashed)
        if device is None:
            raise Unauthorized("unknown_token", "凭证无效或已被撤销，请重新配对设备。")
        device.last_seen = time.monotonic()
        return self._principals[device.device_id]

    def by_session(self, token: str) -> Principal:
        """Who is signed in with this session cookie.

        Raises:
            Unauthorized: nobody, or the session ended.
        """
        hashed = hash_token(token)
        session = self._sessions.get(hashed)
        now = millis(self._clock.now())
        ended = Unauthorized("session_ended", "登录已过期，请重新登录。")
        if session is None:
            raise ended
        user = self.users.get(session.user)
        if user is None or user.disabled or session.over(now):
            del self._sessions[hashed]
            self.on_revoked(f"user:{session.user}")  # what it has opened ends with it
            raise ended
        session.seen_ms = now
        return self.user_principal(user)

    def user_principal(self, user: User) -> Principal:
        return Principal(
            id=f"user:{user.name}",
            kind="user",
            name=user.name,
            roles=frozenset(user.roles),
            halls=self._halls_of(user),
        )

    def _halls_of(self, user: User) -> frozenset[str] | None:
        if user.halls is None and user.regions is None:
            return None
        found = set(user.halls or ())
        for hall_id, code in self._hall_regions.items():
            region: str | None = code
            while region is not None:
                if region in (user.regions or ()):
                    found.add(hall_id)
                region = self._regions.get(region)
        return frozenset(found)

    # --- devices -------------------------------------------------------------------------------

    async def issue_token(
        self,
        kind: DeviceKind,
        hall_id: str | None,
        window: int | None,
        name: str,
        settings: dict[str, Any] | None = None,
    ) -> tuple[Device, str]:
        """A new device with its token, on disk when this returns."""
        device, token = new_device(kind, hall_id, window, name, self._clock, settings)
        await commit(self._writer, [self.admitting(device)])
        return device, token

    def admitting(self, device: Device) -> Change:
        """A new device, or what became of it."""
        return Change(rows=(device_row(device),), then=lambda: self._admit(device))

    def _admit(self, device: Device) -> None:
        self._changes += 1
        self.devices[device.device_id] = device
        if device.revoked_ms is None:
            self._by_token[device.token_hash] = device
            self._principals[device.device_id] = device_principal(device)
            return
        self._by_token.pop(device.token_hash, None)
        self._principals.pop(device.device_id, None)
        self.on_revoked(device.device_id)

    def revoked(self, device: Device) -> Device:
        return msgspec.structs.replace(device, revoked_ms=millis(self._clock.now()))

    def device(self, device_id: str) -> Device:
        """Raises NotFound for a device that nobody knows."""
        device = self.devices.get(device_id)
        if device is None:
            raise NotFound("unknown_device", "没有这台设备。")
        return device

    def pairing_code(
        self, kind: DeviceKind, hall_id: str, window: int | None, name: str, replaces: str | None
    ) -> tuple[str, int, Change]:
        """A code that pairs one device once, with the time it ends (UTC ms); to be committed with
        what else belongs to it."""
        if replaces is not None and (
            replaces not in self.devices or self.devices[replaces].hall_id != hall_id
        ):
            raise invalid(
                "replaces", "没有这台设备。", "There is no such device. Please choose again."
            )
        if replaces is not None and self.devices[replaces].kind != kind:
            raise invalid(
                "replaces",
                "只能顶替同类的设备。",
                "A device can only take the place of one of its kind. Please choose again.",
            )
        code = new_code()
        expires = millis(self._clock.now() + CODE_LIFE)
        values = (self._code_hash(code), kind, hall_id, window, name, replaces, expires)
        return code, expires, Change(rows=((tables.pairing_codes, values),))

    async def pair(
        self, code: str, address: str, entry: Callable[[Device], Change]
    ) -> tuple[Device, str]:
        """Exchange a code for a device and its token. The code is used up.

        Args:
            entry: the audit's line about it, committed with it.

        Raises:
            TooMany: this address guessed too often.
            Unauthorized: unknown, used or expired.
        """
        async with self.changing:
            self.attempts.check(address)
            device, token, changes = await self._pair(code, address)
            await commit(self._writer, [*changes, entry(device)])
            return device, token

    async def _pair(self, code: str, address: str) -> tuple[Device, str, list[Change]]:
        table = tables.pairing_codes
        hashed = self._code_hash(code.strip().upper())
        where = table.c.code_hash == hashed
        row = await self._store.read(lambda c: c.execute(select(table).where(where)).one_or_none())
        if row is None or row.expires_ms < millis(self._clock.now()):
            self.attempts.failed(address)
            raise Unauthorized("unknown_code", "配对码不正确或已过期，请向管理员要一个新的。")
        used = Change(statements=((delete(table).where(where), {}),))
        old = self.devices.get(row.replaces) if row.replaces else None
        if old is None:
            device, token = new_device(row.kind, row.hall_id, row.window, row.name, self._clock)
            return device, token, [used, self.admitting(device)]
        window = old.window if row.window is None else row.window
        name = row.name or old.name
        device, token = new_device(row.kind, row.hall_id, window, name, self._clock, old.settings)
        return device, token, [used, self.admitting(device), self.admitting(self.revoked(old))]

    def _code_hash(self, code: str) -> str:
        return self._secret.hmac("pairing", code.replace("-", "")).hex()

    # --- people --------------------------------------------------------------------------------

    async def sign_in(self, name: str, password: str, address: str) -> tuple[User, str]:
        """A session for a person.

        Raises:
            Unauthorized: wrong name or password (which one is not said).
            TooMany: locked after too many failures.
        """
        token = secrets.token_urlsafe(32)

        def begin(user: User, now: int) -> list[Change]:
            return [self.saving(user), self._beginning(token, name, now)]

        return await self._proven(name, password, address, begin), token

    async def change_password(
        self, name: str, old: str, new: str, address: str, session: str, entry: Change
    ) -> None:
        """Somebody's own password, who knows the old one; guesses count like those of signing in.
        Their other sessions end, `session` (its token) goes on.

        Raises:
            Unauthorized: the old one is wrong.
            TooMany: locked after too many failures.
        """
        self.attempts.check(address)  # before anything slow
        hashed = await asyncio.to_thread(credentials.hash_secret, new)

        def change(user: User, now: int) -> list[Change]:
            changed = msgspec.structs.replace(user, password_hash=hashed)
            return [self.saving(changed), self.ending_sessions(name, but=session), entry]

        await self._proven(name, old, address, change)

    async def _proven(
        self, name: str, password: str, address: str, then: Callable[[User, int], list[Change]]
    ) -> User:
        """Commit what somebody may do who knows the password."""
        self.attempts.check(address)
        self.attempts.failed(address)  # until it is known better
        async with self._signing_in.setdefault(name, asyncio.Lock()):
            user = await self._prove(name, password, then)
        self.attempts.succeeded(address)
        return user

    async def _prove(
        self, name: str, password: str, then: Callable[[User, int], list[Change]]
    ) -> User:
        await self.reload()  # the command line may have reset it
        user = self.users.get(name)
        now = millis(self._clock.now())
        if user is not None and user.locked_until_ms > now:
            minutes = -(-(user.locked_until_ms - now) // 60_000)
            raise TooMany("locked", f"密码连续错误次数过多，账号已锁定，请 {minutes} 分钟后再试。")
        # An unknown name takes as long as a wrong password.
        hashed = user.password_hash if user is not None else DUMMY_HASH
        good = await asyncio.to_thread(credentials.verify_secret, hashed, password)
        async with self.changing:
            user = self.users.get(name)  # it may have been changed while the password was checked
            if user is None or user.password_hash != hashed or not good or user.disabled:
                if user is not None:
                    await commit(self._writer, [self.saving(_after_failure(user, now))])
                raise Unauthorized("wrong_password", "用户名或密码不正确。")
            user = msgspec.structs.replace(user, failures=0, locked_until_ms=0)
            await commit(self._writer, then(user, now))
        return user

    def _beginning(self, token: str, name: str, now: int) -> Change:
        hashed, session = hash_token(token), Session(name, now, now)
        row: Row = (tables.sessions, (hashed, name, now, now))
        return Change(rows=(row,), then=lambda: self._sessions.update({hashed: session}))

    async def sign_out(self, token: str) -> None:
        """End a session. Its person's streams end too: other browsers of theirs come again."""
        hashed = hash_token(token)
        where = tables.sessions.c.token_hash == hashed
        await self._writer.write(statements=[(delete(tables.sessions).where(where), {})])
        self._changes += 1
        ended = self._sessions.pop(hashed, None)
        if ended is not None:
            self.on_revoked(f"user:{ended.user}")

    async def save_user(self, user: User) -> None:
        await commit(self._writer, [self.saving(user)])

    def saving(self, user: User) -> Change:
        """A new account, or what became of it."""

        def then() -> None:
            self._changes += 1
            self.users[user.name] = user

        return Change(rows=(user_row(user),), then=then)

    def ending_sessions(self, name: str, but: str = "") -> Change:
        """Sign a person out everywhere (password reset, account disabled), `but` here."""
        kept = hash_token(but)

        def then() -> None:
            self._changes += 1
            self._sessions = {
                k: s for k, s in self._sessions.items() if s.user != name or k == kept
            }
            self.on_revoked(f"user:{name}")

        table = tables.sessions.c
        where = (table.user == name) & (table.token_hash != kept)
        return Change(statements=((delete(tables.sessions).where(where), {}),), then=then)

    async def keep_sessions(self) -> None:
        """Write down when sessions were last used, and end those that are over: who was signed
        out at the machine stays signed out, and what a session has opened ends with it."""
        await self.reload()
        now = self._clock.now()
        for key in [key for key, session in self._sessions.items() if session.over(millis(now))]:
            self.on_revoked(f"user:{self._sessions.pop(key).user}")
        table = tables.sessions.c
        seen = update(tables.sessions).where(table.token_hash == bindparam("of"))
        seen = seen.values(seen_ms=bindparam("at"))
        uses: list[tuple[Executable, dict[str, Any]]] = [
            (seen, {"of": hashed, "at": s.seen_ms}) for hashed, s in self._sessions.items()
        ]
        idle, old = millis(now - IDLE), millis(now - SESSION_MAX)
        ended = delete(tables.sessions).where((table.seen_ms < idle) | (table.created_ms < old))
        await self._writer.write(statements=[*uses, (ended, {})])


def _after_failure(user: User, now: int) -> User:
    """One wrong password more; the last one locks the account for a while."""
    failures, locked_ms = user.failures + 1, user.locked_until_ms
    if failures >= LOCK_AFTER:
        failures, locked_ms = 0, now + int(LOCK.total_seconds() * 1000)
    return msgspec.structs.replace(user, failures=failures, locked_until_ms=locked_ms)
