"""Answers to what an upper platform asks and orders with MESSAGE. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from hall_cameras.cascade import directory as catalogue
from hall_cameras.cascade import manscdp, ptz
from hall_cameras.cascade.alarms import Notice
from hall_cameras.cascade.directory import MAKER, Directory, Node
from hall_cameras.cascade.manscdp import Body, Child
from hall_cameras.cascade.upper import Effect, Turn, Upper

ANSWERED_CONTROLS = ("RecordCmd", "GuardCmd", "AlarmCmd", "HomePosition")
"""Orders that want an answer; none of them can be carried out here."""


class Reply(NamedTuple):
    """A status for the MESSAGE, bodies that follow as MESSAGEs of ours, and what is to be done."""

    status: int
    bodies: Iterator[bytes] = iter(())
    effects: tuple[Effect, ...] = ()


def reply(body: Body, upper: Upper, shown: Directory, local: datetime, bytes_max: int) -> Reply:
    """`local` is the time of day that the platform lives in."""
    if body.root == "Query":
        return _query(body, upper, shown, local, bytes_max)
    if body.root == "Control":
        return _control(body, upper, shown)
    return Reply(200)  # a Response to our alarms, or a Notify that is not for us


def _answer(body: Body, upper: Upper, children: list[Child]) -> bytes:
    return manscdp.write("Response", body.command, body.sn, body.device, children, upper.version)


def _query(body: Body, upper: Upper, shown: Directory, local: datetime, bytes_max: int) -> Reply:
    if body.command == "Catalog":
        nodes = shown.below(body.device)
        if not nodes:
            return Reply(404)
        packets = catalogue.catalogue(nodes, upper.version, bytes_max)
        return Reply(200, (_answer(body, upper, children) for children in packets))
    node = shown.get(body.device)
    if node is None:
        return Reply(404)
    children: list[Child]
    if body.command == "DeviceInfo":
        children = _info(node, upper, shown)
    elif body.command == "DeviceStatus":
        children = _status(node, local)
    elif body.command == "RecordInfo":
        # Evidence is kept as pictures. There is no recording that could be played back.
        children = [("Name", node.name), ("SumNum", 0), ('RecordList Num="0"', [])]
    elif body.command == "PresetQuery":
        children = [("SumNum", 0), ('PresetList Num="0"', [])]
    else:
        children = [("Result", "ERROR")]
    return Reply(200, iter((_answer(body, upper, children),)))


def _info(node: Node, upper: Upper, shown: Directory) -> list[Child]:
    cameras = sum(1 for other in shown.below(node.id) if other.kind == "camera")
    return [
        ("DeviceName", node.name),
        ("Result", "OK"),
        ("Manufacturer", node.manufacturer or MAKER),
        ("Model", node.model or node.kind),
        ("Firmware", "1.0"),
        ("Channel", cameras),
    ]


def _status(node: Node, local: datetime) -> list[Child]:
    return [
        ("Result", "OK"),
        ("Online", "ONLINE" if node.online else "OFFLINE"),
        ("Status", "OK" if node.online else "ERROR"),
        ("Encode", "ON" if node.online else "OFF"),
        ("Record", "OFF"),
        ("DeviceTime", local.strftime("%Y-%m-%dT%H:%M:%S")),
        ('Alarmstatus Num="0"', []),
    ]


def _control(body: Body, upper: Upper, shown: Directory) -> Reply:
    if body.command != "DeviceControl":
        return Reply(200, iter((_answer(body, upper, [("Result", "ERROR")]),)))
    if "PTZCmd" in body.fields:
        return _turn(body, upper, shown)
    if shown.get(body.device) is None:
        return Reply(404)
    if any(name in body.fields for name in ANSWERED_CONTROLS):
        return Reply(200, iter((_answer(body, upper, [("Result", "ERROR")]),)))
    # A key frame (IFameCmd, IFrameCmd) comes of itself; restarting is not for others to order.
    return Reply(403 if "TeleBoot" in body.fields else 200)


def _turn(body: Body, upper: Upper, shown: Directory) -> Reply:
    camera = shown.camera(body.device)
    if camera is None:
        return Reply(404)
    if not upper.ptz:
        return Reply(403)
    try:
        wanted = ptz.motion(body.fields["PTZCmd"])
    except ValueError:
        return Reply(400)
    if wanted is None:
        return Reply(200)
    return Reply(200, effects=(Turn(camera.id, *wanted),))


def alarm(upper: Upper, sn: int, device: str, local: datetime, notice: Notice) -> bytes:
    """An alarm notice; `local` is when it was raised, as the platform's clocks show it."""
    children: list[Child] = [
        ("AlarmPriority", notice.priority),
        ("AlarmMethod", notice.method),
        ("AlarmTime", local.strftime("%Y-%m-%dT%H:%M:%S")),
        ("AlarmDescription", notice.text[:200]),
    ]
    if notice.kind:
        children.append(("Info", [("AlarmType", notice.kind)]))
    return manscdp.write("Notify", "Alarm", sn, device, children, upper.version)
