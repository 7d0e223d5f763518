"""The release that runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("hall")
except PackageNotFoundError:  # run from a plain checkout
    VERSION = "0"
