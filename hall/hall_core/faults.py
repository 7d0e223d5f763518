"""What is wrong with devices: one rule for screens, kiosks and everything an agent drives.

A device says what is wrong with it, or that all is well, as often as it likes; there is one open
alert of kind `device_fault` while a fault lasts. A fault belongs to a place of the device: a screen
of a PC that has several, a part of an agent; "" is the device itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from hall_core.errors import invalid
from hall_core.events import ENDED_ALERTS, AlertChanged, AlertRaised, Event, Recorded
from hall_core.features import Audience, Command, Context, Feature, Part

# name -> what happened and what to do, for people at desks: in Chinese, in English
FAULTS: dict[str, tuple[str, str]] = {
    "autoplay_blocked": (
        "浏览器阻止了声音，请在屏幕上点击一次",
        "The browser blocks sound: touch the screen once",
    ),
    "no_voice": (
        "没有可用的语音，请安装语音或录音文件",
        "No voice: install one, or recorded clips",
    ),
    "lost": (
        "与服务器失去联系，请检查电脑是否开机、网线是否插好",
        "No contact with the server: is the PC on, the cable in?",
    ),
    "crashed": (
        "驱动程序出错，正在重试；如一直如此请联系管理员",
        "The driver failed and is tried again",
    ),
    "unreachable": (
        "连接不上设备，请检查电源和连接线",
        "The device can't be reached: check power and cable",
    ),
    "offline": (
        "设备脱机，请检查电源、上盖和指示灯",
        "The device is offline: check power, cover and lights",
    ),
    "paper_near_end": (
        "打印纸快用完了，请准备换纸",
        "The paper runs low",
    ),
    "paper_out": (
        "打印机缺纸，请换纸",
        "Out of paper",
    ),
    "cover_open": (
        "打印机上盖没有合好",
        "The printer's cover is open",
    ),
    "device_error": (
        "设备报告故障，请重新开机；如一直如此请报修",
        "The device reports an error: switch it off and on",
    ),
    "no_answer": (
        "设备没有应答，请检查电源和连接线",
        "The device does not answer: check power and cable",
    ),
    "garbage": (
        "设备发来无法识别的数据，请检查接线、波特率和型号设置",
        "The device sends nonsense: check wiring, speed and model",
    ),
    "backup_failed": (
        "备份没有成功，请检查备份文件夹和磁盘空间",
        "The backup failed: check its folder and the disk's space",
    ),
    "disk_low": (
        "磁盘空间快用完了，请清理或更换磁盘",
        "The disk is nearly full: free some space",
    ),
    "bad_setting": (
        "设备设置不正确，请联系管理员",
        "A setting of the device is wrong",
    ),
}
PLACE = re.compile(r"[0-9A-Za-z_]{0,20}")


class DeviceFault(msgspec.Struct, frozen=True):
    """A fault that a device reported, with its open alert."""

    fault: str
    alert_id: str
    since: datetime


class FaultsState(msgspec.Struct, kw_only=True):
    faults: dict[str, DeviceFault] = {}  # by "device-place"


class ReportDevice(Command, frozen=True):
    """A device says what is wrong with a place of it, or (None) that all is well."""

    device_id: str
    name: str  # of the device, for people
    fault: str | None
    window: int | None = None
    place: str = ""
    place_name: tuple[str, str] | None = None  # for people: 屏幕2, screen 2
    name_en: str = ""  # "": as `name`
    detail: str = ""  # technical, for who repairs; nothing about people


def decide_report(state: FaultsState, command: ReportDevice, context: Context) -> list[Event]:
    """One alert while a fault lasts, however often it is reported."""
    if not PLACE.fullmatch(command.place):
        raise invalid("screen", "应为最多 20 个字母、数字或下划线。")
    if command.fault is not None and command.fault not in FAULTS:
        raise invalid("fault", "没有这种故障。")
    where = f"{command.device_id}-{command.place}"
    known = state.faults.get(where)
    if known is not None and known.fault == command.fault:
        return []
    events: list[Event] = []
    if known is not None:
        events.append(AlertChanged(alert_id=known.alert_id, state="closed", level="hall"))
    if command.fault is not None:
        zh, en = FAULTS[command.fault]
        place, place_en = command.place_name or ("", "")
        name, said = command.name, command.detail[:80]
        name_en = command.name_en or name
        events.append(
            AlertRaised(
                alert_id=f"{command.fault}-{where}-{context.version}",
                kind="device_fault",
                level="hall",
                window=command.window,
                device_id=command.device_id,
                detail=f"{name}{place and f'（{place}）'}：{zh}{said and f'（{said}）'}",
                detail_en=f"{name_en}{place_en and f' ({place_en})'}: {en}{said and f' ({said})'}",
            )
        )
    return events


def fault_of(alert_id: str) -> tuple[str, str] | None:
    """("device-place", fault) of an alert that a report raised; None for other alerts."""
    found = re.fullmatch(r"([a-z_]+)-([^-]+-[0-9A-Za-z_]*)-\d+", alert_id)
    if found is None or found[1] not in FAULTS:
        return None
    return found[2], found[1]


class DevicesFeature(Feature):
    """The slice of devices: what is wrong with which.

    The part `device_faults` is for every audience but pads: a kiosk must know that its printer is
    out of paper before the next person presses. Entries are
    `{"where","device_id","place","fault","since"}`, gone: `{"where","removed":true}`.
    """

    name = "devices"
    state_type = FaultsState
    listens = frozenset({AlertRaised, AlertChanged})

    def commands(self) -> dict[type[Command], Callable[[Any, Any, Context], list[Event]]]:
        return {ReportDevice: decide_report}

    def apply(self, state: FaultsState, record: Recorded) -> None:
        event = record.event
        if isinstance(event, AlertRaised):
            reported = fault_of(event.alert_id) if event.kind == "device_fault" else None
            if reported is not None:
                where, fault = reported
                state.faults[where] = DeviceFault(fault, event.alert_id, record.at)
        elif isinstance(event, AlertChanged) and event.state in ENDED_ALERTS:
            # Mended, or a person said so.
            reported = fault_of(event.alert_id)
            if reported is not None:
                known = state.faults.get(reported[0])
                if known is not None and known.alert_id == event.alert_id:
                    del state.faults[reported[0]]

    def touched(self, state: FaultsState, record: Recorded) -> Iterable[Part]:
        event = record.event
        if isinstance(event, AlertRaised | AlertChanged):
            reported = fault_of(event.alert_id)
            if reported is not None:
                yield ("device_faults", reported[0])

    def parts(self) -> Sequence[str]:
        return ("device_faults",)

    def render(self, state: FaultsState, part: Part, audience: Audience) -> Any:
        if audience.kind == "pad":
            return None
        where = part[1]
        if where is None:
            return [fault_view(key, fault) for key, fault in state.faults.items()]
        fault = state.faults.get(where)
        return {"where": where, "removed": True} if fault is None else fault_view(where, fault)


def fault_view(where: str, fault: DeviceFault) -> dict[str, Any]:
    device_id, _, place = where.partition("-")
    return {
        "where": where,
        "device_id": device_id,
        "place": place,
        "fault": fault.fault,
        "since": fault.since,
    }
