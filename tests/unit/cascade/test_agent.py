"""An agent without sockets: answering, telling, and whatever comes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hall_cameras.cascade import sip
from hall_cameras.cascade.agent import ALARMS_MAX
from hall_cameras.cascade.alarms import Notice
from hall_cameras.cascade.sip import Message
from hall_cameras.cascade.upper import Told, Turn
from tests.unit.cascade.peer import (
    CAMERA,
    DEVICE,
    DOMAIN,
    PATH,
    SDP,
    SERVER,
    Peer,
    invite,
    query,
    shown,
)

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


OFFLINE = Notice(
    camera_id="1", at=datetime(2026, 11, 22, 8, tzinfo=UTC), priority=3, method=2, kind=1,
    text="离线",
)  # fmt: skip


def test_alarms_go_by_message_or_to_who_subscribed(peer: Peer) -> None:
    peer.agent.alarm("a", CAMERA, OFFLINE, peer.now)
    message = peer.one()
    assert message.method == "MESSAGE"
    assert "<AlarmType>1</AlarmType>" in message.body.decode("gb18030")
    assert "<AlarmTime>2026-11-22T16:00:00</AlarmTime>" in message.body.decode("gb18030")
    peer.answer(message)
    peer.ask("SUBSCRIBE", DEVICE, query("Alarm"), event="presence", call_id="s")
    peer.agent.alarm("b", CAMERA, OFFLINE, peer.now)
    assert peer.one().method == "NOTIFY"
    peer.answer(peer.sent[-1])
    peer.ask("SUBSCRIBE", DEVICE, query("Alarm"), call_id="s", to_tag="x", expires="0")
    peer.ask("SUBSCRIBE", DEVICE, query("Alarm", CAMERA[:-1] + "2"), call_id="other")
    peer.agent.alarm("c", CAMERA, OFFLINE, peer.now)
    assert peer.one().method == "MESSAGE"  # they asked for another camera's


def test_an_alert_is_told_of_until_somebody_answered(peer: Peer) -> None:
    for _ in range(2):
        peer.agent.alarm("a", CAMERA, OFFLINE, peer.now)
    peer.one()  # not twice at once
    peer.passes(33)
    assert Told("a") not in peer.effects  # nobody answered
    peer.agent.alarm("a", CAMERA, OFFLINE, peer.now)
    peer.answer(peer.one(), 400)
    peer.take()
    assert peer.effects[-1] == Told("a")  # refused: it would be so again
    for number in range(20):
        peer.agent.alarm(f"{number}", CAMERA, OFFLINE, peer.now)
    telling = peer.one()
    (ok,) = peer.ask("MESSAGE", DEVICE, query("DeviceInfo"))
    assert ok.status == 200  # there is room
    for _ in range(ALARMS_MAX):
        peer.answer(telling)
        telling = peer.one()
    assert b"<CmdType>DeviceInfo</CmdType>" in telling.body
    told = [effect.alert_id for effect in peer.effects[1:] if isinstance(effect, Told)]
    assert told == [f"{number}" for number in range(ALARMS_MAX)]
    offline = Peer()
    offline.agent.alarm("a", CAMERA, OFFLINE, offline.now)
    assert offline.take() == []


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
