"""The repository's own shape: folders, file sizes, and nothing of one machine in it."""

import os
import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".venv", "node_modules", "build", "dist", "out"}
MAX_PYTHON_LINES = 600

# Put together here so that this file does not hold what it looks for.
HOST_NAMES = [
    r"\.".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "(?:org|com)"),
        ("yarnpkg", "com"),
        ("(?:deb|security|ftp|packages|snapshot)", "debian", "org"),
    )
]
REGISTRY_HOST = re.compile("|".join(HOST_NAMES), re.IGNORECASE)
# A leading slash of its own: not the middle of a longer path or of an address.
MACHINE_PATH = re.compile(r"(?<![\w./~$}*-])/(?:home|root|work|Users)/\w")


@cache
def project_files() -> tuple[Path, ...]:
    """The committed files and the new ones that are not ignored; all files without git."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True).stdout
        found = [ROOT / os.fsdecode(name) for name in names.split(b"\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = []
        for folder, subfolders, files in os.walk(ROOT):
            subfolders[:] = [
                name
                for name in subfolders
                if name not in NOT_OURS and not (name.startswith(".") and name != ".ci")
            ]
            found += [Path(folder, name) for name in files]
    return tuple(sorted(path for path in found if path.is_file()))


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {hit.group()}"
        for path in project_files()
        if b"\0" not in (content := path.read_bytes())
        for number, line in enumerate(content.decode(errors="replace").splitlines(), 1)
        if (hit := pattern.search(line))
    ]


def test_top_level_folders_are_not_packages() -> None:
    """`queue/__init__.py` would shadow Python's own queue and break asyncio, pip and pytest."""
    packages = [
        folder.name
        for folder in ROOT.iterdir()
        if folder.is_dir() and folder.name not in NOT_OURS and (folder / "__init__.py").exists()
    ]
    assert packages == []


def test_the_standard_librarys_queue_is_the_one_that_is_imported() -> None:
    import queue

    assert hasattr(queue, "SimpleQueue")


def test_no_path_of_one_machine_is_in_the_repository() -> None:
    assert lines_with(MACHINE_PATH) == []


def test_no_package_registry_is_named_in_the_repository() -> None:
    assert lines_with(REGISTRY_HOST) == []


def test_no_python_file_is_too_long_to_be_one_thing() -> None:
    too_long = {
        str(path.relative_to(ROOT)): length
        for path in project_files()
        if path.suffix == ".py"
        and (length := len(path.read_bytes().splitlines())) > MAX_PYTHON_LINES
    }
    assert too_long == {}
