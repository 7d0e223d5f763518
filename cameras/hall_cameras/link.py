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
    """One worker that is here."""

    def __init__(self, worker_id: str, name: str, socket: web.WebSocketResponse) -> None:
        self.worker_id = worker_id
        self.name = name
        self._socket = socket
        self._asks: dict[int, asyncio.Future[wire.Answer]] = {}
        self._last_ask = 0

    async def send(self, message: wire.ToWorker) -> None:
        """Send, unless it has gone: then its cameras are given to another anyway."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            await self._socket.send_bytes(wire.encode(message))

    async def close(self) -> None:
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
            await self.send(asked)
            answer = await asyncio.wait_for(future, timeout_s)
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
