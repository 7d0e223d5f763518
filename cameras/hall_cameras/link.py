"""A worker's connection, from the server's side: one socket, its questions and their answers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from hall_cameras import wire
from hall_core.errors import Conflict

T = TypeVar("T")

ASKS_MAX = 64  # waiting for one worker
WAITING_MAX = 4096  # messages for it, some for each of its cameras
ERRORS = {
    "bad_password": "摄像机不接受用户名或密码。",
    "timeout": "摄像机没有应答。",
    "no_route": "网络不通，请检查摄像机的地址和网线。",
    "refused_connection": "这个地址上没有摄像机的服务。",
    "bad_answer": "摄像机的应答无法解读。",
    "bad_address": "地址不正确。",
    "no_profile": "摄像机没有可用的视频流配置。",
    "not_supported": "这台摄像机不支持此操作。",
    "no_picture": "摄像机当前没有画面。",
    "unknown_camera": "摄像机当前没有连接。",
}


class Link:
    """One worker that is here. `local`: it is this machine's own.

    What it is told waits in a queue for its own task: whoever tells it something never waits for
    a worker that hangs.
    """

    def __init__(
        self,
        worker_id: str,
        name: str,
        local: bool,
        socket: web.WebSocketResponse,
        transport: asyncio.BaseTransport | None,
    ) -> None:
        self.worker_id = worker_id
        self.name = name
        self.local = local
        self._socket = socket
        self._transport = transport
        self._outbox: asyncio.Queue[wire.ToWorker] = asyncio.Queue(WAITING_MAX)
        self._asks: dict[int, asyncio.Future[wire.Answer]] = {}
        self._last_ask = 0

    def send(self, message: wire.ToWorker) -> None:
        """Have it told; one that takes nothing any more is cut off."""
        try:
            self._outbox.put_nowait(message)
        except asyncio.QueueFull:
            self.cut()

    async def deliver(self) -> None:
        """Send what is to be told, and a beat when there is nothing, until cancelled or the worker
        has gone."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                message: wire.ToWorker = wire.Beat()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wire.BEAT_S):
                        message = await self._outbox.get()
                await self._socket.send_bytes(wire.encode(message))

    def cut(self) -> None:
        """End the connection at once."""
        if isinstance(self._transport, asyncio.Transport):
            self._transport.abort()

    async def close(self) -> None:
        """Say good-bye."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            await self._socket.close()

    def answered(self, answer: wire.Answer) -> None:
        future = self._asks.get(answer.id)
        if future is not None and not future.done():
            future.set_result(answer)

    def ended(self) -> None:
        """Nobody answers any more."""
        for future in self._asks.values():
            if not future.done():
                future.set_exception(ConnectionError("the worker has gone"))

    async def ask(self, question: wire.Ask, type_: type[T], timeout_s: float) -> T:
        """Have the worker find something out.

        Raises:
            Conflict: it could not, or did not answer in time; the sentence says which.
        """
        if len(self._asks) >= ASKS_MAX:
            raise Conflict("camera_busy", "视频工作进程正忙，请稍后再试。")
        self._last_ask += 1
        asked: Any = msgspec.structs.replace(question, id=self._last_ask)
        future = self._asks[self._last_ask] = asyncio.get_running_loop().create_future()
        try:
            self.send(asked)
            async with asyncio.timeout(timeout_s):
                answer = await future
        except (TimeoutError, ConnectionError):
            raise Conflict("camera_timeout", "没有及时得到应答，请稍后再试。") from None
        finally:
            del self._asks[asked.id]
        if answer.error:
            detail = ERRORS.get(answer.error, "操作没有成功。")
            raise Conflict(f"camera_{answer.error}", detail)
        try:
            return wire.convert(answer.result, type_)
        except msgspec.ValidationError:
            raise Conflict("camera_bad_answer", ERRORS["bad_answer"]) from None
