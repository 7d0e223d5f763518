"""The stream of a hall: one WebSocket endpoint for every kind of screen (contract: Stream)."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from hall_core.credentials import Principal
from hall_core.errors import HallError, Unauthorized
from hall_core.http import KERNEL, check_origin, identify
from hall_core.kernel import Kernel

HELLO_S = 5
UNANSWERED_MS = 15_000  # heartbeats go out every 3 s; a peer that acks none is gone

BAD_HELLO = 4400
BAD_TOKEN = 4401
NO_HALL = 4404


class Hello(msgspec.Struct, tag_field="type", tag="hello"):
    """The client's first message. `token` null: the session or device cookie counts."""

    token: str | None = None
    after: int | None = None


_hello = msgspec.json.Decoder(Hello)


async def stream(request: web.Request) -> web.StreamResponse:
    """Serve one screen until it goes."""
    kernel = request.app[KERNEL]
    socket_ = web.WebSocketResponse(compress=False, max_msg_size=64 * 1024, autoping=True)
    await socket_.prepare(request)
    hall = kernel.halls.get(request.match_info["hall"])
    try:
        async with asyncio.timeout(HELLO_S):  # 3.11's wait_for may swallow a cancellation
            message = await socket_.receive()
        if message.type is not WSMsgType.TEXT:
            raise ValueError("the first message must be text")
        hello = _hello.decode(message.data)
        principal = await who(kernel, request, hello.token)
    except (TimeoutError, ValueError, msgspec.DecodeError):
        await socket_.close(code=BAD_HELLO, message="需要 hello 消息".encode())
        return socket_
    except HallError as error:
        await socket_.close(code=BAD_TOKEN, message=error.detail.encode()[:120])
        return socket_
    if hall is None or not principal.may_enter(hall.info.id):
        await socket_.close(code=NO_HALL, message="没有这个大厅".encode())
        return socket_

    transport = request.transport
    if transport is None:
        return socket_
    _close_half_open(transport)
    audience = principal.audience
    with kernel.connected(principal, transport):
        hall.hub.join(audience, transport, hello.after)
        try:
            # Screens only listen: what else they say is read and dropped, up to the size limit.
            async for _ in socket_:
                pass
        finally:
            hall.hub.leave(audience, transport)
    return socket_


async def who(kernel: Kernel, request: web.Request, token: str | None) -> Principal:
    """Who says hello: by `token`, or None by the cookie of a session or device.

    Raises:
        Unauthorized: nobody we know.
        Forbidden: a page of another origin.
    """
    check_origin(request)
    if token is not None:
        return await kernel.access.by_token(token)
    principal = await identify(kernel, request)
    if not principal.roles:
        raise Unauthorized("no_credentials", "请先登录，或为本设备配对。")
    return principal


def _close_half_open(transport: asyncio.Transport) -> None:
    """Let the kernel end a connection whose peer vanished without a word (a pulled cable)."""
    raw: Any = transport.get_extra_info("socket")
    if raw is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)
