"""`python -m hall_cameras.worker`: how a server starts the worker of its own machine, and a spare:
a line on standard input makes it begin."""

from __future__ import annotations

import argparse
import logging
import os
import sys

import structlog


def _main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--server", required=True)
    options.add_argument("--name", required=True)
    given = options.parse_args()
    # Before onvif is imported, which would set up logging for the whole process.
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
    )
    from hall_cameras.worker.run import CAPACITY, main

    # What takes time is done. A spare waits here until it is wanted, or the server is gone.
    if os.read(sys.stdin.fileno(), 1):
        main(given.server, os.environ.pop("HALL_TOKEN"), given.name, CAPACITY, with_parent=True)


_main()
