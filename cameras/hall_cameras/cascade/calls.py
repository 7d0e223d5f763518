"""Sessions that an upper platform invites: INVITE, ACK, CANCEL, BYE. Time is monotonic seconds."""

from __future__ import annotations

import secrets
from typing import Literal, TypeAlias

import msgspec

from hall_cameras.cascade import sdp
from hall_cameras.cascade.directory import Directory
from hall_cameras.cascade.sdp import BadOffer, Offer
from hall_cameras.cascade.sip import BadMessage, Message, response, tag, uri
from hall_cameras.cascade.transactions import T1, T2, TIMEOUT, Path, Send, Transactions
from hall_cameras.cascade.upper import Begin, End, Line, Open, new_tag

OPEN_S = 10.0  # for finding the camera
ACK_S = 60.0
SDP_TYPE = "APPLICATION/SDP"

Step: TypeAlias = Literal["opening", "answered", "playing"]


class Session(msgspec.Struct, kw_only=True):
    """One session, by its Call-ID."""

    call_id: str
    channel: str
    offer: Offer
    ssrc: str
    invite: Message
    path: Path
    local_tag: str
    step: Step = "opening"
    ends_at: float  # of its step
    answer: bytes = b""  # our SDP
    ok: bytes = b""  # our 200, until it is acknowledged
    again_at: float = 0.0
    interval: float = T1


