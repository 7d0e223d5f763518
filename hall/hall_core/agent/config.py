"""`agent.toml`: which server, and which devices this PC drives. Unknown keys are refused by name.

    server = "http://192.168.1.10:8080"

    [parts.printer]
    kind = "printer"
    address = "tcp://192.168.1.50:9100"

The token that pairing gave lies beside it, in `agent.token`, readable by its owner only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hall_core.agent.part import Part
from hall_core.agent.wire import PARTS_MAX

TOKEN_FILE = ".token"


class ConfigError(Exception):
    """The config can't be used; the message is one line for a person."""


class PartKind(msgspec.Struct, frozen=True):
    """How the parts of one kind are made.

    Args:
        config: the msgspec Struct of its table (with `forbid_unknown_fields=True`); the keys
            `kind` and the table's name are not in it.
        make: the part of (name, config); raises ConfigError for values that can't be.
    """

    config: type[Any]
    make: Callable[[str, Any], Part]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    server: str
    parts: dict[str, dict[str, Any]] = {}


class AgentConfig(msgspec.Struct, frozen=True):
    """What the file says. `server` has no slash at its end."""

    path: Path
    server: str
    parts: tuple[Part, ...]

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def token_file(self) -> Path:
        return self.path.with_suffix(TOKEN_FILE)


def load(path: Path, kinds: Mapping[str, PartKind], only: str | None = None) -> AgentConfig:
    """Read the config and make its parts; with `only` just those of this kind.

    Raises:
        ConfigError: missing, unreadable, a key is unknown or of the wrong type, or a value can't
            be; the message names the key.
    """
    path = path.absolute()
    file = _read(path)
    if len(file.parts) > PARTS_MAX:
        raise ConfigError(f"{path}: more than {PARTS_MAX} parts; run a second agent")
    parts = []
    for name, table in file.parts.items():
        where = f"{path}: parts.{name}"
        kind = table.pop("kind", name)
        if not re.fullmatch(r"[a-z0-9_]{1,20}", name):
            raise ConfigError(f"{where}: a part's name is 1 to 20 of a-z, 0-9 and _")
        if kind not in kinds:
            known = ", ".join(sorted(kinds))
            raise ConfigError(f"{where}: kind {kind!r} is unknown; give one of {known}")
        if only is not None and kind != only:
            continue
        try:
            config = msgspec.convert(table, kinds[kind].config)
            parts.append(kinds[kind].make(name, config))
        except (msgspec.ValidationError, ConfigError) as error:
            raise ConfigError(f"{where}: {error}") from None
    if not parts:
        what = "parts" if only is None else f"part of kind {only}"
        raise ConfigError(f"{path} names no {what}; add a [parts.NAME] table")
    return AgentConfig(path=path, server=checked_server(file.server), parts=tuple(parts))


def _read(path: Path) -> _File:
    try:
        # Notepad puts a mark in front of UTF-8, and older ones write the system's own encoding.
        return msgspec.toml.decode(path.read_text(encoding="utf-8-sig"), type=_File)
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist; make it with: hall agent pair") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}; correct or remove this key") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8; save it again with that encoding") from None
    except (msgspec.DecodeError, OSError) as error:
        raise ConfigError(f"{path} can't be read: {error}") from None


def server_of(path: Path) -> str:
    """The server that an existing config names. Raises ConfigError."""
    if not path.exists():
        raise ConfigError("which server? add --server http://HOST:PORT")
    return _read(path).server


def checked_server(url: str) -> str:
    """The server's address without a path. Raises ConfigError when it is none."""
    try:
        split = urlsplit(url)
        good = split.scheme in ("http", "https") and split.hostname and split.port != 0
        good = good and split.path in ("", "/") and not split.query and not split.fragment
    except ValueError:
        good = False
    if not good:
        raise ConfigError(f"server {url!r} is no address; give http://HOST:PORT")
    return f"{split.scheme}://{split.netloc}"


def read_token(path: Path) -> str | None:
    """The token in the file; None: not paired yet."""
    try:
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
