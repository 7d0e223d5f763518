"""What a camera says of itself: its ONVIF events, by one pull point. Blocking; a thread of its own.

Of all that cameras announce (motion, rules, inputs) one thing is of use beside their pictures:
that they notice themselves to be tampered with, or to get no signal. It is no alarm by itself, for
firmware cries wolf; a fault that the picture shows as well counts at once, instead of when it has
lasted. So a camera without events is as good, only slower.

The subscription dies by itself after `LIFE_S` when nobody renews it: that is all that is left of a
worker that was killed. It is made whatever the camera's capabilities say (they lie both ways),
made again when the camera forgot it in a reboot, and ended when the camera is let go.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from hall_cameras import wire
from hall_cameras.worker import media2, onvif, soap
from hall_cameras.worker.notices import Notice, first, noticed, words
from hall_cameras.worker.soap import Soap
from hall_cameras.worker.trouble import CameraTrouble

log = structlog.get_logger()

LIFE_S = 60.0
RENEW_AT = 0.8  # of its life
PULL_S = 20.0  # that the camera holds a question back while it has nothing to say
MESSAGES_MAX = 32  # it may say at once
CALM_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # before the next question, while answers come back full
AGAIN_S = (5.0, 30.0, 120.0, 600.0)  # before another subscription is tried for

_TEV = "http://www.onvif.org/ver10/events/wsdl"
_PULLING = f"{_TEV}/PullPointSubscription"
_MANAGING = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager"


class Subscription:
    """One pull point on a camera. Raises CameraTrouble, like `onvif`."""

    def __init__(self, connection: Soap) -> None:
        self._soap = connection
        self._address = ""
        self._headers: list[Any] = []
        self._life_s = LIFE_S
        self._began = 0.0

    def begin(self) -> None:
        """Make it."""
        url = self._soap.xaddrs.get("events")
        if url is None:
            raise CameraTrouble("not_supported", "events")
        self._soap.allow(soap.BUDGET_S, soap.CALL_S)
        answer = self._soap.raw(
            url,
            "<tev:CreatePullPointSubscription><tev:InitialTerminationTime>"
            f"PT{LIFE_S:.0f}S</tev:InitialTerminationTime></tev:CreatePullPointSubscription>",
            f"{_TEV}/EventPortType/CreatePullPointSubscriptionRequest",
        )
        reference = first(answer, "SubscriptionReference")
        self._address = words(reference, "Address")
        if not self._address:
            raise CameraTrouble("bad_answer", "a subscription without address")
        parameters = first(reference, "ReferenceParameters")
        self._headers = [] if parameters is None else list(parameters)
        self._lives(answer)

    def pull(self) -> list[Any]:
        """What happened since the last time; waits for something to happen."""
        left_s = self._began + RENEW_AT * self._life_s - time.monotonic()
        wait_s = max(1, int(min(PULL_S, left_s)))
        self._soap.allow(soap.BUDGET_S + wait_s, soap.CALL_S + wait_s)
        answer = self._ask(
            f"<tev:PullMessages><tev:Timeout>PT{wait_s}S</tev:Timeout>"
            f"<tev:MessageLimit>{MESSAGES_MAX}</tev:MessageLimit></tev:PullMessages>",
            f"{_PULLING}/PullMessagesRequest",
        )
        found: list[Any] = answer.xpath(".//*[local-name()='NotificationMessage']")
        return found

    def renew(self) -> None:
        """Once it is time to."""
        if time.monotonic() - self._began < RENEW_AT * self._life_s:
            return
        self._soap.allow(soap.BUDGET_S, soap.CALL_S)
        self._lives(
            self._ask(
                f"<wsnt:Renew><wsnt:TerminationTime>PT{LIFE_S:.0f}S</wsnt:TerminationTime>"
                "</wsnt:Renew>",
                f"{_MANAGING}/RenewRequest",
            )
        )

    def end(self, connection: Soap) -> None:
        """Leave nothing behind. Over a connection of its own: `pull` may be waiting on ours."""
        with contextlib.suppress(CameraTrouble):
            self._ask("<wsnt:Unsubscribe/>", f"{_MANAGING}/UnsubscribeRequest", connection)

    def _ask(self, body: str, action: str, connection: Soap | None = None) -> Any:
        return (connection or self._soap).raw(self._address, body, action, self._headers)

    def _lives(self, answer: Any) -> None:
        # By the camera's own clock, which may be any: only the difference counts.
        self._began, self._life_s = time.monotonic(), LIFE_S
        with contextlib.suppress(ValueError, TypeError):
            ends, now = (
                datetime.fromisoformat(words(answer, name))
                for name in ("TerminationTime", "CurrentTime")
            )
            self._life_s = min(max((ends - now).total_seconds(), 5.0), 3600.0)


class Listener:
    """Listens to one camera until `end`. `tell` is called in its thread when what the camera says
    of the picture that is watched changes."""

    def __init__(
        self,
        camera_id: str,
        access: wire.Access,
        identity: wire.Identity,
        tell: Callable[[frozenset[Notice]], None],
    ) -> None:
        self._camera_id = camera_id
        self._access = access
        self._profile = identity.chosen
        self._source = next((p.source for p in identity.profiles if p.token == self._profile), "")
        self._tell = tell
        self._ending = threading.Event()
        self._subscription: Subscription | None = None
        self._ahead: Any = None  # of the camera's clock
        self._notices: frozenset[Notice] = frozenset()
        self.messages = 0  # so far
        self._thread = threading.Thread(target=self._run, daemon=True, name="camera-events")
        self._thread.start()

    def end(self) -> None:
        """Let go of the camera; takes as long as it takes to say so. The thread ends when its
        question is answered."""
        self._ending.set()
        subscription = self._subscription
        if subscription is None:  # or it is being made: who makes it ends it
            self._thread.join(soap.BUDGET_S)
            return
        connection = Soap(self._access.onvif, self._access.username, self._access.password)
        connection.ahead = self._ahead
        try:
            subscription.end(connection)
        finally:
            connection.close()

    def _run(self) -> None:
        tries = 0
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                self._listen()
            except CameraTrouble as trouble:
                if trouble.refused and self._subscription is None:
                    return  # a password that opens the video and not this: no lock is risked
                self._subscription = None
            except Exception:
                log.exception("camera_events_failed", camera=self._camera_id)
            self._told(frozenset())
            tries = 0 if time.monotonic() - began > LIFE_S else tries + 1
            self._ending.wait(AGAIN_S[min(max(tries - 1, 0), len(AGAIN_S) - 1)])

    def _listen(self) -> None:
        with onvif.camera(self._access) as connection:
            self._ahead = connection.ahead
            subscription = Subscription(connection)
            subscription.begin()
            self._subscription = subscription
            if self._ending.is_set():  # `end` came before there was something to end
                subscription.end(connection)
                return
            try:
                self._pull(subscription, connection)
            except CameraTrouble:
                connection.allow(soap.BUDGET_S, soap.CALL_S)
                subscription.end(connection)  # two at once would be one too many for some
                raise

    def _pull(self, subscription: Subscription, connection: Soap) -> None:
        full = 0  # answers in a row
        while not self._ending.is_set():
            messages = subscription.pull()
            self.messages += len(messages)
            self._heard(messages[:MESSAGES_MAX], connection)
            subscription.renew()
            full = full + 1 if len(messages) >= MESSAGES_MAX else 0
            if full == len(CALM_S) - 1:
                log.warning("camera_events_flood", camera=self._camera_id, messages=self.messages)
            self._ending.wait(CALM_S[min(full, len(CALM_S) - 1)])

    def _heard(self, messages: list[Any], connection: Soap) -> None:
        notices = set(self._notices)
        for notice, is_so in noticed(messages, self._source):
            (notices.add if is_so else notices.discard)(notice)
        if self._told(frozenset(notices)) and notices:
            # A key frame now rather than when it comes: there is something to see.
            with contextlib.suppress(CameraTrouble):
                media2.ask_key_frame(connection, self._profile)

    def _told(self, notices: frozenset[Notice]) -> bool:
        if notices == self._notices or self._ending.is_set():
            return False
        self._notices = notices
        self._tell(notices)
        return True
