"""An agent folds the stream as a page does; what can't be a frame never breaks it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from hall_core.agent.again import GONE
from hall_core.agent.stream import Follower, fold

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
frames = st.fixed_dictionaries(
    {"type": st.sampled_from(["snapshot", "event", "version", "heartbeat", "x"]) | json,
     "version": st.integers(0, 3) | json},
    optional={"state": json, "event": json, "changed": json, "at": json},
)  # fmt: skip


class Shown:
    def __init__(self) -> None:
        self.states: list[tuple[dict[str, Any], dict[str, Any] | None, int, str]] = []

    def __call__(
        self, state: dict[str, Any], event: dict[str, Any] | None, version: int, at: str
    ) -> None:
        self.states.append((state, event, version, at))


@given(st.lists(frames | json, max_size=6))
def test_a_frame_that_cannot_be_is_an_error_of_the_connection(given_frames: list[Any]) -> None:
    follower = Follower(Shown())
    for frame in given_frames:
        try:
            follower.take(frame)
        except (KeyError, TypeError, AttributeError, ValueError):
            return  # `follow` drops the connection and asks for a snapshot


def test_what_changed_replaces_entries_by_their_keys() -> None:
    shown = Shown()
    follower = Follower(shown)
    first = {"windows": [{"number": 1, "state": "open"}, {"number": 2, "state": "open"}]}
    follower.take({"type": "snapshot", "version": 4, "state": first})
    changed = {"windows": [{"number": 2, "state": "away"}], "recent_calls": []}
    event = {"type": "absence_posted", "at": "t1", "data": {}}
    follower.take({"type": "event", "version": 5, "event": event, "changed": changed})
    follower.take({"type": "version", "version": 6})
    state, told, version, at = shown.states[-1]
    assert state["windows"] == [{"number": 1, "state": "open"}, {"number": 2, "state": "away"}]
    assert (told, version, at) == (event, 5, "t1")
    assert first["windows"][1]["state"] == "open"  # what a part holds does not change under it
    with pytest.raises(KeyError):
        follower.take({"type": "version", "version": 9})


def test_what_is_gone_leaves_the_list() -> None:
    state = {"device_faults": [{"where": "a-"}, {"where": "b-"}]}
    gone = fold(state, {"device_faults": [{"where": "a-", "removed": True}]})
    assert gone == {"device_faults": [{"where": "b-"}]}


async def test_after_a_long_absence_everything_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Meanwhile a backup may have taken the database's place: its versions tell of other events."""
    asked: list[int | None] = []

    async def serve_one(socket: ServerConnection) -> None:
        asked.append(msgspec.json.decode(await socket.recv())["after"])
        await socket.send('{"type":"snapshot","version":7,"state":{}}')

    async with serve(serve_one, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        follower = Follower(Shown())
        for resume_s in (30.0, 30.0, -1.0):
            monkeypatch.setattr("hall_core.agent.stream.RESUME_S", resume_s)
            with pytest.raises(GONE):
                await follower.follow(url, "token")
    assert asked == [None, 7, None]
