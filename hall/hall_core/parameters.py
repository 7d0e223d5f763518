"""What a call may be asked beside its path: told at the handler, for the API's document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

Handler = TypeVar("Handler", bound=Callable[..., Any])


class Parameter(msgspec.Struct, frozen=True):
    """One query parameter, always optional. `schema` is a JSON schema."""

    name: str
    text: str
    schema: dict[str, Any]


def integer(name: str, text: str, default: int, low: int, high: int) -> Parameter:
    """A whole number within bounds."""
    schema = {"type": "integer", "default": default, "minimum": low, "maximum": high}
    return Parameter(name, text, schema)


def choice(name: str, text: str, *values: str) -> Parameter:
    """One of `values`; the first is the default."""
    schema = {"type": "string", "enum": list(values), "default": values[0]}
    return Parameter(name, text, schema)


def word(name: str, text: str, default: str = "") -> Parameter:
    """Any text."""
    schema = {"type": "string", "default": default} if default else {"type": "string"}
    return Parameter(name, text, schema)


def asks(*parameters: Parameter) -> Callable[[Handler], Handler]:
    """Say which query parameters a handler looks at."""

    def mark(handler: Handler) -> Handler:
        vars(handler)["parameters"] = parameters
        return handler

    return mark


def parameters_of(handler: Callable[..., Any]) -> tuple[Parameter, ...]:
    found: tuple[Parameter, ...] = getattr(handler, "parameters", ())
    return found
