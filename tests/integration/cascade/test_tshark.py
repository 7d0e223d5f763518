"""Wireshark's dissectors, which nobody of us wrote, read what we send: SIP, SDP and RTP."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from hall_cameras.cascade.alarms import Notice
from hall_cameras.cascade.ps import Muxer
from hall_cameras.cascade.rtp import Packetiser
from hall_cameras.cascade.sip import Message, tag
from tests.unit.cascade.peer import CAMERA, DEVICE, SDP, Peer, invite, query, shown

SIP, MEDIA = 5060, 30_000
SSRC = 200_000_017
HEAD = ("sip.CSeq.seq", "sip.from.user", "sip.to.user", "sip.Via.branch", "sip.Content-Length")
HERE, THERE = bytes((10, 0, 0, 9)), bytes((10, 0, 0, 1))


def conversation() -> list[bytes]:
    """One of every kind of message that we send."""
    peer = Peer(ptz=True)
    peer.register()

    def answered(told: Iterable[Message]) -> None:
        for message in told:
            if message.is_request:
                peer.answer(message)
                answered(peer.take())

    for command in ("Catalog", "DeviceInfo", "DeviceStatus", "RecordInfo"):
        answered(peer.ask("MESSAGE", DEVICE, query(command, CAMERA)))
    peer.ask("SUBSCRIBE", DEVICE, query("Catalog"), call_id="s", event="Catalog", expires="600")
    peer.agent.show(shown(3, online=False), peer.now)
    answered(peer.take())
    fault = Notice(
        camera_id="1", at=peer.agent.line.clock(), priority=3, method=2, kind=1,
        text="摄像机<离线>",
    )  # fmt: skip
    peer.agent.alarm("a", CAMERA, fault, peer.now)
    answered(peer.take())
    peer.agent.show(shown(3), peer.now)
    answered(peer.take())
    peer.ask("OPTIONS", DEVICE)
    peer.ask("PUBLISH", DEVICE)
    more = f"a=setup:passive\r\na=connection:new\r\ny=0{SSRC}\r\n"
    offer = invite(MEDIA, more).replace("RTP/AVP", "TCP/RTP/AVP")
    peer.ask("INVITE", CAMERA, offer, SDP)
    peer.agent.calls.media_opened("c1", "10.0.0.9", MEDIA, peer.now)
    ok = peer.one()
    peer.ask("ACK", CAMERA, to_tag=tag(ok.get("to")))
    peer.agent.calls.hang_up("c1", peer.now)
    answered(peer.take())
    peer.agent.leave(peer.now)
    peer.take()
    return [message.encode() for message in peer.sent]


def media() -> list[bytes]:
    """A second of video in RTP; the frames are large enough for several packets."""
    muxer, rtp = Muxer("h264"), Packetiser(SSRC, 65_530)
    frame = b"\0\0\0\1\x65" + bytes(range(256)) * 300
    return [
        packet
        for at in range(10)
        for packet in rtp.packets(muxer.frame(frame, at == 0, at * 3600, at * 3600), at * 3600)
    ]


def ip(protocol: int, payload: bytes) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0)
    return head + HERE + THERE + payload


def datagram(port: int, payload: bytes) -> bytes:
    return ip(17, struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload)


def segments(port: int, stream: bytes) -> list[bytes]:
    """One direction of a connection, in pieces that keep to no packet's bounds."""
    pieces = [stream[at : at + 1000] for at in range(0, len(stream), 1000)]
    return [
        ip(6, struct.pack("!HHIIBBHHH", port, port, 1 + 1000 * n, 1, 0x50, 0x10, 9, 0, 0) + piece)
        for n, piece in enumerate(pieces)
    ]


def capture(path: Path, packets: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.write(struct.pack("!IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101))  # raw IP
        for at, packet in enumerate(packets):
            file.write(struct.pack("!IIII", at, 0, len(packet), len(packet)) + packet)


def test_nothing_that_we_send_is_malformed(tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("there is no tshark: run scripts/setup-system test")
    signalling, video = conversation(), media()
    framed = b"".join(struct.pack("!H", len(packet)) + packet for packet in video)
    packets = [datagram(SIP, message) for message in signalling]
    packets += [datagram(MEDIA, packet) for packet in video]
    packets += segments(MEDIA, framed)
    capture(tmp_path / "ours.pcap", packets)
    fields = ["sip.Method", "sip.Status-Code", "sdp.media", "rtp.ssrc", "rtp.marker"]
    fields += ["_ws.malformed", "_ws.expert.severity", *HEAD]
    run = subprocess.run(
        [
            "tshark", "-r", tmp_path / "ours.pcap", "-d", f"udp.port=={MEDIA},rtp",
            "-d", f"tcp.port=={MEDIA},rtp",
            "-T", "fields", "-E", "aggregator=/",
            *(word for field in fields for word in ("-e", field)),
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    assert len(rows) == len(packets)
    wrong = [
        row for row in rows if row[5] or any(int(n) >= 0x600000 for n in row[6].split("/") if n)
    ]
    assert wrong == []
    assert all(all(row[7:]) and row[7] != "0" for row in rows[: len(signalling)])
    methods = Counter(row[0] for row in rows[: len(signalling)])
    assert set(methods) == {"REGISTER", "MESSAGE", "NOTIFY", "BYE", ""}
    assert {row[1] for row in rows} >= {"100", "200", "405"}
    assert [row[2] for row in rows if row[2]] == [f"video {MEDIA} TCP/RTP/AVP 96"]
    ours = f"0x{SSRC:08x}"
    sent = rows[len(signalling) : len(signalling) + len(video)]
    assert [row[3] for row in sent] == [ours] * len(video)
    assert sum(row[4] == "1" for row in sent) == 10
    framed_rows = rows[len(signalling) + len(video) :]
    assert sum(row[3].count(ours) for row in framed_rows) == len(video)