class Calls:
    """All sessions with one upper platform."""

    def __init__(self, line: Line, transactions: Transactions) -> None:
        self._line = line
        self._transactions = transactions
        self.sessions: dict[str, Session] = {}

    # --- what comes ----------------------------------------------------------------------------

    def invite(self, request: Message, path: Path, directory: Directory, now: float) -> None:
        def refuse(status: int) -> None:
            self._respond(request, response(request, status, new_tag()), path, now)

        known = self.sessions.get(request.call_id)
        if known is not None and tag(request.get("to")):
            return self._invited_again(known, request, path, now)
        if known is None and tag(request.get("to")):
            return refuse(481)
        if request.content_type != "application/sdp":
            return refuse(415)
        try:
            offer = sdp.offer(request.body)
            channel = uri(request.target).user
        except (BadOffer, BadMessage):
            return refuse(400)
        camera = directory.camera(channel)
        if camera is None:
            return refuse(404)
        if offer.session != "Play":
            return refuse(488)  # nothing is recorded here
        if not offer.ps:
            return refuse(415)
        if not camera.online:
            return refuse(500)
        for other in self._superseded(request, channel, offer):
            self.hang_up(other, now)
        if len(self.sessions) >= self._line.upper.sessions_max:
            return refuse(486)
        ssrc = offer.ssrc or self._own_ssrc()
        self._respond(request, response(request, 100), path, now)
        self.sessions[request.call_id] = Session(
            call_id=request.call_id,
            channel=channel,
            offer=offer,
            ssrc=ssrc,
            invite=request,
            path=path,
            local_tag=new_tag(),
            ends_at=now + OPEN_S,
        )
        self._line.effect(Open(request.call_id, channel, offer, ssrc))

    def _superseded(self, request: Message, channel: str, offer: Offer) -> list[str]:
        """A repeated invitation for the same picture takes the place of the one before."""
        return [
            session.call_id
            for session in self.sessions.values()
            if session.call_id == request.call_id
            or (session.channel == channel and session.offer.stream == offer.stream)
        ]

    def _own_ssrc(self) -> str:
        """0, five digits of our domain, four at random."""
        return f"0{self._line.upper.device_id[3:8]}{secrets.randbelow(10_000):04}"

    def ack(self, request: Message) -> None:
        if self._transactions.acknowledged(request):
            return
        session = self.sessions.get(request.call_id)
        if session is None or request.cseq[0] != session.invite.cseq[0]:
            return
        if session.step == "answered":
            session.step, session.ok = "playing", b""
            self._line.effect(Begin(session.call_id))

    def bye(self, request: Message, path: Path, now: float) -> None:
        session = self.sessions.get(request.call_id)
        status = 481 if session is None else 200
        self._respond(request, response(request, status, new_tag()), path, now)
        if session is not None:
            self.media_refused(session.call_id, 487, now)  # if it was not answered yet
            self.sessions.pop(session.call_id, None)
            self._line.effect(End(session.call_id))

    def cancel(self, request: Message, path: Path, now: float) -> None:
        session = self.sessions.get(request.call_id)
        if session is None or session.step != "opening":
            status = 481 if session is None else 200
            self._respond(request, response(request, status, new_tag()), path, now)
            return
        self._respond(request, response(request, 200, session.local_tag), path, now)
        self.media_refused(session.call_id, 487, now)
        self._line.effect(End(session.call_id))

    # --- what our side says --------------------------------------------------------------------

    def media_opened(self, call_id: str, host: str, port: int, now: float) -> bool:
        """The camera is there and we send from (or listen at) this address. False: it is too
        late, nobody waits any more."""
        session = self.sessions.get(call_id)
        if session is None or session.step != "opening":
            return False
        body = sdp.answer(session.offer, session.channel, host, port, session.ssrc)
        answer = response(
            session.invite, 200, session.local_tag,
            [("contact", f"<{self._line.contact}>")], body, SDP_TYPE,
        )  # fmt: skip
        session.step, session.ok, session.answer = "answered", answer.encode(), body
        session.ends_at = now + ACK_S
        session.interval, session.again_at = T1, now + T1
        self._respond(session.invite, answer, session.path, now)
        return True

    def media_refused(self, call_id: str, status: int, now: float) -> None:
        """There is no picture for it."""
        session = self.sessions.get(call_id)
        if session is None or session.step != "opening":
            return
        del self.sessions[call_id]
        refusal = response(session.invite, status, session.local_tag)
        self._respond(session.invite, refusal, session.path, now)

    def hang_up(self, call_id: str, now: float) -> None:
        """End a session from our side."""
        session = self.sessions.get(call_id)
        if session is None:
            return
        if session.step == "opening":
            self.media_refused(call_id, 487, now)
        else:
            del self.sessions[call_id]
            self._bye(session, now)
        self._line.effect(End(call_id))

    def _invited_again(self, known: Session, request: Message, path: Path, now: float) -> None:
        """Within a session: a refresh is answered as before, another offer can't be met."""
        try:
            same = not request.body or sdp.offer(request.body) == known.offer
        except BadOffer:
            same = False
        if not known.answer:
            self._respond(request, response(request, 491), path, now)
        elif not same:
            self._respond(request, response(request, 488), path, now)
        else:
            self._accept(known, request, path, now)

    def _accept(self, session: Session, request: Message, path: Path, now: float) -> None:
        contact = [("contact", f"<{self._line.contact}>")]
        answer = response(request, 200, "", contact, session.answer, SDP_TYPE)
        self._respond(request, answer, path, now)

    def _bye(self, session: Session, now: float) -> None:
        invite = session.invite
        try:
            target = str(uri(invite.get("contact") or invite.get("from")))
        except BadMessage:
            target = str(self._line.server)
        to = invite.get("to")
        if not tag(to):
            to += f";tag={session.local_tag}"
        request = self._line.request(
            "BYE", target, session.path,
            from_=to, to=invite.get("from"), call_id=session.call_id, cseq=1,
        )  # fmt: skip
        self._line.note(request, sent=True)
        self._transactions.request(request, session.path, now, lambda answer, at: None)

    def _respond(self, request: Message, answer: Message, path: Path, now: float) -> None:
        self._line.note(answer, sent=True)
        self._transactions.respond(request, answer, path, now)

    # --- time ----------------------------------------------------------------------------------

    def due(self) -> float | None:
        times = [
            min(s.ends_at, s.again_at) if s.ok else s.ends_at
            for s in self.sessions.values()
            if s.step != "playing"
        ]
        return min(times) if times else None

    def tick(self, now: float) -> None:
        for session in list(self.sessions.values()):
            if session.step == "playing":
                continue
            if now >= session.ends_at:
                if session.step == "opening":
                    self.media_refused(session.call_id, 500, now)
                    self._line.effect(End(session.call_id))
                else:
                    self.hang_up(session.call_id, now)
            elif session.ok and now >= session.again_at:
                # Over TCP too (RFC 3261, 13.3.1.4): a proxy on the way may speak UDP.
                session.interval = min(session.interval * 2, T2)
                session.again_at = now + session.interval
                if now < session.ends_at - ACK_S + TIMEOUT:
                    self._line.effect(Send(session.ok, session.path))

    def lost(self, now: float) -> None:
        """The platform is gone: so are its sessions, and nobody is there for a BYE."""
        for call_id in list(self.sessions):
            del self.sessions[call_id]
            self._line.effect(End(call_id))

    def moved(self, connection: int) -> None:
        """A connection has ended: what is still to be said goes the way of the registration."""
        for session in self.sessions.values():
            if session.path.kind == "tcp" and session.path.connection == connection:
                session.path = self._line.main

    def end_all(self, now: float) -> None:
        for call_id in list(self.sessions):
            self.hang_up(call_id, now)
