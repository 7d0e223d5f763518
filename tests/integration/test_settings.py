"""An installation that can't be used, and commands that make no sense: one line, exit 2."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hall_app import at_machine, cli, settings
from hall_app.check import check_directory
from hall_app.settings import SettingsError
from tests.support import installation, run_hall

Spoil = Callable[[Path], object]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return installation(tmp_path / "hall", demo=False)


Refuse = Callable[..., None]


def one_line(code: int, out: str, err: str, expected: str) -> None:
    assert (code, out) == (2, "")
    assert err.startswith("hall: ")
    assert err.count("\n") == 1, err
    assert re.search(expected, err), err


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refuse:
    def refuse(*arguments: str | Path, expected: str) -> None:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        one_line(code, *capsys.readouterr(), expected)

    return refuse


def without_database(directory: Path) -> None:
    (directory / "hall.sqlite").unlink()


def with_an_empty_one(directory: Path) -> None:
    (directory / "hall.sqlite").write_bytes(b"")


def telling(content: bytes) -> Spoil:
    return lambda directory: (directory / "hall.toml").write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (without_database, "hall.sqlite is missing; bring it back"),
        (with_an_empty_one, "hall.sqlite is empty; bring it back"),
        (telling('media = "媒体"'.encode("gbk")), "hall.toml is not UTF-8"),
        (telling(b'media = "\\u0000"'), "`media` is '.x00'; remove the control character"),
        (telling(b'backup_folder = "D:\\new"'), "`backup_folder` is 'D:.new'; remove the control"),
        (telling(b'database = "sqlite://"'), "`database` is 'sqlite://'; give sqlite:///FILE"),
        (telling(b'database = "sqlite:///"'), "give sqlite:///FILE"),
        (telling(b'database = "sqlite+pysqlite:///x"'), "give sqlite:///FILE"),
    ],
)
def test_neither_served_nor_checked(
    directory: Path, spoil: Spoil, expected: str, refused: Refuse
) -> None:
    spoil(directory)
    refused("serve", directory, expected=expected)
    for use in (check_directory, lambda path: at_machine.create_token(path, "admin", None, None)):
        with pytest.raises(SettingsError, match=expected):
            use(directory)


def test_a_mark_of_utf_8_is_no_fault(directory: Path) -> None:
    telling(b'\xef\xbb\xbfmedia = "\xe5\xaa\x92"')(directory)
    assert settings.load(directory).media == "媒"


def without_secret(directory: Path) -> None:
    (directory / "secret.key").unlink()


def with_a_short_one(directory: Path) -> None:
    (directory / "secret.key").write_text("ab" * 16)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [(without_secret, "secret.key is missing"), (with_a_short_one, "secret.key is damaged")],
)
def test_another_secret_does_not_take_the_place_of_a_lost_one(
    directory: Path,
    spoil: Spoil,
    expected: str,
    refused: Refuse,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(directory)
    before = {path.name for path in directory.iterdir()}
    refused("serve", directory, expected=f"{expected}; bring it back from the backup")
    assert {path.name for path in directory.iterdir()} - {"lock"} == before
    assert cli.main(["check", str(directory)]) == 1
    [line] = capsys.readouterr().out.splitlines()
    assert expected in line


@pytest.mark.parametrize("listen", ["not an address", "256.1.1.1", "192.0.2.1", "\\u0000"])
def test_an_address_that_is_none_is_named(directory: Path, listen: str, refused: Refuse) -> None:
    telling(f'listen = "{listen}"'.encode())(directory)
    refused(
        "serve",
        directory,
        expected=r"`listen` in hall.toml is '" + (r"\\x00" if listen[0] == "\\" else listen),
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (("--kind", "admin", "--window", "9" * 23), "is no window"),
        (("--kind", "admin", "--window", "1_0"), "is no window"),
        (("--kind", "admin", "--window", "0"), "is no window"),
        (("--kind", "admin", "--window", "1"), "--window is of one hall; add --hall"),
    ],
)
def test_tokens_that_nobody_could_use(
    directory: Path, more: tuple[str, ...], expected: str, refused: Refuse
) -> None:
    refused("token", "create", directory, *more, expected=expected)


def test_a_name_in_another_encoding(directory: Path) -> None:
    """By a process of its own: what argv and the terminal make of bytes is the process's."""
    for command in (
        ("token", "create", directory, "--kind", "kiosk", "--hall", "\udcff"),
        ("user", "reset", directory, "\udcff\udcfe"),
    ):
        done = run_hall(*command)
        one_line(done.returncode, done.stdout, done.stderr, "is not UTF-8")


def test_an_agents_server_that_is_no_address(tmp_path: Path, refused: Refuse) -> None:
    arguments = ("--config", tmp_path / "agent.toml", "--code", "AAAA", "--server", "http://[::1")
    refused("agent", "pair", *arguments, expected="is no address; give http://HOST:PORT")


def test_a_file_that_holds_no_token(tmp_path: Path, refused: Refuse) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xff\xfe")
    arguments = ("--server", "http://127.0.0.1:1", "--token-file", file)
    refused("cameras", "worker", *arguments, expected="this is no token")


def test_no_folder_is_not_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init", ""]) == 2
    assert list(tmp_path.iterdir()) == []
