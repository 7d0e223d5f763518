"""People and devices that sign in and pair, for the tests about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hall_core.credentials import User
from tests.support import HALL, QUICK_HASHER, Answer, Client, HallServer

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PASSWORD = "correct horse 7"
HASHED = QUICK_HASHER.hash(PASSWORD)


async def account(
    server: HallServer,
    name: str,
    *roles: str,
    halls: tuple[str, ...] | None = None,
    regions: tuple[str, ...] | None = None,
) -> None:
    user = User(name=name, password_hash=HASHED, roles=roles, halls=halls, regions=regions)
    await server.kernel.access.save_user(user)


async def sign_in(server: HallServer, name: str, password: str = PASSWORD, **more: Any) -> Answer:
    client = await server.client(None)
    body = {"name": name, "password": password}
    return await client.request("POST", "/session", body, key="", **more)


class Person(Client):
    """Somebody's browser: sends the session cookie, and an Origin if told."""

    cookie = ""
    origin: str | None = None

    async def request(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        headers = {"Cookie": self.cookie, **(more.pop("headers", None) or {})}
        if self.origin is not None:
            headers["Origin"] = self.origin
        return await super().request(method, path, body, headers=headers, **more)


async def signed_in(server: HallServer, name: str) -> Person:
    answer = await sign_in(server, name)
    assert answer.status == 200, answer
    person = Person(server.http, server.base)
    person.cookie = answer.headers["Set-Cookie"].split(";")[0]
    return person


async def new_code(server: HallServer, kind: str, **more: Any) -> str:
    admin = await server.client("admin")
    answer = await admin.post(f"/halls/{HALL}/pairing-codes", {"kind": kind, **more})
    assert answer.status == 201, answer
    return str(answer.body["code"])


async def pair(server: HallServer, code: str) -> Answer:
    client = await server.client(None)
    return await client.request("POST", "/pair", {"code": code}, key="")
