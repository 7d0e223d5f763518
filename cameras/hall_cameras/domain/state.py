"""What a hall knows of its cameras, and the words for it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from hall_core.events import CameraFault, CameraLinkState, CameraTime
from hall_core.setup import CameraSettings, CameraZone, Session

Trouble: TypeAlias = Literal[
    "offline", "stalled", "refused", "black", "frozen", "blurred", "covered", "moved",
    "clock_wrong", "wrong_resolution",
]  # fmt: skip
"""What a person is alerted to; the alert's kind is `camera_` and this."""

TROUBLES: dict[Trouble, tuple[str, str]] = {
    "offline": ("离线", "offline"),
    "stalled": ("已连接但没有画面", "connected, but no picture comes"),
    "refused": (
        "用户名或密码不被接受，已停止尝试；请更正后重试",
        "refuses the user name or password and is tried no more; correct them and try again",
    ),
    "black": ("画面全黑", "the picture is black"),
    "frozen": ("画面静止不变", "the picture stands still"),
    "blurred": ("画面模糊", "the picture is blurred"),
    "covered": ("镜头被遮挡", "the lens is covered"),
    "moved": ("镜头被移动", "the camera was moved"),
    "clock_wrong": ("时钟不准", "the clock is wrong"),
    "wrong_resolution": ("画面尺寸与设定不符", "the picture has another size than was set"),
}
"""What it is called, in Chinese and in English."""

PICTURE_FAULTS: frozenset[CameraFault] = frozenset(
    {"black", "frozen", "blurred", "covered", "moved"}
)
"""Those that make a picture no good one; a wrong clock or size does not."""

WHY: dict[str, str] = {
    "": "",
    "new": "刚添加，尚未连接",
    "connecting": "正在连接",
    "no_worker": "没有可用的视频工作进程",
    "worker_crash": "连接它会使工作进程崩溃，过一会儿再试",
    "bad_password": "用户名或密码不被接受",
    "locked": "摄像机因多次失败的登录而锁定",
    "no_route": "网络不通",
    "refused_connection": "地址上没有服务",
    "timeout": "没有应答",
    "bad_answer": "应答无法解读",
    "bad_address": "地址不正确",
    "no_profile": "没有可用的视频流配置",
    "not_found": "地址上没有这路视频",
    "not_supported": "摄像机不支持所需的 ONVIF 功能；可填写 RTSP 地址",
    "no_video": "有连接但没有视频数据",
    "no_picture": "视频数据中没有可解码的画面",
    "ended": "摄像机结束了视频流",
    "off": "已停用",
}
"""Why a camera is in its state: the codes that a worker may give, and what they mean."""

OFFLINE_S = 30.0
"""How long a camera may be off or stalled before somebody is told: a reboot takes less."""


class Alarm(msgspec.Struct, kw_only=True):
    """One trouble of a camera while it lasts. `alert_id` None: nobody was told yet."""

    since: datetime
    alert_id: str | None = None
    settled: bool = False  # a person ended the alert; it is not raised again while this lasts
    evidence: tuple[str, ...] = ()


class Camera(msgspec.Struct, kw_only=True):
    camera_id: str
    name: str
    group: str
    settings: CameraSettings
    state: CameraLinkState
    why: str
    since: datetime  # of the state
    faults: tuple[CameraFault, ...] = ()
    width: int = 0
    height: int = 0
    fps: float = 0.0
    codec: str = ""
    zones: tuple[CameraZone, ...] = ()
    presence: dict[int, bool] = {}  # by window, where it can be told
    alarms: dict[Trouble, Alarm] = {}
    counted_at: datetime
    today: CameraTime = CameraTime()


class Wanted(msgspec.Struct, kw_only=True):
    """Pictures of a window that an alert about it should have: of now and before it, or of how
    it ended."""

    alert_id: str
    window: int
    at: datetime
    ended: bool = False


class CamerasState(msgspec.Struct, kw_only=True):
    cameras: dict[str, Camera] = {}
    week: dict[int, tuple[Session, ...]] = {}  # the hall's sessions
    day: str = ""
    last_day: str = ""  # the one before, whose figures are made when `day` begins
    windows: tuple[int, ...] = ()  # the numbers that zones may name
    suspected: dict[str, int] = {}  # alerts about windows that seem left -> window
    wanted: list[Wanted] = []


def troubles_of(state: CameraLinkState, faults: tuple[CameraFault, ...]) -> tuple[Trouble, ...]:
    """What is wrong with a camera in this state."""
    if state == "online":
        return faults
    if state == "unreachable":
        return ("offline",)
    if state == "stalled":
        return ("stalled",)
    return ("refused",) if state == "refused" else ()
