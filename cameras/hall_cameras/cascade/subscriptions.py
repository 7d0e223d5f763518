"""SUBSCRIBE and NOTIFY: who wants to hear of changes of the catalogue, and of alarms."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from hall_cameras.cascade import manscdp
from hall_cameras.cascade.manscdp import BadBody
from hall_cameras.cascade.sip import BadMessage, Message, response, tag, uri
from hall_cameras.cascade.upper import Line, new_tag

EXPIRES_S = 600
EXPIRES_MAX_S = 7 * 86_400
SUBSCRIPTIONS_MAX = 16

Topic: TypeAlias = Literal["Catalog", "Alarm"]


class Subscription(msgspec.Struct, kw_only=True):
    call_id: str
    topic: Topic
    scope: str  # the id that was asked for
    sn: str
    event: str
    ours: str  # our side of the dialog, with its tag
    theirs: str
    target: str
    cseq: int = 0
    ends_at: float


class Subscriptions:
    """Of one upper platform, by Call-ID."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._all: dict[str, Subscription] = {}

    def subscribe(self, request: Message, known_id: bool, now: float) -> Message:
        """The answer to a SUBSCRIBE. `known_id`: whether its DeviceID is shared."""
        text = request.get("expires")
        expires = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else EXPIRES_S
        known = self._all.get(request.call_id)
        if known is None and tag(request.get("to")):
            return response(request, 481)
        if known is None:
            made = self._new(request, known_id)
            if isinstance(made, int):
                return response(request, made, new_tag())
            known = made
        known.ends_at = now + min(expires, EXPIRES_MAX_S)
        if expires == 0:
            self._all.pop(known.call_id, None)
        else:
            self._all[known.call_id] = known
        headers = [
            ("contact", f"<{self._line.contact}>"),
            ("expires", str(min(expires, EXPIRES_MAX_S))),
            ("event", known.event),
        ]
        return response(request, 200, tag(known.ours), headers)

    def _new(self, request: Message, known_id: bool) -> Subscription | int:
        try:
            body = manscdp.read(request.body)
            target = str(uri(request.get("contact") or request.get("from")))
        except (BadBody, BadMessage):
            return 400
        if body.command not in ("Catalog", "Alarm"):
            return 489
        if not known_id:
            return 404
        if len(self._all) >= SUBSCRIPTIONS_MAX:
            return 486
        return Subscription(
            call_id=request.call_id,
            topic="Catalog" if body.command == "Catalog" else "Alarm",
            scope=body.device,
            sn=body.sn,
            event=request.get("event")[:64] or body.command,
            ours=f"{request.get('to')};tag={new_tag()}",
            theirs=request.get("from"),
            target=target,
            ends_at=0.0,
        )

    def to(self, topic: Topic, now: float) -> list[Subscription]:
        """Who wants to hear of it now."""
        for ended in [s for s in self._all.values() if now >= s.ends_at]:
            del self._all[ended.call_id]
        return [s for s in self._all.values() if s.topic == topic]

    def notify(self, subscription: Subscription, body: bytes, now: float) -> Message:
        """One notice in the dialog."""
        subscription.cseq += 1
        left = max(1, round(subscription.ends_at - now))
        return self._line.request(
            "NOTIFY", subscription.target, self._line.main,
            from_=subscription.ours, to=subscription.theirs,
            call_id=subscription.call_id, cseq=subscription.cseq,
            headers=[
                ("contact", f"<{self._line.contact}>"),
                ("event", subscription.event),
                ("subscription-state", f"active;expires={left}"),
            ],
            body=body,
        )  # fmt: skip

    def forget(self, call_id: str) -> None:
        self._all.pop(call_id, None)

    def clear(self) -> None:
        self._all.clear()

    def __len__(self) -> int:
        return len(self._all)
