"""The HTTP surface in one shape: typed routes with a role and a scope, problems mapped once.

A feature declares `Route`s; `hall_app` mounts them. Everything a route has in common happens here:
credentials, role, hall and window scope, the idempotency key, decoding the body into its type,
encoding the answer, and turning failures into RFC 9457 problem documents.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

import msgspec
import structlog
from aiohttp import hdrs, web
from prometheus_client import Histogram

from hall_core.clock import Clock
from hall_core.credentials import Principal
from hall_core.errors import (
    BadRequest,
    FieldError,
    Forbidden,
    HallError,
    Invalid,
    Unauthorized,
)
from hall_core.halls import Hall, Reply
from hall_core.kernel import Kernel
from hall_core.keys import Key
from hall_core.responses import Document

log = structlog.get_logger()

BODY_MAX = 256 * 1024  # bytes
BODY_S = 20.0  # how long it may take; aiohttp then waits 10 s more before it closes
MANAGERS = frozenset({"supervisor", "manager", "admin"})
STAFF = MANAGERS | {"guide", "counter"}
SESSION_COOKIE = "hall_session"
DEVICE_COOKIE = "hall_device_"
KERNEL = web.AppKey("kernel", Kernel)

SECONDS = Histogram(
    "hall_http_seconds",
    "Time to answer, by route",
    ["method", "path"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
_encoder = msgspec.json.Encoder()


class Call:
    """One request that was let in."""

    __slots__ = ("_hall", "body", "kernel", "key", "principal", "request")

    def __init__(
        self,
        kernel: Kernel,
        request: web.Request,
        principal: Principal,
        hall: Hall | None,
        body: Any,
        key: Key | None,
    ) -> None:
        self.kernel = kernel
        self.request = request
        self.principal = principal
        self._hall = hall
        self.body = body
        self.key = key

    @property
    def hall(self) -> Hall:
        assert self._hall is not None, "this route has no {hall}"
        return self._hall

    @property
    def address(self) -> str:
        return self.request.remote or ""

    async def earlier(self) -> msgspec.Raw | None:
        """The answer that this key got before, for handlers that look things up first: what a
        retry asks about may be gone by now."""
        answer = None if self.key is None else await self.kernel.keys.answer_to(self.key)
        return None if answer is None else msgspec.Raw(answer)

    def path(self, name: str) -> str:
        return self.request.match_info[name]

    def number(self, name: str) -> int:
        """A path parameter that is a number.

        Raises:
            NotFound-like Invalid: it is not.
        """
        text = self.request.match_info[name]
        if not text.isdecimal() or len(text) > 9:
            raise Invalid("invalid_field", "编号应为数字。", (FieldError(name, "应为数字"),))
        return int(text)

    def query_int(self, name: str, default: int, low: int, high: int) -> int:
        """A query parameter within bounds."""
        text = self.request.query.get(name, str(default))
        if not re.fullmatch(r"-?\d{1,19}", text) or not low <= int(text) <= high:
            message = f"应为 {low} 到 {high} 之间的整数"
            raise Invalid("invalid_field", message, (FieldError(name, message),))
        return int(text)


Handler = Callable[[Call], Awaitable[Any]]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the API. `path` is below `/api/v1`.

    `roles` None lets anyone in. `{hall}` and `{window}` in the path are checked against the
    caller's scope; `all_halls` is for who is in charge of every hall, and where neither is, the
    handler looks at the scope itself. A `body` route of method POST or PUT needs an
    `Idempotency-Key` unless `keyed` is False. The handler returns a JSON-able answer, a `Reply`, a
    `(status, answer)` pair or a whole response.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    handler: Handler
    summary: str
    roles: frozenset[str] | None
    body: Any = None
    answer: Any = None
    status: int = 200
    keyed: bool = True
    all_halls: bool = False


T = TypeVar("T")


def roles(*names: str) -> frozenset[str]:
    """Who may call: the roles named, and managers and administrators always."""
    return frozenset(names) | {"manager", "admin"}


def mount(app: web.Application, routes: list[Route]) -> None:
    """Serve `routes` below /api/v1."""
    for route in routes:
        endpoint = _endpoint(app[KERNEL], route)
        app.router.add_route(route.method, f"/api/v1{route.path}", endpoint)


def _endpoint(
    kernel: Kernel, route: Route
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    decoder = None if route.body is None else msgspec.json.Decoder(route.body)
    keyed = route.keyed and route.method in ("POST", "PUT", "DELETE")
    seconds = SECONDS.labels(route.method, route.path)
    has_hall = "{hall}" in route.path
    has_window = "{window}" in route.path

    async def endpoint(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        try:
            if "%00" in request.raw_path:  # as in bodies: not every database can look for it
                raise BadRequest("unreadable_address", "地址里不能有空字符。")
            principal = ANONYMOUS
            if route.roles is not None:
                principal = await identify(kernel, request)
                if not principal.roles & route.roles:
                    raise Forbidden("wrong_role", "当前身份无权进行此操作。")
            hall = None
            if has_hall:
                hall = kernel.hall(request.match_info["hall"])
                if route.roles is not None:
                    check_scope(principal, hall.info.id)
            elif route.all_halls:
                check_all_halls(principal)
            if has_window and principal.window is not None:
                check_window(principal, request.match_info["window"])
            raw = await _body(request) if request.body_exists else b""
            key = _key(kernel, request, route, principal, raw) if keyed else None
            body = None if decoder is None else decode(decoder, raw)
            answer = await route.handler(Call(kernel, request, principal, hall, body, key))
            return respond(answer, route.status, kernel.clock)
        finally:
            seconds.observe(time.perf_counter() - started)

    return endpoint


async def _body(request: web.Request) -> bytes:
    """What was sent. Nearly always it came with its head and is only to be taken; `read` would
    wait for more in turns.

    Raises:
        web.HTTPException: over BODY_MAX, compressed, or not there after BODY_S.
        BadRequest: its chunks are none.
    """
    encoding = request.headers.get(hdrs.CONTENT_ENCODING)
    if encoding is not None and encoding.strip().lower() != "identity":
        raise web.HTTPUnsupportedMediaType
    content = request.content
    try:
        if content.is_eof() and content.total_bytes <= BODY_MAX:
            return content.read_nowait()
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except web.RequestPayloadError as error:
        raise BadRequest("unreadable_body", f"请求内容无法读取：{error}") from None


ANONYMOUS = Principal(id="anonymous", kind="citizen", name="citizen", roles=frozenset(), halls=None)


def check_scope(principal: Principal, hall_id: str) -> None:
    """Raises Forbidden outside the caller's halls."""
    if not principal.may_enter(hall_id):
        raise Forbidden("wrong_hall", "当前身份不属于这个大厅。")


