"""kill -9 does not show a missing fsync; the system calls do: no yes before the disk has it."""

from __future__ import annotations

import asyncio
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from hall_app import at_machine
from tests.support import HALL, Client, ServerProcess, installation, open_stream

STRACE = shutil.which("strace")
WINDOW = 1


class Traced(NamedTuple):
    """One system call: the line where it began and the one where it returned."""

    name: str
    began: int
    ended: int
    text: str  # its arguments and result


def system_calls(trace: Path) -> list[Traced]:
    """The calls of a trace of several threads; a call may be cut in two by another's."""
    calls: list[Traced] = []
    unfinished: dict[str, tuple[int, str]] = {}
    with trace.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines):
            thread, _, rest = line.rstrip("\n").partition(" ")
            rest = rest.lstrip()
            resumed = re.match(r"<\.\.\. (\w+) resumed>(.*)", rest)
            if rest.endswith("<unfinished ...>"):
                unfinished[thread] = (number, rest.removesuffix("<unfinished ...>"))
            elif resumed and thread in unfinished:
                began, start = unfinished.pop(thread)
                calls.append(Traced(resumed[1], began, number, start + resumed[2]))
            elif found := re.match(r"(\w+)\(", rest):
                calls.append(Traced(found[1], number, number, rest))
    return calls


async def press_everything(url: str, tokens: dict[str, str]) -> list[str]:
    """Tickets one by one and many at once, calls, with a staff screen watching; the ticket ids."""
    async with aiohttp.ClientSession() as http:
        kiosk = Client(http, url, tokens["kiosk"])
        counter = Client(http, url, tokens["counter"])
        async with open_stream(http, url, HALL, tokens["supervisor"]) as screen:
            await screen.next()
            taken = [await kiosk.take("H") for _ in range(5)]
            taken += await asyncio.gather(*(kiosk.take("H") for _ in range(20)))
            assert (await counter.press(WINDOW, "open", clerk="001")).status == 200
            for _ in range(3):
                for command in ("call_next", "start", "finish"):
                    answer = await counter.press(WINDOW, command)
                    assert answer.status == 200, answer
            await screen.until_version(answer.body["version"])
    return [ticket["ticket_id"] for ticket in taken]


def test_every_yes_is_on_disk_before_it_is_said(tmp_path: Path) -> None:
    if STRACE is None:
        pytest.skip("strace is not installed")
    directory = installation(tmp_path / "hall")
    tokens = {
        kind: at_machine.create_token(directory, kind, HALL, WINDOW if kind == "counter" else None)
        for kind in ("kiosk", "counter", "supervisor")
    }
    trace = tmp_path / "trace"
    traced = "trace=fsync,fdatasync,pwrite64,write,sendto,sendmsg"
    wrapper = [
        STRACE,
        "-f",
        "--seccomp-bpf",
        "-y",
        "-qq",
        "-s",
        "8192",
        "-e",
        traced,
        "-o",
        str(trace),
    ]
    with ServerProcess(directory, wrapper) as process:
        tickets = asyncio.run(press_everything(process.url, tokens))
        process.kill()
    calls = system_calls(trace)

    wal = re.compile(r"\(\d+<[^>]*hall\.sqlite-wal>")
    writes = [call for call in calls if call.name == "pwrite64" and wal.search(call.text)]
    syncs = [
        call
        for call in calls
        if call.name in ("fdatasync", "fsync") and wal.search(call.text) and "= 0" in call.text
    ]
    sends = [call for call in calls if call.name in ("sendto", "sendmsg", "write")
             and re.search(r"\(\d+<(socket|TCP)", call.text)]  # fmt: skip
    assert writes
    assert syncs
    replies = 0
    for ticket in tickets:
        said = [call for call in sends if ticket in call.text]
        written = [call.ended for call in writes if ticket in call.text]
        assert written, f"ticket {ticket} was never written"
        assert len(said) >= 2, "the reply to the kiosk and the event on the screen"
        for call in said:
            on_disk = [s for s in syncs if min(written) < s.began and s.ended < call.began]
            assert on_disk, f"said before it was on disk: {call.text[:300]}"
        replies += sum("HTTP/1.1 201" in call.text for call in said)
    assert replies == len(tickets)
    assert_calls_follow_a_sync_of_their_own(sends, syncs)


def assert_calls_follow_a_sync_of_their_own(sends: list[Traced], syncs: list[Traced]) -> None:
    """A counter presses one thing after the other: a sync lies between two of its answers."""
    answers: list[Any] = [
        call for call in sends
        if "HTTP/1.1 200" in call.text and r'\"version\":' in call.text
    ]  # fmt: skip
    assert len(answers) == 10, [call.text[:80] for call in answers]
    for before, after in pairwise(answers):
        assert any(before.ended < s.began and s.ended < after.began for s in syncs)
