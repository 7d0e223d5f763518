"""What the tests of ratings and cases share: a hall at work, served citizens, accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hall_core.clock import ManualClock
from hall_core.credentials import User
from tests.support import HALL, QUICK_HASHER, Answer, Client, HallServer

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in the hall
PASSWORD = "correct horse 7"
HASHED = QUICK_HASHER.hash(PASSWORD)


async def pass_time(server: HallServer, clock: ManualClock, **delta: float) -> None:
    """Move the clock, and let the halls do what is due."""
    clock.advance(**delta)
    server.kernel.tick()
    for hall in server.kernel.halls.values():
        await hall.drain()


async def open_window(server: HallServer, window: int = 1, hall: str = HALL) -> Client:
    counter = await server.client("counter", hall, window)
    answer = await counter.press(window, "open", hall=hall, clerk=f"00{window}")
    assert answer.status == 200, answer
    return counter


async def served(server: HallServer, window: int = 1, **more: Any) -> dict[str, Any]:
    """Somebody comes, is called and served at an open window; their ticket."""
    kiosk = await server.client("kiosk")
    counter = await server.client("counter", window=window)
    ticket = await kiosk.take("H", **more)
    for command in ("call_next", "start", "finish"):
        answer = await counter.press(window, command)
        assert answer.status == 200, answer
    assert answer.body["ticket"]["number"] == ticket["number"], "the only one who waited"
    found: dict[str, Any] = ticket
    return found


async def rate(server: HallServer, ticket: Any, level: str = "satisfied", **more: Any) -> Answer:
    """A press on the citizen's phone."""
    phone = await server.client(None)
    return await phone.post("/evaluations", {"token": ticket["token"], "level": level, **more})


async def person(
    server: HallServer, name: str, *roles: str, clerk_no: str | None = None, hall: str = HALL
) -> Client:
    """Somebody with an account of `hall` who has signed in; `clerk_no`: one of its clerks."""
    user = User(
        name=name, password_hash=HASHED, roles=roles, halls=(hall,), regions=None,
        clerk_no=clerk_no, clerk_hall=hall if clerk_no is not None else None,
    )  # fmt: skip
    await server.kernel.access.save_user(user)
    anybody = await server.client(None)
    body = {"name": name, "password": PASSWORD}
    answer = await anybody.request("POST", "/session", body, key="")
    assert answer.status == 200, answer
    return SignedIn(server, answer.headers["Set-Cookie"].split(";")[0])


class SignedIn(Client):
    """Somebody's browser."""

    def __init__(self, server: HallServer, cookie: str) -> None:
        super().__init__(server.http, server.base)
        self.cookie = cookie

    async def request(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        headers = {"Cookie": self.cookie, **(more.pop("headers", None) or {})}
        return await super().request(method, path, body, headers=headers, **more)
