"""An agent without sockets: sessions from INVITE to BYE."""

from __future__ import annotations

import pytest

from hall_cameras.cascade import sip
from hall_cameras.cascade.sip import Message
from hall_cameras.cascade.transactions import Path, Send
from hall_cameras.cascade.upper import Begin, End, Open
from tests.unit.cascade.peer import CAMERA, DEVICE, DOMAIN, SDP, SERVER, Peer, invite, shown


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
    peer.passes(90)  # longer than any wait of its beginning
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
