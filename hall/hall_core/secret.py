"""The installation's one secret and the keys derived from it.

It lies in a file beside the settings, readable by the server only, and never in the database, so
that a copied database opens nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from hall_core.errors import NotFound

TICKET_ID_LENGTH = 16
SECRET_BYTES = 32


class Secret:
    """Keyed hashes for purposes that must not be confused with one another."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._derived: dict[str, bytes] = {}
        self._ticket_key = self.hmac("ticket", "")

    @classmethod
    def open(cls, path: Path) -> Secret:
        """Read the secret, making it on first use.

        Raises:
            ValueError: the file is damaged; a short secret would protect nothing.
        """
        if not path.exists():
            made = path.with_suffix(".new")
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(SECRET_BYTES))
                file.flush()
                os.fsync(file.fileno())
            made.rename(path)
        text = path.read_text(errors="replace").strip()
        if not re.fullmatch(f"[0-9a-f]{{{SECRET_BYTES * 2}}}", text):
            raise ValueError(f"{path} is damaged; bring it back from the backup")
        return cls(bytes.fromhex(text))

    def hmac(self, purpose: str, value: str) -> bytes:
        """HMAC-SHA-256 of `value`, under a key of its own for `purpose`."""
        key = self._derived.get(purpose)
        if key is None:
            key = self._derived[purpose] = hmac.digest(self._key, purpose.encode(), "sha256")
        return hmac.digest(key, value.encode(), "sha256")

    def ticket_token(self, ticket_id: str) -> str:
        """The citizen's token: unguessable, made from the ticket's id, never stored."""
        mac = hashlib.blake2b(ticket_id.encode(), digest_size=15, key=self._ticket_key).digest()
        return ticket_id + base64.urlsafe_b64encode(mac).decode()

    def ticket_of(self, token: str) -> str:
        """The ticket id of a token.

        Raises:
            NotFound: the token was not made here.
        """
        ticket_id = token[:TICKET_ID_LENGTH]
        if not hmac.compare_digest(self.ticket_token(ticket_id).encode(), token.encode()):
            raise NotFound("unknown_ticket", "没有找到这张号票。")
        return ticket_id


def new_ticket_id() -> str:
    """A random id. Randomness is drawn for many at once: a system call each is dear."""
    if not _ids:
        drawn = secrets.token_hex(TICKET_ID_LENGTH // 2 * 128)
        _ids.extend(re.findall(f".{{{TICKET_ID_LENGTH}}}", drawn))
    return _ids.pop()


_ids: list[str] = []
