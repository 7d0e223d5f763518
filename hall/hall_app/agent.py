"""The command `hall agent`: pairing, and running the parts that a config names.

What it can drive is listed in `MODULES`; each kind lives with the feature that owns the device.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import structlog

from hall_core.agent import config
from hall_core.agent.config import AgentConfig, ConfigError, PartKind

log = structlog.get_logger()

MODULES = {
    "caller": "hall_queue.callers.agent",
    "kiosk": "hall_queue.start_page",
    "pad": "hall_evaluation.boxes.agent",
    "printer": "hall_queue.printing.agent",
    "reader": "hall_queue.readers.agent",
    "strip": "hall_displays.strips.agent",
}


class Kinds(Mapping[str, PartKind]):
    """The kinds of parts. A kind's module, with its libraries, is imported when it is named."""

    def __getitem__(self, kind: str) -> PartKind:
        found: PartKind = import_module(MODULES[kind]).KIND
        return found

    def __contains__(self, kind: object) -> bool:
        return kind in MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


KINDS = Kinds()

TEMPLATE = """\
# What this PC drives. Unknown keys are refused by name; docs/devices.md lists them all.
server = "{server}"

# [parts.printer]
# address = "tcp://192.168.1.50:9100"
# paper_mm = 80
"""


def pair(path: Path, server: str | None, code: str) -> str:
    """Exchange a code for a token, kept beside the config; the config is made if there is none.

    Returns:
        where the token lies.

    Raises:
        ConfigError: no server is known, it can't be reached, or it refuses the code.
    """
    from hall_core.agent import pairing

    path = path.absolute()
    if server is None:
        server = config.server_of(path)
    server = config.checked_server(server)
    token = asyncio.run(pairing.pair(server, code))
    token_file = path.with_suffix(config.TOKEN_FILE)
    config.write_private(token_file, token + "\n")
    if not path.exists():
        path.write_text(TEMPLATE.format(server=server), encoding="utf-8")
    return str(token_file)


def run(path: Path, only: str | None) -> None:
    """Run until SIGINT or SIGTERM.

    Raises:
        ConfigError: the config can't be used.
    """
    loaded = config.load(path, KINDS, only)
    asyncio.run(_run(loaded))


async def _run(loaded: AgentConfig) -> None:
    from hall_core.agent.runner import Agent

    agent = Agent(loaded.server, loaded.token_file, loaded.folder, loaded.parts)
    running = asyncio.current_task()
    assert running is not None
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_, running.cancel)
    log.info("agent_starts", server=loaded.server, parts=[part.name for part in loaded.parts])
    with contextlib.suppress(asyncio.CancelledError):
        await agent.run()
    log.info("agent_stopped")


__all__ = ["KINDS", "ConfigError", "pair", "run"]
