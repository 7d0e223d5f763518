"""`GET /api/v1/cameras/{id}/live`: one viewer of one camera (contract: live, WebSocket)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import WSMsgType, web

from hall_cameras.live.relay import VIEWERS_MAX
from hall_cameras.looks import Looks
from hall_cameras.service import Cameras
from hall_core.credentials import Principal
from hall_core.errors import Forbidden, HallError
from hall_core.http import KERNEL, MANAGERS, identify
from hall_core.kernel import Kernel
from hall_core.stream import who

PATH = "/api/v1/cameras/{camera}/live"
HELLO_S = 5.0
LOOK_S = 2.0  # between two looks whether anything comes
NOTHING_S = 20.0  # then a viewer is told that there is no picture

BAD_HELLO = 4400
BAD_TOKEN = 4401
NOT_ALLOWED = 4403
NO_CAMERA = 4404
NO_PICTURE = 4409
TOO_MANY = 4429
CLOSES = {
    BAD_HELLO: "unreadable hello",
    BAD_TOKEN: "unknown or revoked credentials",
    NOT_ALLOWED: "not for this role, or not of a hall within reach",
    NO_CAMERA: "no such camera",
    NO_PICTURE: "no picture for 20 s",
    TOO_MANY: "too many viewers",
}


class LiveHello(msgspec.Struct, tag_field="type", tag="hello"):
    """The client's first message. `token` null: the session or device cookie counts. `pictures`:
    it can play no video and wants JPEGs."""

    token: str | None = None
    pictures: bool = False


_hello = msgspec.json.Decoder(LiveHello)


class LiveSockets:
    """The endpoint. It holds who looked at what lately, so that the audit log stays readable."""

    def __init__(self, cameras: Cameras) -> None:
        self._cameras = cameras
        self._looks = Looks()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one viewer until it goes.

        Raises:
            Forbidden, Unauthorized: before there is a WebSocket, by the `Authorization` header.
        """
        kernel = request.app[KERNEL]
        camera_id = request.match_info["camera"]
        if "Authorization" in request.headers:
            self._allow(await identify(kernel, request), camera_id)
        socket = web.WebSocketResponse(compress=False, max_msg_size=4096, autoping=True)
        await socket.prepare(request)
        try:
            message = await socket.receive(HELLO_S)
            if message.type is not WSMsgType.TEXT:
                raise ValueError("the first message must be text")
            hello = _hello.decode(message.data)
            principal = await who(kernel, request, hello.token)
            hall_id = self._allow(principal, camera_id)
        except (TimeoutError, ValueError, msgspec.DecodeError):
            await socket.close(code=BAD_HELLO, message="需要 hello 消息".encode())
            return socket
        except HallError as error:
            code = {401: BAD_TOKEN, 403: NOT_ALLOWED, 404: NO_CAMERA}.get(error.status, BAD_HELLO)
            await socket.close(code=code, message=error.detail.encode()[:120])
            return socket
        if self._cameras.live.viewers >= VIEWERS_MAX:
            await socket.close(code=TOO_MANY, message="同时观看的人太多".encode())
            return socket
        await self._audit(kernel, principal, camera_id, hall_id, request.remote or "")
        await self._show(kernel, request, socket, principal, camera_id, hello.pictures)
        return socket

    def _allow(self, principal: Principal, camera_id: str) -> str:
        """The camera's hall.

        Raises:
            Forbidden: not for this person, or not of their halls.
            NotFound: there is no such camera.
        """
        if not principal.roles & MANAGERS:
            raise Forbidden("wrong_role", "当前身份无权进行此操作。")
        record, _ = self._cameras.find(camera_id)
        if not principal.may_enter(record.hall_id):
            raise Forbidden("wrong_hall", "当前身份不属于这个大厅。")
        return record.hall_id

    async def _audit(
        self, kernel: Kernel, principal: Principal, camera_id: str, hall_id: str, address: str
    ) -> None:
        if self._looks.anew(principal.id, camera_id):
            name = principal.actor().name
            await kernel.audit(name, "camera_live", camera_id, address, hall_id)

    async def _show(
        self,
        kernel: Kernel,
        request: web.Request,
        socket: web.WebSocketResponse,
        principal: Principal,
        camera_id: str,
        pictures: bool,
    ) -> None:
        transport = request.transport
        if transport is None:
            return
        live = self._cameras.live
        with kernel.connected(principal, transport):
            viewer = await live.join(camera_id, pictures, transport)
            try:
                await _listen(socket, lambda: live.heard_s(camera_id, pictures) > NOTHING_S)
            finally:
                await asyncio.shield(live.leave(camera_id, pictures, viewer))


async def _listen(socket: web.WebSocketResponse, nothing: Callable[[], bool]) -> None:
    """Until the viewer goes, or there is nothing to look at any more. Viewers only look: what
    else they say is read and dropped."""
    while True:
        try:
            message = await socket.receive(LOOK_S)
        except TimeoutError:
            if nothing():
                await socket.close(code=NO_PICTURE, message="摄像机当前没有画面".encode())
                return
            continue
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return


def handler(cameras: Cameras) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The endpoint of these cameras."""
    return LiveSockets(cameras).serve