def check_all_halls(principal: Principal) -> None:
    """Raises Forbidden for whom some halls are kept from."""
    if principal.halls is not None:
        raise Forbidden("wrong_hall", "只有管辖全部大厅的人员才能进行此操作。")


def check_window(principal: Principal, number: str) -> None:
    """Raises Forbidden when a device that is bound to a window acts for another."""
    if number != str(principal.window):
        raise Forbidden("wrong_window", f"本设备只属于{principal.window}号窗口。")


async def identify(kernel: Kernel, request: web.Request) -> Principal:
    """Who asks: a bearer token, a paired device's cookie, or a person's session.

    Raises:
        Unauthorized: nobody we know.
        Forbidden: a cookie sent by a page of another origin.
    """
    authorization = request.headers.get("Authorization", "")
    if authorization:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized("bad_authorization", "凭证格式不正确。")
        return await kernel.access.by_token(token.strip())
    check_origin(request)
    cookies = request.cookies
    device_id = request.headers.get("X-Hall-Device") or request.query.get("device")
    if device_id is not None:
        token = cookies.get(DEVICE_COOKIE + device_id, "")
        if not token:
            raise Unauthorized("unknown_token", "本设备尚未配对，请输入配对码。")
        return await kernel.access.by_token(token)
    if SESSION_COOKIE in cookies:
        return kernel.access.by_session(cookies[SESSION_COOKIE])
    paired = [name for name in cookies if name.startswith(DEVICE_COOKIE)]
    if len(paired) == 1:
        return await kernel.access.by_token(cookies[paired[0]])
    raise Unauthorized("no_credentials", "请先登录，或为本设备配对。")


