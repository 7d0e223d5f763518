"""Digest access authentication of REGISTER (RFC 2617, 7616), with and without qop. Pure."""

from __future__ import annotations

import hashlib
import re

import msgspec

_PART = re.compile(r'([A-Za-z0-9-]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: bool = False  # "auth" is offered
    opaque: str = ""
    stale: bool = False


def challenge(header: str) -> Challenge | None:
    """A WWW-Authenticate header; None when it asks for what we cannot do."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "digest" or len(rest) > 2048:
        return None
    parts = {m[1].lower(): m[2] if m[2] is not None else m[3] for m in _PART.finditer(rest)}
    algorithm = parts.get("algorithm", "MD5").upper()
    offered = [word.strip().lower() for word in parts.get("qop", "").split(",") if word.strip()]
    if algorithm not in _HASHES or "nonce" not in parts or (offered and "auth" not in offered):
        return None
    return Challenge(
        realm=parts.get("realm", ""),
        nonce=parts["nonce"],
        algorithm=algorithm,
        qop=bool(offered),
        opaque=parts.get("opaque", ""),
        stale=parts.get("stale", "").lower() == "true",
    )


def authorization(
    asked: Challenge, username: str, password: str, method: str, uri: str, cnonce: str
) -> str:
    """The Authorization header that answers it; `uri` is the exact Request-URI. Each answer is
    the first to its nonce, so nc is always 1."""

    def digest(text: str) -> str:
        return _HASHES[asked.algorithm](text.encode()).hexdigest()

    mine = digest(f"{username}:{asked.realm}:{password}")
    what = digest(f"{method}:{uri}")
    if asked.qop:
        answer = digest(f"{mine}:{asked.nonce}:00000001:{cnonce}:auth:{what}")
    else:
        answer = digest(f"{mine}:{asked.nonce}:{what}")
    header = (
        f'Digest username="{username}", realm="{asked.realm}", nonce="{asked.nonce}", '
        f'uri="{uri}", response="{answer}", algorithm={asked.algorithm}'
    )
    if asked.qop:
        header += f', qop=auth, nc=00000001, cnonce="{cnonce}"'
    return header + (f', opaque="{asked.opaque}"' if asked.opaque else "")
