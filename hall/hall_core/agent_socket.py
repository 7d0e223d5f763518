"""The agents' WebSocket, `/api/v1/halls/{hall}/agent`: who may come in."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import WSMsgType, web

from hall_core.agent import wire
from hall_core.errors import HallError, Unauthorized
from hall_core.http import KERNEL, check_origin
from hall_core.stream import BAD_HELLO, BAD_TOKEN, HELLO_S, NO_HALL

_hello = msgspec.json.Decoder(wire.Hello)


async def agent_socket(request: web.Request) -> web.StreamResponse:
    """Serve one agent until it goes."""
    kernel = request.app[KERNEL]
    socket = web.WebSocketResponse(
        compress=False, max_msg_size=wire.MESSAGE_MAX, autoping=True, timeout=2.0
    )
    await socket.prepare(request)
    try:
        check_origin(request)
        async with asyncio.timeout(HELLO_S):
            message = await socket.receive()
        if message.type is not WSMsgType.TEXT:
            raise ValueError("the first message must be text")
        hello = _hello.decode(message.data)
        principal = await kernel.access.by_token(hello.token)
        if principal.kind != "agent":
            raise Unauthorized("wrong_kind", "这个凭证不属于设备代理。")
    except (TimeoutError, ValueError, msgspec.DecodeError):
        await socket.close(code=BAD_HELLO, message="需要 hello 消息".encode())
        return socket
    except HallError as error:
        await socket.close(code=BAD_TOKEN, message=error.detail.encode()[:120])
        return socket
    device_id = principal.id.removeprefix("device:")
    device = kernel.access.devices[device_id]
    hall = kernel.halls.get(request.match_info["hall"])
    if hall is None or device.hall_id != hall.info.id:
        await socket.close(code=NO_HALL, message="没有这个大厅".encode())
        return socket
    transport = request.transport
    if transport is None:
        return socket
    try:
        with kernel.connected(principal, transport):
            await kernel.agents.serve(device, socket, hello)
    finally:
        await socket.close()
    return socket