def check_origin(request: web.Request) -> None:
    """Cookies only count when the page that sent them is ours (writes and WebSockets).

    Raises:
        Forbidden: the request comes from another origin.
    """
    origin = request.headers.get("Origin")
    unsafe = request.method not in ("GET", "HEAD") or "Upgrade" in request.headers
    if origin is not None and unsafe and origin.partition("://")[2] != request.host:
        raise Forbidden("wrong_origin", "请求来自其他网站，已拒绝。")


def _key(
    kernel: Kernel, request: web.Request, route: Route, principal: Principal, raw: bytes
) -> Key:
    text = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(text) <= 200 or not text.isprintable():
        message = "每个写请求都需要 Idempotency-Key（1 到 200 个字符）。"
        raise Invalid("idempotency_key", message, (FieldError("Idempotency-Key", message),))
    return kernel.keys.key(principal.id, f"{route.method} {request.path}", text, raw)


def decode(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    """A typed body.

    Raises:
        BadRequest: not JSON.
        Invalid: JSON that does not fit, with the field's name.
    """
    if b"\\u0000" in raw:  # no text has one, and not every database can store it
        raise BadRequest("unreadable_json", "文字里不能有空字符。")
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        field, message = explain(str(error))
        raise Invalid(
            "invalid_field", f"{field}：{message}", (FieldError(field, message),)
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("unreadable_json", f"请求内容不是有效的 JSON：{error}") from None


def explain(message: str) -> tuple[str, str]:
    """(field, message) of a msgspec validation message such as `Expected `int` - at `$.cases``."""
    text, _, path = message.partition(" - at `")
    field = path.rstrip("`").removeprefix("$").lstrip(".")
    missing = re.search(r"(?:missing required|unknown) field `([^`]+)`", text)
    if missing:
        field = f"{field}.{missing[1]}" if field else missing[1]
    elif not field and "value " in text:
        field = "command"
    return field or "body", text


def respond(answer: Any, status: int, clock: Clock) -> web.StreamResponse:
    """An answer as a response."""
    if isinstance(answer, tuple):
        status, answer = answer
    if isinstance(answer, Reply):
        return Document(answer.body, status, clock)
    if isinstance(answer, web.StreamResponse):  # an abstract mapping: dear to ask about
        return answer
    return Document(_encoder.encode(answer), status, clock)


def problem(error: HallError) -> web.Response:
    """A failure as an RFC 9457 document."""
    document: dict[str, Any] = {
        "type": f"urn:hall:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
    }
    if error.errors:
        document["errors"] = error.errors
    if error.detail_en:
        document["detail_en"] = error.detail_en
    headers = {"Retry-After": "2"} if error.status == 503 else None
    return web.Response(
        body=_encoder.encode(document),
        status=error.status,
        content_type="application/problem+json",
        headers=headers,
    )


_STATUS_TEXT = {
    404: ("not_found", "没有这个地址。"),
    405: ("method_not_allowed", "这个地址不支持此方法。"),
    408: ("too_slow", "请求内容没有及时发完，请重试。"),
    413: ("too_large", "请求内容过大。"),
    415: ("content_encoding", "请求内容不能压缩，请原样发送。"),
}


class _Plain(HallError):
    """A failure of HTTP itself (no such path, wrong method, body too large)."""

    def __init__(self, status: int, title: str) -> None:
        code, detail = _STATUS_TEXT.get(status, ("http_error", "请求无法处理。"))
        super().__init__(code, detail)
        self.status = status
        self.title = title


@web.middleware
async def problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The one place where failures become answers."""
    try:
        return await handler(request)
    except HallError as error:
        return problem(error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = problem(_Plain(error.status, error.reason))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except Exception as error:
        transport = request.transport
        if isinstance(error, ConnectionError) and (transport is None or transport.is_closing()):
            return web.Response()  # who asked is gone: nobody reads it
        log.exception("request_failed", method=request.method, path=request.path)
        return problem(HallError("internal", "系统内部错误，已记录，请稍后重试。"))
