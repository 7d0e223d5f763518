"""What simulated devices on the network share: a TCP port that can be unplugged."""

from __future__ import annotations

import asyncio


class SimulatedDevice:
    """A device on a TCP port of this machine; a subclass says in `talk` what it speaks."""

    def __init__(self) -> None:
        self.port = 0  # chosen at the first start, the same ever after
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Switch on."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Pull its plug; `start` plugs it in again."""
        if self._server is not None:
            self._server.close()
            for line in tuple(self._lines):
                line.transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end; an OSError ends it as well."""
        raise NotImplementedError

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        try:
            await self.talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._lines.discard(writer)
            writer.close()
