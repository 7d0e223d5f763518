"""The upper platform's side of an agent's conversation, without sockets, on a clock of the test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hall_cameras.cascade import sip, tree
from hall_cameras.cascade.agent import Agent
from hall_cameras.cascade.directory import Directory
from hall_cameras.cascade.sip import Message, response
from hall_cameras.cascade.transactions import Path, Send
from hall_cameras.cascade.tree import SharedCamera, SharedHall
from hall_cameras.cascade.upper import Upper

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
            name="市平台", server_id=SERVER, server_domain=DOMAIN,
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


def query(command: str, device: str = DEVICE, more: str = "", root: str = "Query") -> str:
    head = f"<CmdType>{command}</CmdType><SN>5</SN><DeviceID>{device}</DeviceID>"
    return f"<{root}>{head}{more}</{root}>"


def invite(port: int = 30000, more: str = "", session: str = "Play") -> str:
    return (
        f"v=0\r\ns={session}\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=video {port} RTP/AVP 96\r\n{more}"
    )


SDP = "application/sdp"
CAMERA = "34020000001316000001"
