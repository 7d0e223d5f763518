"""An agent without sockets: registering, keepalives, patience, signing off."""

from __future__ import annotations

import re

from hall_cameras.cascade import registration
from hall_cameras.cascade.upper import End
from tests.unit.cascade.peer import CAMERA, CHALLENGE, DEVICE, SDP, SERVER, Peer, invite, shown


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


def test_keepalives_name_the_cameras_that_are_off_as_many_as_fit(peer: Peer) -> None:
    def named() -> list[str]:
        (keepalive,) = peer.passes(60)
        peer.answer(keepalive)
        assert len(keepalive.encode()) < 1500
        return re.findall(r"<Info>|\d{20}", keepalive.body.decode("gb18030"))

    assert named() == [DEVICE]  # no list when there is nothing to name
    peer.agent.show(shown(2, online=False), peer.now)
    assert named() == [DEVICE, "<Info>", CAMERA, CAMERA[:-1] + "2"]
    peer.agent.show(shown(90, online=False), peer.now)
    assert 12 < len(named()) < 30


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
