"""One camera, one worker; a late word from an old lease counts for nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hall_cameras.leases import CRASH_HOLD_S, Leases, Worker


def worker(name: str, capacity: int = 10, halls: frozenset[str] | None = None) -> Worker:
    return Worker(worker_id=name, capacity=capacity, halls=halls, heard=0.0)


def test_cameras_go_to_the_worker_with_most_room_that_may_serve_the_hall() -> None:
    book = Leases(first_epoch=7)
    book.join(worker("here", capacity=2))
    book.join(worker("there", capacity=9, halls=frozenset({"other"})))
    for name in ("a", "b", "c"):
        book.want(name, "hall", now=0)
    assert [given[0] for given in book.give(0)] == ["here", "here"]
    book.want("d", "other", now=0)
    assert book.give(0)[0][:2] == ("there", "d")
    assert [lease.camera_id for lease in book.alone(20, 12)] == ["c"]


def test_an_old_lease_counts_for_nothing() -> None:
    book = Leases(first_epoch=0)
    book.join(worker("old"))
    book.want("a", "hall", now=0)
    ((_, _, epoch),) = book.give(0)
    assert book.counts("old", "a", epoch)
    book.leave("old", 1, crashed=True)
    book.join(worker("new"))
    ((_, _, newer),) = book.give(1)
    assert newer > epoch
    book.join(worker("old"))  # it woke up
    assert not book.counts("old", "a", epoch)
    assert not book.counts("old", "a", newer)
    assert book.counts("new", "a", newer)


def test_a_camera_that_kills_its_worker_each_time_is_held_back() -> None:
    book = Leases(first_epoch=0)
    book.want("poison", "hall", now=0)
    book.want("good", "hall", now=0)
    now = 0.0
    for crash in range(3):
        book.join(worker(f"w{crash}"))
        given = {camera for _, camera, _ in book.give(now)}
        if crash < 2:
            assert given == {"poison", "good"}
        book.told("good")
        book.leave(f"w{crash}", now, crashed=True)
        now += 1
    book.join(worker("last"))
    assert {camera for _, camera, _ in book.give(now)} == {"good"}
    assert {camera for _, camera, _ in book.give(now + 2 * CRASH_HOLD_S)} == {"poison"}


acts = st.lists(
    st.tuples(st.sampled_from(["want", "unwant", "join", "leave", "told"]), st.integers(0, 4)),
    max_size=40,
)


@given(acts)
def test_no_camera_ever_has_two_workers(acts: list[Any]) -> None:
    book = Leases(first_epoch=0)
    epochs: list[int] = []
    for now, (act, number) in enumerate(acts):
        match act:
            case "want":
                book.want(f"c{number}", "hall", now)
            case "unwant":
                book.unwant(f"c{number}")
            case "join":
                if f"w{number}" not in book.workers:
                    book.join(worker(f"w{number}", capacity=2))
            case "leave":
                book.leave(f"w{number}", now, crashed=True)
            case "told":
                book.told(f"c{number}")
        epochs += [epoch for _, _, epoch in book.give(now)]
        held = [camera for w in book.workers.values() for camera in w.cameras]
        assert len(held) == len(set(held))
        assert all(len(w.cameras) <= w.capacity for w in book.workers.values())
        for camera_id, lease in book.leases.items():
            holder = book.holder(camera_id)
            assert (holder is None) == (lease.worker_id is None)
            assert holder is None or camera_id in book.workers[holder[0]].cameras
    assert epochs == sorted(set(epochs))


def test_what_is_to_be_watched_changes_under_a_new_epoch() -> None:
    book = Leases(first_epoch=0)
    book.want("a", "hall", now=0)
    assert book.renew("a") is None, "nobody watches it"
    book.join(worker("w"))
    ((_, _, epoch),) = book.give(0)
    book.told("a")
    renewed = book.renew("a")
    assert renewed is not None
    assert renewed[0] == "w"
    assert not book.counts("w", "a", epoch)
    assert book.counts("w", "a", renewed[1])
    # A worker that dies once it said how a camera is did not die of that camera.
    for crash in range(3):
        book.told("a")
        book.leave("w" if crash == 0 else f"w{crash}", now=crash, crashed=True)
        book.join(worker(f"w{crash + 1}"))
        assert len(book.give(crash)) == 1
