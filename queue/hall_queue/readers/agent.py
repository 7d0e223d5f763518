"""`hall agent reader`: reads a card when the server asks, and keeps nothing.

The reader's own program (新中新 WEBAPI) serves on this PC; the agent asks it, because browsers
refuse pages that speak to the PC they run on. It can't be asked twice at once.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import aiohttp
import msgspec
from yarl import URL

from hall_core.agent import Link, Part, PartFailed
from hall_core.agent.config import ConfigError, PartKind
from hall_queue.readers.card import ANSWER_MAX, Card, CardFault, read_answer

CHECK_S = 30.0  # between two questions whether the service is there
SPARE_S = 3.0  # what reading and answering may take beyond the wait for a card
CHECK_ANSWER_S = 5.0

FAILED: dict[CardFault, str] = {
    "no_card": "没有读到身份证，请把身份证放在读卡区上。",
    "no_reader": "身份证读卡器没有连接好，请到导办台取号。",
    "unreadable": "身份证读卡器出错，请到导办台取号。",
}


class ReaderConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`address`: the local service, `http://localhost:8989` or `https://localhost:9199` (its
    certificate is its maker's own and not checked: it is this same PC)."""

    address: str = "http://localhost:8989"


class ReadCard(msgspec.Struct, frozen=True, tag_field="do", tag="read_card"):
    """The server's question. `wait_s`: how long the reader waits for a card."""

    wait_s: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3


class Reader(Part):
    kind = "reader"

    def __init__(self, name: str, config: ReaderConfig) -> None:
        super().__init__(name)
        self._url = URL(config.address)
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise ConfigError(f"address {config.address!r}: write http://localhost:8989")
        self._reading = asyncio.Lock()
        self._failed = False  # whether the last reading found the reader faulty
        self._link: Link | None = None

    async def run(self, link: Link) -> None:
        """Look now and then whether the reader's service is there."""
        self._link = link
        while True:
            if not self._reading.locked():
                async with self._reading:
                    await self._look(link)
            await asyncio.sleep(CHECK_S)

    async def _look(self, link: Link) -> None:
        try:
            await self._get("/api/Version", {}, CHECK_ANSWER_S)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            link.report("unreachable", self._why(error))
            return
        except ValueError:
            pass  # an older service without this call: it is there
        if not self._failed:  # what a reading found wrong, only a reading finds mended
            link.report(None)

    async def answer(self, request: Any) -> Any:
        """`{"do":"read_card","wait_s":3}` → `{"number","name"}`."""
        try:
            asked = msgspec.convert(request, ReadCard)
        except msgspec.ValidationError:
            raise PartFailed("unknown_request", "这台设备不支持此操作。") from None
        if self._reading.locked():
            raise PartFailed("reader_busy", "读卡器正忙，请稍候。")
        async with self._reading:
            found = await self._read(asked.wait_s)
        if isinstance(found, Card):
            return {"number": found.number, "name": found.name}
        raise PartFailed(found, FAILED[found])

    async def _read(self, wait_s: int) -> Card | CardFault:
        query = {"NoPhoto": "1", "waitTime": str(wait_s)}
        try:
            raw = await self._get("/api/ReadMsg", query, wait_s + SPARE_S)
        except TimeoutError:
            self._report("no_answer")
            return "unreadable"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self._report("unreachable", self._why(error))
            return "no_reader"
        found = read_answer(raw)
        faults = {"no_reader": "unreachable", "unreadable": "garbage"}
        self._report(faults.get(found) if isinstance(found, str) else None)
        return found

    async def _get(self, path: str, query: dict[str, str], most_s: float) -> bytes:
        """The service's answer. A connection of its own each time: some versions of the service
        stop answering on a connection that was kept.

        Raises:
            ValueError: it is no answer of the service.
            OSError, aiohttp.ClientError, TimeoutError: none came.
        """
        timeout = aiohttp.ClientTimeout(total=most_s)
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as http,
            http.get(self._url.with_path(path).with_query(query), ssl=False) as response,
        ):
            if response.status != 200:
                raise ValueError(f"status {response.status}")
            raw = bytearray()
            async for chunk in response.content.iter_chunked(64 * 1024):
                raw += chunk
                if len(raw) > ANSWER_MAX:
                    raise ValueError("too long an answer")
            return bytes(raw)

    def _why(self, error: Exception) -> str:
        """What went wrong, without anything the service may have said about a person."""
        return f"{self._url.origin()} {type(error).__name__}"

    def _report(self, fault: str | None, detail: str = "") -> None:
        self._failed = fault is not None
        if self._link is not None:
            self._link.report(fault, detail)


KIND = PartKind(config=ReaderConfig, make=Reader)
