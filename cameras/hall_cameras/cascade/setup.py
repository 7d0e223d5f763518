"""How an upper platform is set up, as it is stored and edited. The password lies beside it."""

from __future__ import annotations

import msgspec

from hall_cameras.cascade.ids import is_id
from hall_cameras.cascade.manscdp import Version
from hall_cameras.cascade.upper import Upper
from hall_core.errors import FieldError, Invalid

DEVICE_TYPES = ("111", "118", "200", "203", "208")
"""What we may say that we are: a recorder, or a platform."""


class PlatformSetup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An upper platform. `halls` are what it may see, but for the cameras `withheld`: those that
    a recorder cascades to it already, which would appear twice."""

    name: str
    server_id: str
    server_domain: str = ""  # the first ten digits of server_id, unless told
    host: str
    port: int = 5060
    transport: str = "udp"
    device_id: str
    device_name: str = "政务服务大厅"
    username: str = ""  # device_id, unless told
    version: Version = "2022"
    expires_s: int = 86_400
    keepalive_s: int = 60
    local_port: int = 5060
    sessions_max: int = 16
    ptz: bool = False
    enabled: bool = True
    halls: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()

    def upper(self, password: str) -> Upper:
        return Upper(
            name=self.name,
            server_id=self.server_id,
            server_domain=self.server_domain or self.server_id[:10],
            host=self.host,
            port=self.port,
            transport="tcp" if self.transport == "tcp" else "udp",
            device_id=self.device_id,
            device_domain=self.device_id[:10],
            username=self.username or self.device_id,
            password=password,
            version=self.version,
            expires_s=self.expires_s,
            keepalive_s=self.keepalive_s,
            local_port=self.local_port,
            sessions_max=self.sessions_max,
            ptz=self.ptz,
        )


_PORT = (1, 65_535, "端口应在 1 到 65535 之间。", "The port is a number from 1 to 65535.")
_RANGES = {
    "port": _PORT,
    "local_port": _PORT,
    "expires_s": (
        3600,
        604_800,
        "注册有效期应在 3600 到 604800 秒之间。",
        "A registration lasts 3600 to 604800 seconds.",
    ),
    "keepalive_s": (
        10,
        600,
        "心跳间隔应在 10 到 600 秒之间。",
        "A keepalive goes every 10 to 600 seconds.",
    ),
    "sessions_max": (
        1,
        64,
        "同时观看路数应在 1 到 64 之间。",
        "From 1 to 64 pictures can be watched at once.",
    ),
}


def check(setup: PlatformSetup) -> None:
    """Raises Invalid, naming every field that is wrong."""
    wrong: list[FieldError] = []

    def need(good: bool, field: str, detail: str, english: str) -> None:
        if not good:
            wrong.append(FieldError(field, detail, english))

    need(
        0 < len(setup.name.strip()) <= 60,
        "name",
        "请填写平台名称，不超过 60 个字。",
        "Please enter a name of at most 60 characters.",
    )
    need(
        is_id(setup.server_id),
        "server_id",
        "平台编码应为 20 位数字。",
        "The platform's id has 20 digits.",
    )
    need(is_id(setup.device_id), "device_id", "本级编码应为 20 位数字。", "Our id has 20 digits.")
    if is_id(setup.device_id):
        good = setup.device_id[10:13] in DEVICE_TYPES
        need(
            good,
            "device_id",
            f"本级编码第 11 至 13 位应为 {'、'.join(DEVICE_TYPES)} 之一。",
            f"Digits 11 to 13 of our id are one of: {', '.join(DEVICE_TYPES)}.",
        )
    need(
        _plain(setup.host, 1, 255),
        "host",
        "请填写平台的 IP 地址或域名。",
        "Please enter the platform's IP address or host name.",
    )
    need(
        _plain(setup.server_domain, 0, 255),
        "server_domain",
        "SIP 域里不能有空格或符号。",
        "The SIP domain cannot have spaces or signs in it.",
    )
    need(
        _plain(setup.username, 0, 64),
        "username",
        "用户名里不能有空格或引号。",
        "The user name cannot have spaces or quotes in it.",
    )
    need(
        0 < len(setup.device_name.strip()) <= 60,
        "device_name",
        "请填写本级名称。",
        "Please enter our name, at most 60 characters.",
    )
    need(
        setup.transport in ("udp", "tcp"),
        "transport",
        "传输方式应为 udp 或 tcp。",
        "Signalling goes over udp or tcp.",
    )
    for field, (low, high, detail, english) in _RANGES.items():
        need(low <= getattr(setup, field) <= high, field, detail, english)
    need(len(setup.halls) <= 2000, "halls", "大厅太多。", "These are too many halls.")
    need(len(setup.withheld) <= 20_000, "withheld", "摄像机太多。", "These are too many cameras.")
    if wrong:
        raise Invalid("invalid", wrong[0].message, tuple(wrong))


def _plain(text: str, least: int, most: int) -> bool:
    return least <= len(text) <= most and all(c.isalnum() or c in ".-_@" for c in text)
