"""The OpenAPI document, made from the routes' own types, parts of a hall's state, and events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeAlias

import msgspec
from aiohttp import web

from hall_cameras.live import socket as live
from hall_cameras.live.relay import LiveOpening
from hall_core import events
from hall_core.answers import (
    EventMessage,
    HallCard,
    HeartbeatMessage,
    Media,
    SnapshotMessage,
    VersionMessage,
)
from hall_core.features import Feature
from hall_core.http import Route
from hall_core.parameters import parameters_of
from hall_core.stream import BAD_HELLO, BAD_TOKEN, NO_HALL, Hello
from hall_core.version import VERSION

Schema: TypeAlias = dict[str, Any]
STREAM = "/api/v1/halls/{hall}/stream"
SERVER_MESSAGES = (SnapshotMessage, EventMessage, VersionMessage, HeartbeatMessage)
COMPONENT = "#/components/schemas/"

PROBLEM = {
    "description": "RFC 9457 problem document",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "code"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "detail_en": {"type": "string"},
                    "code": {"type": "string"},
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "field": {"type": "string"},
                                "message": {"type": "string"},
                                "message_en": {"type": "string"},
                            },
                        },
                    },
                },
            }
        }
    },
}


def parts_of(features: Iterable[Feature]) -> dict[str, Any]:
    """Part of a hall's state -> its type. A feature tells its own in `shapes`."""
    parts: dict[str, Any] = {}
    for feature in features:
        parts.update(feature.shapes)
    return parts


def document(routes: list[Route], features: Iterable[Feature]) -> dict[str, Any]:
    """OpenAPI 3.1 for `routes` and the stream."""
    parts = parts_of(features)
    used = [t for r in routes for t in (r.body, r.answer) if t and not isinstance(t, Media)]
    messages = [Hello, *SERVER_MESSAGES, live.LiveHello, LiveOpening]
    types = [*used, *parts.values(), HallCard, *messages, *events.TYPES.values()]
    schemas, components = msgspec.json.schema_components(types, ref_template=COMPONENT + "{name}")
    schema_of = dict(zip(map(repr, types), schemas, strict=True))
    components["State"] = _state(parts, schema_of)
    for name in ("Snapshot", "SnapshotMessage"):
        components[name]["properties"]["state"] = {"$ref": COMPONENT + "State"}
    paths: dict[str, Any] = {}
    for route in routes:
        operation = _operation(route, schema_of)
        paths.setdefault(f"/api/v1{route.path}", {})[route.method.lower()] = operation
    paths[STREAM] = {"get": _stream(schema_of)}
    paths[live.PATH] = {"get": _live(schema_of)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hall operations", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {"Problem": PROBLEM},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "hall_session"},
            },
        },
    }


def _state(parts: Mapping[str, Any], schema_of: Mapping[str, Schema]) -> Schema:
    """A hall's state: who it is, and the parts that the caller may see."""
    properties = {"hall": schema_of[repr(HallCard)]}
    properties.update({name: schema_of[repr(shape)] for name, shape in parts.items()})
    return {"title": "State", "type": "object", "required": ["hall"], "properties": properties}


def _parameters(route: Route) -> list[Schema]:
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    found += (
        {"name": asked.name, "in": "query", "description": asked.text, "schema": asked.schema}
        for asked in parameters_of(route.handler)
    )
    if route.keyed and route.method != "GET":
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            }
        )
    return found


def _operation(route: Route, schema_of: Mapping[str, Schema]) -> Schema:
    success: Schema = {"description": "Done"}
    if isinstance(route.answer, Media):
        success["content"] = {route.answer.type: {}}
    elif route.answer is not None:
        success["content"] = {"application/json": {"schema": schema_of[repr(route.answer)]}}
    responses = {str(route.status): success}
    if route.status == 201 and route.keyed:
        responses["200"] = {**success, "description": "The same key again (or 201 anew)"}
    responses["default"] = {"$ref": "#/components/responses/Problem"}
    operation: Schema = {
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": responses,
    }
    if route.body is not None:
        content = {"application/json": {"schema": schema_of[repr(route.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    if route.roles is not None:
        operation["security"] = [{"token": []}, {"session": []}]
        operation["description"] = "Roles: " + ", ".join(sorted(route.roles))
    return operation


def _stream(schema_of: Mapping[str, Schema]) -> Schema:
    """The WebSocket, which OpenAPI has no words for: its messages are in `x-messages`."""
    return {
        "summary": "The hall's stream (WebSocket): a snapshot, then every version without a gap",
        "description": (
            "Send `hello` within 5 s: with a token, or null where a session or device cookie "
            "counts; `after` is the last version seen, or null. Then a snapshot comes, or what "
            "happened since; then each version once. A gap means: ask again. Data of events is "
            "described in `x-events` by type; what a client may not know is left out of it."
        ),
        **_socket("hall"),
        "x-messages": {
            "client": [schema_of[repr(Hello)]],
            "server": [schema_of[repr(message)] for message in SERVER_MESSAGES],
        },
        "x-events": {name: schema_of[repr(event)] for name, event in events.TYPES.items()},
        "x-close-codes": {
            str(BAD_HELLO): "unreadable hello",
            str(BAD_TOKEN): "unknown or revoked token",
            str(NO_HALL): "no such hall within reach",
        },
    }


def _live(schema_of: Mapping[str, Schema]) -> Schema:
    return {
        "summary": "A camera's live picture (WebSocket)",
        "description": (
            "Send `hello` within 5 s. Then comes the type as text, then binary messages of that "
            "type: fragmented MP4 whose first message is the initialisation segment, or, for "
            "`image/jpeg` (asked for with `pictures`, and for any codec but H.264), one key frame "
            "each. A second text begins anew. It is cut when the session or token may no longer "
            "look. Roles: admin, manager, supervisor"
        ),
        **_socket("camera"),
        "x-messages": {
            "client": [schema_of[repr(live.LiveHello)]],
            "server": [
                schema_of[repr(LiveOpening)],
                {"type": "string", "contentMediaType": "video/mp4"},
                {"type": "string", "contentMediaType": "image/jpeg"},
            ],
        },
        "x-close-codes": {str(code): text for code, text in live.CLOSES.items()},
    }


def _socket(name: str) -> Schema:
    """What every WebSocket has that is about one thing in its path."""
    return {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        ],
        "security": [{"token": []}, {"session": []}],
        "responses": {
            "101": {"description": "Switching protocols"},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }


def handler(
    routes: list[Route], features: Iterable[Feature]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Makes the document when it is first asked for: a start need not wait for it."""

    @cache
    def body() -> bytes:
        return msgspec.json.encode(document(routes, features))

    async def openapi(request: web.Request) -> web.Response:
        return web.Response(body=await asyncio.to_thread(body), content_type="application/json")

    return openapi
