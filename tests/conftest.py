"""For all tests: in CI a skipped test is a failed test.

A skip says "not here": no Chromium, no strace, no PostgreSQL. On a person's machine that
is a help. In CI it would mean that a broken set-up step turns a whole group of tests off
and everything stays green, so there what a test needs is installed or the run fails.
"""

import atexit
import importlib.util
import json
import os
import pickle
import platform
import shutil
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

# Compiled files are kept, whatever the environment says: a run has many processes, and each would
# compile the whole project anew. Said before anything large is imported.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

PICKLES = "ESCPOS_CAPABILITIES_PICKLE_DIR"


def _quick_starts() -> None:
    """Take from every process of a run what it would only wait for when it starts."""
    here = os.fspath(Path(__file__).parent / "as_installed")
    sys.path.insert(0, here)
    os.environ["PYTHONPATH"] = os.pathsep.join([here, *filter(None, [os.getenv("PYTHONPATH")])])
    # aiohttp reads all authorities that the machine trusts: no test speaks TLS with anybody.
    os.environ.setdefault("SSL_CERT_FILE", os.devnull)
    # python-escpos reads its printers with a parser for YAML, half a second, unless it finds them
    # pickled. They are JSON; the first process of a run leaves them for the others.
    library = importlib.util.find_spec("escpos")
    if library is None or not library.submodule_search_locations or PICKLES in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="hall-escpos-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    printers = Path(library.submodule_search_locations[0], "capabilities.json").read_bytes()
    pickled = folder / f"{platform.python_version()}.capabilities.pickle"
    pickled.write_bytes(pickle.dumps(json.loads(printers)))
    os.environ[PICKLES] = os.fspath(folder)


_quick_starts()

from hypothesis import settings  # noqa: E402

# Time is not what properties are about: a busy machine is no failure.
settings.register_profile("hall", deadline=None)
settings.load_profile("hall")

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    # An expected failure is reported as a skip too; that one is meant.
    if IN_CI and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr
        if isinstance(reason, tuple):
            reason = f"{reason[0]}:{reason[1]}: {reason[2]}"
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure in CI: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report
