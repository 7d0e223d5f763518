"""An agent without sockets: registering, answering, sessions, telling, and patience."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hall_cameras.cascade import registration, sip, tree
from hall_cameras.cascade.agent import Agent
from hall_cameras.cascade.directory import Directory
from hall_cameras.cascade.sip import Message, response
from hall_cameras.cascade.transactions import Path, Send
from hall_cameras.cascade.tree import SharedCamera, SharedHall
from hall_cameras.cascade.upper import Begin, End, Open, Turn, Upper

SERVER, DEVICE = "34020000002000000001", "34020000002000000199"
DOMAIN = "3402000000"
PATH = Path("udp", "10.0.0.1", 5060)
CHALLENGE = 'Digest realm="3402000000", nonce="abc", qop="auth"'


def shown(cameras: int = 2, online: bool = True) -> Directory:
    def id_of(kind: str, subject: str) -> str:
        type_ = {"camera": "131", "hall": "216", "group": "215"}[kind]
        serial = int(subject) if subject.isdigit() else 1
        return f"{DOMAIN}{type_}6{serial:06}"

    listed = tuple(
        SharedCamera(camera_id=f"{n}", name=f"摄像机{n}", online=online, ptz=True)
        for n in range(1, cameras + 1)
    )
    hall = SharedHall(hall_id="h", name="清河县", region="340203101202", cameras=listed)
    regions = {"340000000000": "省", "340200000000": "市", "340203000000": "清河县"}
    return tree.build(DEVICE, "大厅", [hall], regions, id_of)


class Peer:
    """The upper platform's side of an agent's conversation, on a clock of the test."""

    def __init__(self, **more: Any) -> None:
        self.now = 1000.0
        upper = Upper(
            platform_id="p", name="市平台", server_id=SERVER, server_domain=DOMAIN,
            host="10.0.0.1", device_id=DEVICE, device_domain=DOMAIN, username=DEVICE,
            password="secret-word", **more,
        )  # fmt: skip
        self.agent = Agent(upper, lambda: datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
        self.agent.show(shown(), self.now)
        self.effects: list[Any] = []
        self.sent: list[Message] = []

    def take(self) -> list[Message]:
        """What was sent since; other effects are kept."""
        taken = []
        for effect in self.agent.take():
            if isinstance(effect, Send):
                taken.append(sip.parse(effect.data))
            else:
                self.effects.append(effect)
        self.sent += taken
        return taken

    def one(self) -> Message:
        taken = self.take()
        assert len(taken) == 1, taken
        return taken[0]

    def say(self, message: Message) -> list[Message]:
        self.agent.received(sip.parse(message.encode()), PATH, self.now)
        return self.take()

    def answer(self, request: Message, status: int = 200, *headers: tuple[str, str]) -> None:
        self.agent.received(response(request, status, "t", headers), PATH, self.now)

    def passes(self, seconds: float) -> list[Message]:
        self.now += seconds
        self.agent.tick(self.now)
        return self.take()

    def register(self) -> None:
        self.agent.start(self.now)
        self.answer(self.one(), 401, ("www-authenticate", CHALLENGE))
        self.answer(self.one(), 200, ("expires", "3600"))
        self.passes(0)
        keepalive = self.one() if not self.sent[-1].body else self.sent[-1]
        self.answer(keepalive)
        self.take()

    def ask(
        self, method: str, target: str, body: str = "", kind: str = "Application/MANSCDP+xml",
        call_id: str = "c1", branch: str = "", to_tag: str = "", **headers: str,
    ) -> list[Message]:  # fmt: skip
        self.branches = getattr(self, "branches", 0) + 1
        made = [
            ("via", f"SIP/2.0/UDP 10.0.0.1:5060;branch={branch or f'z9hG4bK{self.branches}'}"),
            ("from", f"<sip:{SERVER}@{DOMAIN}>;tag=up"),
            ("to", f"<sip:{target}@{DOMAIN}>" + (f";tag={to_tag}" if to_tag else "")),
            ("call-id", call_id),
            ("cseq", f"1 {method}"),
            *headers.items(),
        ]
        if body:
            made.append(("content-type", kind))
        target = f"sip:{target}@{DOMAIN}"
        return self.say(Message(method=method, target=target, headers=made, body=body.encode()))


@pytest.fixture
def peer() -> Peer:
    peer = Peer()
    peer.register()
    return peer


def query(command: str, device: str = DEVICE, more: str = "", root: str = "Query") -> str:
    head = f"<CmdType>{command}</CmdType><SN>5</SN><DeviceID>{device}</DeviceID>"
    return f"<{root}>{head}{more}</{root}>"


def invite(port: int = 30000, more: str = "", session: str = "Play") -> str:
    return (
        f"v=0\r\ns={session}\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=video {port} RTP/AVP 96\r\n{more}"
    )


SDP = "application/sdp"
CAMERA = "34020000001316000001"


# --- registering -------------------------------------------------------------------------------


def test_it_registers_keeps_alive_and_refreshes_at_80_percent(peer: Peer) -> None:
    first, second, keepalive = peer.sent[:3]
    assert first.get("x-gb-ver") == "3.0"
    assert first.target == f"sip:{SERVER}@10.0.0.1:5060"
    assert 'uri="sip:34020000002000000001@10.0.0.1:5060"' in second.get("authorization")
    assert second.cseq[0] == first.cseq[0] + 1
    assert b"<CmdType>Keepalive</CmdType>" in keepalive.body
    for _ in range(47):
        (keepalive,) = peer.passes(60)
        assert keepalive.method == "MESSAGE"
        peer.answer(keepalive)
    due = peer.passes(60)
    assert sorted(message.method for message in due) == ["MESSAGE", "REGISTER"]


def test_a_wrong_password_is_tried_rarely() -> None:
    peer = Peer()
    peer.agent.start(peer.now)
    peer.answer(peer.one(), 401, ("www-authenticate", CHALLENGE))
    peer.answer(peer.one(), 401, ("www-authenticate", CHALLENGE.replace("abc", "def")))
    assert peer.agent.registration.state == "refused"
    assert peer.passes(800) == []
    assert peer.passes(200)[0].method == "REGISTER"


def test_a_silent_platform_is_asked_again_after_a_minute_at_least() -> None:
    peer = Peer()
    peer.agent.start(peer.now)
    peer.take()
    for _ in range(40):
        again = peer.passes(1)
        assert all(m.branch == peer.sent[0].branch for m in again)
    assert len(peer.sent) in (10, 11)  # 0.5 s doubling to 4 s, for 32 s
    assert (peer.agent.registration.state, peer.agent.registration.why) == ("waiting", "timeout")
    assert peer.passes(51) == []
    assert peer.passes(40)[0].branch != peer.sent[0].branch


def test_three_keepalives_unanswered_end_everything(peer: Peer) -> None:
    peer.ask("INVITE", CAMERA, invite(), SDP)
    for _ in range(260):
        peer.passes(1)
        if peer.agent.registration.state != "online":
            break
    assert peer.agent.registration.state == "registering"
    assert isinstance(peer.effects[-1], End)
    assert not peer.agent.calls.sessions


def test_another_server_that_is_named_is_followed_but_not_for_ever() -> None:
    peer = Peer()
    peer.agent.start(peer.now)
    for _ in range(registration.REDIRECTS_MAX):
        peer.answer(peer.one(), 302, ("contact", f"<sip:{SERVER}@10.0.0.2:5070>"))
    request = peer.one()
    assert request.target == f"sip:{SERVER}@10.0.0.2:5070"
    peer.answer(request, 302, ("contact", f"<sip:{SERVER}@10.0.0.2:5070>"))
    assert peer.agent.registration.state == "waiting"


def test_it_signs_off_with_digest_too(peer: Peer) -> None:
    peer.agent.leave(peer.now)
    peer.answer(peer.one(), 401, ("www-authenticate", CHALLENGE))
    last = peer.one()
    assert last.get("expires") == "0"
    peer.answer(last)
    assert peer.agent.registration.gone


def test_it_also_signs_off_what_was_still_being_asked_for() -> None:
    peer = Peer()
    peer.agent.start(peer.now)
    asked = peer.one()
    peer.agent.leave(peer.now)
    assert not peer.agent.registration.gone
    peer.answer(asked)
    undone = peer.one()
    assert undone.get("expires") == "0"
    peer.answer(undone)
    assert peer.agent.registration.gone


def test_a_connection_that_is_lost_again_and_again_is_not_asked_without_end() -> None:
    peer = Peer(transport="tcp")
    peer.register()
    peer.agent.lost(0, peer.now)
    assert peer.take() == []
    assert peer.passes(11)[0].method == "REGISTER"


def test_nothing_secret_is_in_the_log(peer: Peer) -> None:
    log = "".join(entry.text for entry in peer.agent.line.log)
    assert "response=***" in log
    assert not re.search(r"response=.?[0-9a-f]{32}", log)
    assert "secret-word" not in log


# --- answering ---------------------------------------------------------------------------------


def test_the_catalogue_is_sent_packet_by_packet(peer: Peer) -> None:
    peer.agent.show(shown(20), peer.now)
    (ok, packet) = peer.ask("MESSAGE", DEVICE, query("Catalog"))
    assert (ok.status, ok.body) == (200, b"")
    found: list[str] = []
    while True:
        assert len(packet.encode()) < 1500
        text = packet.body.decode("gb18030")
        assert "<SN>5</SN>" in text
        assert "<SumNum>26</SumNum>" in text
        found += re.findall(r"<Item>\s*<DeviceID>(\d+)", text)
        peer.answer(packet)
        following = peer.take()
        if not following:
            break
        (packet,) = following
    assert found == [node.id for node in peer.agent.directory.nodes]
    kinds = [node.kind for node in peer.agent.directory.nodes]
    assert kinds[:6] == ["system", "region", "region", "region", "group", "hall"]
    assert found[1:4] == ["34", "3402", "340203"]


def test_a_retransmitted_request_is_answered_as_before_and_done_once(peer: Peer) -> None:
    first = peer.ask("MESSAGE", DEVICE, query("DeviceInfo"), branch="z9hG4bKsame")
    again = peer.ask("MESSAGE", DEVICE, query("DeviceInfo"), branch="z9hG4bKsame")
    assert [m.status for m in first] == [200, 0]
    assert [m.encode() for m in again] == [first[0].encode()]


@pytest.mark.parametrize(
    ("command", "device", "status"),
    [
        ("Catalog", "34020000001316009999", 404),
        ("DeviceInfo", "x", 404),
        ("RecordInfo", CAMERA, 200),
        ("ConfigDownload", CAMERA, 200),
    ],
)
def test_what_is_not_shared_is_404(peer: Peer, command: str, device: str, status: int) -> None:
    assert peer.ask("MESSAGE", DEVICE, query(command, device))[0].status == status


def test_strangers_and_strange_things_are_refused(peer: Peer) -> None:
    stranger = Message(
        method="MESSAGE", target=f"sip:{DEVICE}@{DOMAIN}",
        headers=[
            ("via", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx"), ("from", "<sip:9@x>;tag=1"),
            ("to", "<sip:8@x>"), ("call-id", "q"), ("cseq", "1 MESSAGE"),
        ],
    )  # fmt: skip
    assert peer.say(stranger)[0].status == 403
    assert peer.ask("MESSAGE", DEVICE, "<x", kind="text/plain")[0].status == 415
    assert peer.ask("MESSAGE", DEVICE, "<x")[0].status == 400
    assert peer.ask("PUBLISH", DEVICE)[0].status == 405
    options = peer.ask("OPTIONS", DEVICE)[0]
    assert options.status == 200
    assert "INVITE" in options.get("allow")


def test_turning_needs_the_right(peer: Peer) -> None:
    order = query("DeviceControl", CAMERA, "<PTZCmd>A50F010800FF00BC</PTZCmd>", "Control")
    assert peer.ask("MESSAGE", CAMERA, order)[0].status == 403
    allowed = Peer(ptz=True)
    allowed.register()
    assert allowed.ask("MESSAGE", CAMERA, order)[0].status == 200
    assert allowed.effects == [Turn(CAMERA, 0.0, 1.0, 0.0)]
    boot = query("DeviceControl", CAMERA, "<TeleBoot>Boot</TeleBoot>", "Control")
    assert allowed.ask("MESSAGE", CAMERA, boot)[0].status == 403


# --- sessions ----------------------------------------------------------------------------------


def test_a_session_from_invite_to_bye(peer: Peer) -> None:
    (trying,) = peer.ask("INVITE", CAMERA, invite(more="y=0200000017\r\n"), SDP)
    assert trying.status == 100
    opened = peer.effects[-1]
    assert isinstance(opened, Open)
    assert (opened.channel, opened.ssrc, opened.offer.port) == (CAMERA, "0200000017", 30000)
    assert peer.agent.calls.media_opened("c1", "10.0.0.9", 40000, peer.now)
    ok = peer.one()
    assert ok.status == 200
    assert b"m=video 40000 RTP/AVP 96" in ok.body
    assert [m.status for m in peer.passes(0.6)] == [200]  # until it is acknowledged
    peer.ask("ACK", CAMERA, to_tag=sip.tag(ok.get("to")))
    assert peer.effects[-1] == Begin("c1")
    assert peer.passes(90) is not None
    assert "c1" in peer.agent.calls.sessions
    (bye,) = peer.ask("BYE", CAMERA, to_tag=sip.tag(ok.get("to")))
    assert bye.status == 200
    assert peer.effects[-1] == End("c1")
    assert peer.ask("BYE", CAMERA)[0].status == 481


def test_no_ack_within_a_minute_ends_with_bye(peer: Peer) -> None:
    peer.ask("INVITE", CAMERA, invite(), SDP)
    peer.agent.calls.media_opened("c1", "10.0.0.9", 40000, peer.now)
    peer.take()
    sent = [m for _ in range(61) for m in peer.passes(1)]
    assert "BYE" in [m.method for m in sent]
    assert peer.effects[-1] == End("c1")


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("34020000001316009999", invite(), 404),
        (DEVICE, invite(), 404),
        (CAMERA, "nonsense", 400),
        (CAMERA, invite().replace(" 96", " 97"), 415),
        (CAMERA, invite(session="Playback"), 488),
    ],
)
def test_invitations_that_are_refused(peer: Peer, target: str, body: str, status: int) -> None:
    assert peer.ask("INVITE", target, body, SDP)[0].status == status
    assert not peer.agent.calls.sessions


def test_no_more_sessions_than_allowed() -> None:
    peer = Peer(sessions_max=1)
    peer.register()
    assert peer.ask("INVITE", CAMERA, invite(), SDP, "a")[0].status == 100
    other = CAMERA[:-1] + "2"
    assert peer.ask("INVITE", other, invite(), SDP, "b")[0].status == 486


def test_a_repeated_invitation_takes_the_place_of_the_first(peer: Peer) -> None:
    peer.ask("INVITE", CAMERA, invite(), SDP, "a")
    peer.agent.calls.media_opened("a", "10.0.0.9", 40000, peer.now)
    answers = peer.ask("INVITE", CAMERA, invite(30002), SDP, "b")
    assert [m.method or m.status for m in answers] == [200, "BYE", 100]
    assert set(peer.agent.calls.sessions) == {"b"}
    kinds = [type(effect) for effect in peer.effects]
    assert kinds == [Open, End, Open]


def test_a_flood_of_invitations_leaves_room_for_keepalives(peer: Peer) -> None:
    for number in range(300):
        peer.ask("INVITE", CAMERA, invite(), SDP, f"f{number}")
        peer.agent.calls.media_opened(f"f{number}", "10.0.0.9", 40000, peer.now)
    assert peer.agent.transactions.waiting < 200
    keepalives = [m for m in peer.passes(60) if m.method == "MESSAGE"]
    peer.answer(keepalives[-1])
    assert (peer.agent.registration.state, peer.agent.registration.misses) == ("online", 0)


def test_cancel_ends_what_was_not_answered(peer: Peer) -> None:
    peer.ask("INVITE", CAMERA, invite(), SDP, "a", branch="z9hG4bKi")
    answers = peer.ask("CANCEL", CAMERA, call_id="a", branch="z9hG4bKi")
    assert sorted(m.status for m in answers) == [200, 487]
    assert isinstance(peer.effects[-1], End)


def test_a_refusal_is_repeated_until_it_is_acknowledged(peer: Peer) -> None:
    (busy,) = peer.ask("INVITE", "34020000001316009999", invite(), SDP, "a", branch="z9hG4bKr")
    assert [m.encode() for m in peer.passes(0.6)] == [busy.encode()]
    peer.ask("ACK", "34020000001316009999", call_id="a", branch="z9hG4bKr")
    assert peer.passes(5) == []


def test_an_invitation_within_a_session_is_a_refresh_and_no_other_offer(peer: Peer) -> None:
    peer.ask("INVITE", CAMERA, invite(), SDP)
    (pending,) = peer.ask("INVITE", CAMERA, invite(), SDP, to_tag="x")
    assert pending.status == 491
    peer.agent.calls.media_opened("c1", "10.0.0.9", 40000, peer.now)
    ok = peer.one()
    (again,) = peer.ask("INVITE", CAMERA, invite(), SDP, to_tag=sip.tag(ok.get("to")))
    assert (again.status, again.body) == (200, ok.body)
    (other,) = peer.ask("INVITE", CAMERA, invite(30002), SDP, to_tag=sip.tag(ok.get("to")))
    assert other.status == 488
    assert set(peer.agent.calls.sessions) == {"c1"}


def test_bye_before_the_answer_ends_the_invitation_too(peer: Peer) -> None:
    peer.ask("INVITE", CAMERA, invite(), SDP)
    answers = peer.ask("BYE", CAMERA)
    assert [(m.cseq[1], m.status) for m in answers] == [("BYE", 200), ("INVITE", 487)]
    assert peer.effects[-1] == End("c1")
    assert not peer.agent.calls.media_opened("c1", "10.0.0.9", 40000, peer.now)


def test_when_its_connection_has_ended_we_hang_up_on_the_way_of_the_registration() -> None:
    peer = Peer()
    peer.register()
    path = Path("tcp", "10.0.0.1", 40404, 3)
    made = [
        ("via", "SIP/2.0/TCP 10.0.0.1:40404;branch=z9hG4bKt"),
        ("from", f"<sip:{SERVER}@{DOMAIN}>;tag=up"), ("to", f"<sip:{CAMERA}@{DOMAIN}>"),
        ("call-id", "c1"), ("cseq", "1 INVITE"), ("content-type", SDP),
    ]  # fmt: skip
    target = f"sip:{CAMERA}@{DOMAIN}"
    invitation = Message(method="INVITE", target=target, headers=made, body=invite().encode())
    peer.agent.received(invitation, path, peer.now)
    peer.agent.calls.media_opened("c1", "10.0.0.9", 40000, peer.now)
    peer.agent.take()
    peer.agent.lost(3, peer.now)
    peer.agent.calls.hang_up("c1", peer.now)
    (bye,) = [effect for effect in peer.agent.take() if isinstance(effect, Send)]
    assert bye.path == peer.agent.upper.main


def test_a_camera_that_goes_or_is_no_longer_shared_is_hung_up(peer: Peer) -> None:
    peer.ask("INVITE", CAMERA, invite(), SDP)
    peer.agent.calls.media_opened("c1", "10.0.0.9", 40000, peer.now)
    peer.take()
    peer.agent.show(shown(0), peer.now)
    assert [m.method for m in peer.take()] == ["BYE"]


# --- telling -----------------------------------------------------------------------------------


def test_subscribers_hear_what_changed(peer: Peer) -> None:
    (ok,) = peer.ask("SUBSCRIBE", DEVICE, query("Catalog"), event="presence", expires="600")
    assert (ok.status, ok.get("expires")) == (200, "600")
    peer.agent.show(shown(3, online=False), peer.now)
    (first,) = peer.take()
    notices = [first]
    while True:
        peer.answer(notices[-1])
        following = peer.take()
        if not following:
            break
        notices += following
    assert {n.method for n in notices} == {"NOTIFY"}
    assert [n.cseq[0] for n in notices] == list(range(1, len(notices) + 1))
    text = b"".join(n.body for n in notices).decode("gb18030")
    assert re.findall(r"<Event>(\w+)</Event>", text) == ["OFF", "OFF", "ADD"]
    assert first.get("to") == f"<sip:{SERVER}@{DOMAIN}>;tag=up"
    peer.ask("SUBSCRIBE", DEVICE, query("Catalog"), to_tag=sip.tag(ok.get("to")), expires="0")
    peer.agent.show(shown(2), peer.now)
    assert peer.take() == []


def test_alarms_go_by_message_or_to_who_subscribed(peer: Peer) -> None:
    peer.agent.alarm(CAMERA, 3, 2, 1, "离线", peer.now)
    message = peer.one()
    assert message.method == "MESSAGE"
    assert "<AlarmType>1</AlarmType>" in message.body.decode("gb18030")
    assert "<AlarmTime>2026-11-22T17:00:00</AlarmTime>" in message.body.decode("gb18030")
    peer.answer(message)
    peer.ask("SUBSCRIBE", DEVICE, query("Alarm"), event="presence", call_id="s")
    peer.agent.alarm(CAMERA, 3, 2, 1, "离线", peer.now)
    assert peer.one().method == "NOTIFY"
    peer.answer(peer.sent[-1])
    peer.ask("SUBSCRIBE", DEVICE, query("Alarm"), call_id="s", to_tag="x", expires="0")
    peer.ask("SUBSCRIBE", DEVICE, query("Alarm", CAMERA[:-1] + "2"), call_id="other")
    peer.agent.alarm(CAMERA, 3, 2, 1, "离线", peer.now)
    assert peer.one().method == "MESSAGE"  # they asked for another camera's


# --- anything at all ---------------------------------------------------------------------------

BODIES = [
    ("MESSAGE", query("Catalog"), "Application/MANSCDP+xml"),
    ("MESSAGE", query("DeviceControl", CAMERA, "<PTZCmd>A50F01FF</PTZCmd>", "Control"), "x"),
    ("SUBSCRIBE", query("Alarm"), "Application/MANSCDP+xml"),
    ("INVITE", invite(more="y=0200000017\r\na=streamnumber:1\r\n"), SDP),
    ("BYE", "", SDP),
    ("CANCEL", "", SDP),
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(BODIES), st.integers(0, 700), st.binary(max_size=8), st.integers(0, 12)
        ),
        max_size=12,
    )
)
@settings(max_examples=150, deadline=None)
def test_nothing_that_comes_breaks_it_and_nothing_grows(steps: list[Any]) -> None:
    peer = Peer(ptz=True, sessions_max=2)
    peer.register()
    for number, ((method, body, kind), at, noise, cut) in enumerate(steps):
        made = [
            ("via", f"SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKf{number}"),
            ("from", f"<sip:{SERVER}@{DOMAIN}>;tag=up"), ("to", f"<sip:{CAMERA}@{DOMAIN}>"),
            ("call-id", f"f{number}"), ("cseq", f"1 {method}"), ("content-type", kind),
            ("expires", "600"),
        ]  # fmt: skip
        target = f"sip:{CAMERA}@{DOMAIN}"
        good = Message(method=method, target=target, headers=made, body=body.encode()).encode()
        try:
            message = sip.parse(good[:at] + noise + good[at + cut :])
        except sip.BadMessage:
            continue
        peer.agent.received(message, PATH, peer.now)
        for answer in peer.passes(1):
            if answer.is_request:
                peer.answer(answer)
    assert len(peer.agent.calls.sessions) <= 2
    assert len(peer.agent.subscriptions) <= 16
    peer.passes(200)
    assert not peer.agent.calls.sessions
