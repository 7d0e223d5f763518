"""`agent.toml`: what it may say, and how it says what is wrong."""

import stat
from pathlib import Path

import msgspec
import pytest

from hall_core.agent import Part
from hall_core.agent.config import (
    ConfigError,
    PartKind,
    checked_server,
    load,
    read_token,
    write_private,
)


class LampConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: str
    colour: str = "green"


class Lamp(Part):
    kind = "lamp"

    def __init__(self, name: str, config: LampConfig) -> None:
        super().__init__(name)
        if config.colour == "none":
            raise ConfigError("colour: give a colour")
        self.config = config


KINDS = {"lamp": PartKind(LampConfig, Lamp), "bell": PartKind(LampConfig, Lamp)}


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_it_names_the_server_and_the_parts(tmp_path: Path) -> None:
    path = config(
        tmp_path,
        'server = "http://10.0.0.5:8080/"\n'
        '[parts.east]\nkind = "lamp"\naddress = "a"\n[parts.bell]\naddress = "b"\n',
    )
    loaded = load(path, KINDS)
    assert loaded.server == "http://10.0.0.5:8080"
    assert [part.name for part in loaded.parts] == ["east", "bell"]
    assert loaded.token_file == tmp_path / "agent.token"
    only = load(path, KINDS, "lamp")
    assert [part.name for part in only.parts] == ["east"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('server = "http://h"\nsever = 1\n', "sever"),
        ('server = "http://h"\n[parts.lamp]\naddress = "a"\ncolor = "red"\n', "color"),
        ('server = "http://h"\n[parts.lamp]\n', "address"),
        ('server = "http://h"\n[parts.lamp]\naddress = 5\n', "parts.lamp"),
        ('server = "http://h"\n[parts.lamp]\naddress = "a"\ncolour = "none"\n', "colour"),
        ('server = "http://h"\n[parts.lamp]\nkind = "lmap"\naddress = "a"\n', "lmap"),
        ('server = "http://h"\n[parts.Lamp]\nkind = "lamp"\naddress = "a"\n', "name"),
        ('server = "http://h"\n', "no parts"),
        ('[parts.lamp]\naddress = "a"\n', "server"),
        ('server = "h"\n[parts.lamp]\naddress = "a"\n', "http://HOST"),
        ("server = \n", "agent.toml"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(config(tmp_path, text), KINDS)
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_the_file_is_utf_8_with_or_without_its_mark(tmp_path: Path) -> None:
    text = 'server = "http://h"\n[parts.lamp]\naddress = "西"\n'
    path = config(tmp_path, text)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert len(load(path, KINDS).parts) == 1
    path.write_bytes(text.encode("gbk"))
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load(path, KINDS)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="pair"):
        load(tmp_path / "none.toml", KINDS)


@pytest.mark.parametrize(
    "url", ["", "ftp://h", "http://", "http://h/x", "http://h:99999", "h:80", "http://[::1"]
)
def test_a_server_is_an_address(url: str) -> None:
    with pytest.raises(ConfigError):
        checked_server(url)


def test_the_token_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "agent.token"
    assert read_token(path) is None
    write_private(path, "first\n")
    write_private(path, "secret\n")
    assert read_token(path) == "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
