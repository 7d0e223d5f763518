"""Pairing an agent once: a short code in exchange for a token of its own."""

from __future__ import annotations

import aiohttp
import msgspec

from hall_core.agent.config import ConfigError


async def pair(server: str, code: str) -> str:
    """The token that `code` gives.

    Raises:
        ConfigError: the server can't be reached, refuses the code, or it pairs something else.
    """
    timeout = aiohttp.ClientTimeout(total=15)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(f"{server}/api/v1/pair", json={"code": code}) as response,
        ):
            document = msgspec.json.decode(await response.read())
            cookies = {name: morsel.value for name, morsel in response.cookies.items()}
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        why = getattr(error, "os_error", error)  # what lies below aiohttp's
        raise ConfigError(
            f"{server} can't be reached ({why or 'no answer'}); check the cable and the address"
        ) from None
    except msgspec.DecodeError:
        raise ConfigError(f"{server} is no hall server; check the address") from None
    if response.status >= 400:
        raise ConfigError(f"{document.get('detail', response.status)}")
    if document["kind"] != "agent":
        raise ConfigError(
            f"this code was for a {document['kind']} and is used up; make one of kind 外设程序"
        )
    return next(iter(cookies.values()))
