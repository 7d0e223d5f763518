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
import struct
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hall_core.errors import NotFound

TICKET_ID_LENGTH = 18
SECRET_BYTES = 32
NONCE_BYTES = 12


class Secret:
    """Keyed hashes for purposes that must not be confused with one another."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._derived: dict[str, bytes] = {}
        self._ticket_key = self.hmac("ticket", "")

    @staticmethod
    def make(path: Path) -> None:
        """The secret of a new installation; one that is there already stays."""
        if path.exists():
            return
        made = path.with_suffix(".new")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        made.rename(path)

    @classmethod
    def open(cls, path: Path) -> Secret:
        """Read the secret. Another one would be no help: it opens no ticket's link and no password
        that is stored.

        Raises:
            ValueError: the file is gone or damaged; a short secret would protect nothing.
        """
        if not path.exists():
            raise ValueError(f"{path} is missing; bring it back from the backup")
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

    def encrypt(self, purpose: str, text: str) -> str:
        """`text` for the database: AES-256-GCM under a key of its own for `purpose`, base64."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(self.hmac("encrypt", purpose)).encrypt(nonce, text.encode(), None)
        return base64.b64encode(nonce + sealed).decode()

    def decrypt(self, purpose: str, sealed: str) -> str:
        """What `encrypt` was given.

        Raises:
            ValueError: made with another secret or for another purpose, or damaged.
        """
        try:
            raw = base64.b64decode(sealed, validate=True)
            aes = AESGCM(self.hmac("encrypt", purpose))
            return aes.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None).decode()
        except (InvalidTag, ValueError):
            raise ValueError(f"a stored {purpose} can't be read with this secret key") from None

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


def new_ticket_id(at_ms: int) -> str:
    """A new id: the time (40 bits of UTC ms), then 32 random bits.

    Ids that grow with time are stored side by side; nothing relies on an id being unguessable.
    Randomness is drawn for many at once: a system call each is dear.
    """
    if not _drawn:
        _drawn.extend(struct.unpack("256I", secrets.token_bytes(1024)))
    return f"{at_ms & 0xFF_FFFF_FFFF:010x}{_drawn.pop():08x}"


_drawn: list[int] = []
