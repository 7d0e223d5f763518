"""Which build runs: pages of another build reload themselves when they are idle."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    BUILD = version("hall")
except PackageNotFoundError:  # run from a plain checkout
    BUILD = "0"
