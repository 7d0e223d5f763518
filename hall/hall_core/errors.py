"""Every expected failure has a name here; the HTTP surface maps them once (RFC 9457).

    HallError
    ├── caller must change something
    │   ├── BadRequest     400  unreadable
    │   ├── Unauthorized   401  no credentials
    │   ├── Forbidden      403  not allowed here
    │   ├── NotFound       404
    │   ├── Conflict       409  not possible in this state
    │   ├── Invalid        422  fields wrong
    │   └── TooMany        429  slow down
    └── caller may try again
        └── Unavailable    503  cannot store now

`detail` is a sentence for a person, Chinese first: what happened and what to do. `detail_en` says
it in English where pages could not (they have words of their own for most codes, but no numbers to
put in). `code` is for programs. Anything that is not a HallError is a bug and is answered as one.
"""

from __future__ import annotations

import msgspec


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One wrong field: where, and why in words. `message_en`: "" where nobody wrote it."""

    field: str
    message: str
    message_en: str = ""


class HallError(Exception):
    """The base of expected failures."""

    status = 500
    title = "Error"

    def __init__(
        self, code: str, detail: str, errors: tuple[FieldError, ...] = (), detail_en: str = ""
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.detail_en = detail_en


class BadRequest(HallError):
    status = 400
    title = "Unreadable request"


class Unauthorized(HallError):
    status = 401
    title = "Sign-in or token required"


class Forbidden(HallError):
    status = 403
    title = "Not allowed here"


class NotFound(HallError):
    status = 404
    title = "Not found"


class Conflict(HallError):
    status = 409
    title = "Not possible in this state"


class Invalid(HallError):
    status = 422
    title = "Some fields are wrong"


class TooMany(HallError):
    status = 429
    title = "Slow down"


class Unavailable(HallError):
    status = 503
    title = "Cannot store now"


def cannot_store() -> Unavailable:
    """The database refused a write: a full or read-only disk, a lost connection."""
    return Unavailable(
        "cannot_store", "系统暂时无法保存数据，请稍后重试；如一直如此请联系管理员检查磁盘。"
    )


def invalid(field: str, message: str, message_en: str = "") -> Invalid:
    """An Invalid with one wrong field."""
    return Invalid("invalid_field", message, (FieldError(field, message, message_en),))
