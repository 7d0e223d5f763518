"""`python -m hall_app.demo.beside agent.toml`: what `hall agent` runs, in a process of its own that
ends with the demonstration that started it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from hall_app import agent, logs


def _end_with_parent() -> None:
    """The demonstration holds the other end of standard input: it closes when that is gone."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run the agent of the config that is named."""
    logs.configure()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    agent.run(Path(sys.argv[1]), None)


if __name__ == "__main__":
    main()
