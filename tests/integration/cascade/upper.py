"""An upper platform for the tests: sip-tester as the registrar and as who calls."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hall_app.server import cameras_of
from tests.peers import sipp
from tests.peers.sipp import Sipp, free_port
from tests.support import HALL, HallServer, eventually

SSRC = 200000017


def control(channel: str, order: str) -> str:
    """A PTZCmd's body."""
    return (
        '<?xml version="1.0" encoding="GB2312"?>\n<Control>\n<CmdType>DeviceControl</CmdType>\n'
        f"<SN>7</SN>\n<DeviceID>{channel}</DeviceID>\n<PTZCmd>{order}</PTZCmd>\n</Control>\n"
    )


def setup(port: int, local_port: int, **more: Any) -> dict[str, Any]:
    return {
        "name": "市视频平台",
        "server_id": sipp.SERVER_ID,
        "host": "127.0.0.1",
        "port": port,
        "device_id": sipp.DEVICE_ID,
        "password": sipp.PASSWORD,
        "local_port": local_port,
        "version": "2016",
        "halls": [HALL],
        **more,
    }


class Upper:
    """A registrar and who calls, at ports of their own."""

    def __init__(self, server: HallServer, folder: Path, tcp: bool = False) -> None:
        self.server = server
        self.folder = folder
        self.port, self.local_port = free_port(), free_port()
        self.tcp = tcp
        self.registrar = Sipp(folder, sipp.registrar_scenario(qop=True), self.port, tcp=tcp)
        self.platform_id = ""
        self.channel = ""

    async def set_up(self, **more: Any) -> None:
        """Have the halls know of it: they register when its registrar is there."""
        admin = await self.server.client("admin")
        transport = "tcp" if self.tcp else "udp"
        body = setup(self.port, self.local_port, transport=transport, **more)
        answer = await admin.post("/cascade/platforms", body)
        assert answer.status == 201, answer
        self.platform_id = answer.body["platform_id"]

    async def register(self, **more: Any) -> None:
        await self.set_up(**more)
        await eventually(lambda: self.agent.registration.state == "online")

    async def retry(self, key: str) -> None:
        """A person has the halls register anew."""
        admin = await self.server.client("admin")
        path = f"/cascade/platforms/{self.platform_id}/commands"
        answer = await admin.post(path, {"command": "retry"}, key=key)
        assert answer.status == 200, answer

    async def listening(self) -> None:
        """Its registrar takes connections: over TCP, who comes too early waits for a minute."""

        def taken() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        await eventually(taken)

    @property
    def agent(self) -> Any:
        return cameras_of(self.server.kernel).cascade.stations[self.platform_id].agent

    async def call(
        self, scenario: str, tcp: bool = False, watched: Callable[[Sipp], object] | None = None
    ) -> None:
        """Run a scenario as the platform, to its end; one that watches hangs up when `watched`."""
        to = f"127.0.0.1:{self.local_port}"
        with Sipp(self.folder, scenario, free_port(), to, calls=1, tcp=tcp) as peer:
            if watched is not None:
                await eventually(lambda: watched(peer))
                peer.hang_up()
            await eventually(lambda: peer.status is not None)
            assert peer.status == 0, peer.messages

    async def leave(self) -> None:
        admin = await self.server.client("admin")
        if self.platform_id:
            await admin.request("DELETE", f"/cascade/platforms/{self.platform_id}")
        self.registrar.close()
