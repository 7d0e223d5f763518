"""Ports of devices: what is noticed of a device that goes without a word."""

from __future__ import annotations

import socket
import sys

import pytest

from hall_core.agent.ports import _TcpPort, address_of, open_port


@pytest.mark.skipif(sys.platform != "linux", reason="each system names its options differently")
async def test_a_line_that_nobody_writes_to_is_noticed_to_die() -> None:
    """A caller without power: no byte comes, none is sent, and the connection looks open."""

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = await open_port(address_of(f"tcp://127.0.0.1:{silent.getsockname()[1]}"))
    assert isinstance(port, _TcpPort)
    line = port._writer.get_extra_info("socket")
    assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    idle, pause, times = (
        line.getsockopt(socket.IPPROTO_TCP, option)
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    )
    assert idle + pause * times <= 30, "seconds until it counts as gone"
    await port.close()
