"""Being registered: REGISTER with digest, refresh, keepalives, and patience after failures.

Time is monotonic seconds, passed in. States: `off` (not begun, or signed off), `registering`,
`online`, `refused` (the password is wrong: tried again rarely, so that no account is locked),
`waiting` (before the next try).
"""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Sequence
from typing import Literal, TypeAlias

from hall_cameras.cascade import digest, manscdp
from hall_cameras.cascade.sip import BadMessage, Message, Uri, uri
from hall_cameras.cascade.transactions import Path, Transactions
from hall_cameras.cascade.upper import GB_VERSION, Line, new_tag

State: TypeAlias = Literal["off", "registering", "online", "refused", "waiting"]

REFRESH = 0.8  # of the time that was granted
AGAIN_S = 60.0  # at least, after a failure; doubled each time
AGAIN_MAX_S = 600.0
JITTER_S = 30.0
ONCE_S = 10.0  # a connection that is lost again and again is not a reason to ask without end
REFUSED_S = 900.0  # between tries with a password that was refused
REDIRECTS_MAX = 3
MISSES_MAX = 3


class Registration:
    """With one upper platform. `changed` is set when `state` or `why` is another, for who looks."""

    def __init__(self, line: Line, transactions: Transactions) -> None:
        self._line = line
        self._transactions = transactions
        self._call_id = ""
        self._tag = ""
        self._cseq = 0
        self._next_at: float | None = None
        self._failures = 0
        self._redirects = 0
        self._home: Uri | None = None  # another server that a 302 named
        self._asking = False
        self._leaving = False
        self._sn = random.randrange(1, 10_000)
        self._keepalive_at: float | None = None
        self.state: State = "off"
        self.why = ""
        self.changed = False  # since somebody last looked
        self.faulty: Sequence[str] = ()  # ids of cameras that are off, for keepalives
        self.misses = 0
        self.registered_at: float | None = None
        self.kept_at: float | None = None  # the last keepalive that was answered
        self._granted_at = 0.0
        self.granted_s = 0

    def start(self, now: float) -> None:
        self._call_id = self._line.new_call_id()
        self._next_at = now

    def leave(self, now: float) -> None:
        """Sign off; `gone` when that is done, or cannot be."""
        self._next_at = self._keepalive_at = None
        self._leaving = True
        if self.state == "online":
            self._register(now, None)
        elif not self._asking:  # else that answer is waited for, and undone
            self._become("off", "")

    @property
    def gone(self) -> bool:
        return self.state == "off"

    def next_sn(self) -> int:
        self._sn += 1
        return self._sn

    def due(self) -> float | None:
        times = [at for at in (self._next_at, self._keepalive_at) if at is not None]
        return min(times) if times else None

    def tick(self, now: float) -> None:
        if self._next_at is not None and now >= self._next_at:
            self._next_at = None
            if self.state != "online":
                self._become("registering", self.why)
            self._register(now, None)
        if self._keepalive_at is not None and now >= self._keepalive_at:
            self._keepalive(now)

    def again(self, now: float) -> None:
        """Try at once: the connection was lost, or our address is another one."""
        if not self._asking and not self._leaving:
            self._failures, self._next_at = 0, max(now, self._granted_at + ONCE_S)

    # --- REGISTER ------------------------------------------------------------------------------

    def _register(self, now: float, asked: digest.Challenge | None) -> None:
        line, upper = self._line, self._line.upper
        home = self._home or Uri(upper.server_id, upper.host, upper.port)
        path = Path(upper.transport, home.host, home.port or 5060)
        line.main = path
        if asked is None or not self._tag:
            self._tag = new_tag()
        self._cseq += 1
        target = str(home)
        expires = 0 if self._leaving else upper.expires_s
        headers = [
            ("contact", f"<{line.contact}>"),
            ("expires", str(expires)),
            ("x-gb-ver", GB_VERSION[upper.version]),
        ]
        if asked is not None:
            answer = digest.authorization(
                asked, upper.username, upper.password, "REGISTER", target, secrets.token_hex(8)
            )
            headers.append(("authorization", answer))
        message = line.request(
            "REGISTER", target, path,
            from_=f"<{line.device}>;tag={self._tag}", to=f"<{line.device}>",
            call_id=self._call_id, cseq=self._cseq, headers=headers,
        )  # fmt: skip
        self._asking = True
        line.note(message, sent=True)
        self._transactions.request(
            message, path, now, lambda response, at: self._answered(response, at, asked, expires)
        )

    def _answered(
        self, response: Message | None, now: float, asked: digest.Challenge | None, expires: int
    ) -> None:
        self._asking = False
        if response is None:
            self._failed(now, "timeout")
        elif response.status in (401, 407):
            name = "www-authenticate" if response.status == 401 else "proxy-authenticate"
            challenge = digest.challenge(response.get(name))
            if challenge is None:
                self._failed(now, "bad_challenge")
            elif asked is not None and not (challenge.stale and not asked.stale):
                self._refused(now)
            else:
                self._register(now, challenge)
        elif response.status == 403 and asked is not None:
            self._refused(now)
        elif 200 <= response.status < 300:
            self._granted(response, now, expires)
        elif response.status in (301, 302) and self._redirected(response):
            self._register(now, None)
        else:
            self._failed(now, f"status_{response.status}")

    def _granted(self, response: Message, now: float, expires: int) -> None:
        if self._leaving:
            if expires:
                self._register(now, None)  # it had been asked before we left
            else:
                self._become("off", "")
            return
        self._granted_at = now
        self._failures = self._redirects = self.misses = 0
        self.granted_s = self._expires(response)
        self._next_at = now + self.granted_s * REFRESH
        if self.state != "online":
            self.registered_at = now
            self._keepalive_at = now
        self._become("online", "")

    def _expires(self, response: Message) -> int:
        wanted = self._line.upper.expires_s
        found = re.search(r";\s*expires\s*=\s*(\d{1,9})", response.get("contact"), re.IGNORECASE)
        text = found[1] if found else response.get("expires")
        granted = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else wanted
        return max(30, min(granted, 7 * 86_400)) if granted else wanted

    def _redirected(self, response: Message) -> bool:
        self._redirects += 1
        if self._redirects > REDIRECTS_MAX:
            return False
        try:
            named = uri(response.get("contact"))
        except BadMessage:
            return False
        user = named.user or self._line.upper.server_id
        self._home = Uri(user, named.host, named.port or 5060)
        return True

    def _refused(self, now: float) -> None:
        self._home = None
        if self._leaving:
            self._become("off", "")
            return
        self._become("refused", "bad_password")
        self._next_at = now + REFUSED_S + random.uniform(0, JITTER_S)

    def _failed(self, now: float, why: str) -> None:
        self._home = None
        self._keepalive_at = None
        if self._leaving:
            self._become("off", "")
            return
        wait = min(AGAIN_S * 2**self._failures, AGAIN_MAX_S)
        self._failures = min(self._failures + 1, 10)
        self._become("waiting", why)
        self._next_at = now + wait + random.uniform(0, JITTER_S)

    def _become(self, state: State, why: str) -> None:
        if (state, why) != (self.state, self.why):
            self.state, self.why, self.changed = state, why, True
        if state != "online":
            self._keepalive_at = None

    # --- keepalives ----------------------------------------------------------------------------

    def _keepalive(self, now: float) -> None:
        upper = self._line.upper
        self._keepalive_at = now + upper.keepalive_s
        children: list[manscdp.Child] = [("Status", "OK")]
        faulty: list[manscdp.Child] = [("DeviceID", id_) for id_ in self.faulty]
        if faulty:  # as many as a message holds
            length = len(manscdp.element(faulty[0], upper.version))
            children.append(("Info", faulty[: self._line.body_max // length]))
        body = manscdp.write(
            "Notify", "Keepalive", self.next_sn(), upper.device_id, children, upper.version
        )
        message = self._line.message(body)
        self._line.note(message, sent=True)
        self._transactions.request(message, self._line.main, now, self._kept)

    def _kept(self, response: Message | None, now: float) -> None:
        if self.state != "online" or self._leaving:
            return
        if response is not None and response.status == 200:
            self.misses, self.kept_at = 0, now
            return
        self.misses += 1
        forgotten = response is not None and response.status in (403, 404, 481)
        if self.misses >= MISSES_MAX or forgotten:
            # It has forgotten us, or is gone: register anew.
            self._become("registering", "keepalive")
            self._next_at = now
