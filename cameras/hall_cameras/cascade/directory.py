"""What one upper platform is shown: a tree of ids, and how it is written in a catalogue. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

import msgspec

from hall_cameras.cascade.manscdp import Child, Version, element

Kind: TypeAlias = Literal["system", "region", "group", "hall", "camera"]
Change: TypeAlias = Literal["ON", "OFF", "ADD", "DEL", "UPDATE"]

ITEMS_MAX = 8  # of one packet
MAKER = "Hall"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the catalogue. A region's id has 2 to 8 digits, all others have 20."""

    id: str
    kind: Kind
    name: str
    parent: str = ""
    civil: str = ""  # administrative region, 2, 4 or 6 digits
    grassroots: str = ""  # township and village, 6 digits
    group: str = ""  # the business group it is in
    subject: str = ""  # our own id of the hall or camera
    online: bool = True
    manufacturer: str = ""
    model: str = ""
    address: str = ""
    ptz: bool = False
    streams: int = 1  # how many it offers


class Directory:
    """All nodes in the order of the standard: the system, regions, the group, halls, cameras."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes: tuple[Node, ...] = tuple(nodes)
        self._by_id = {node.id: node for node in self.nodes}

    def get(self, id_: str) -> Node | None:
        return self._by_id.get(id_)

    def camera(self, id_: str) -> Node | None:
        node = self._by_id.get(id_)
        return node if node is not None and node.kind == "camera" else None

    def below(self, id_: str) -> tuple[Node, ...]:
        """The node and what belongs to it; all for the system; none for an id that is not here."""
        root = self._by_id.get(id_)
        if root is None:
            return ()
        if root.kind == "system":
            return self.nodes
        if root.kind == "region":
            return tuple(node for node in self.nodes if node.civil.startswith(id_))
        if root.kind == "group":
            return tuple(node for node in self.nodes if id_ in (node.id, node.group))
        return tuple(node for node in self.nodes if id_ in (node.id, node.parent))

    def changes(self, old: Directory) -> list[tuple[Change, Node]]:
        """What is to be told to whoever knows `old`."""
        found: list[tuple[Change, Node]] = []
        for node in old.nodes:
            if node.id not in self._by_id:
                found.append(("DEL", node))
        for node in self.nodes:
            before = old.get(node.id)
            if before is None:
                found.append(("ADD", node))
            elif before.online != node.online:
                found.append(("ON" if node.online else "OFF", node))
            elif before != node:
                found.append(("UPDATE", node))
        return found


def item(node: Node, version: Version) -> list[Child]:
    """A node's lines of a catalogue."""
    lines: list[Child] = [("DeviceID", node.id), ("Name", node.name)]
    if node.kind == "region":
        return lines
    if node.kind in ("group", "hall"):
        if node.civil:
            lines.append(("CivilCode", node.civil))
        if node.parent:
            lines.append(("ParentID", node.parent))
        if node.group:
            lines.append(("BusinessGroupID", node.group))
        return lines
    maker = node.manufacturer or MAKER
    lines += [("Manufacturer", maker), ("Model", node.model or node.kind)]
    if version == "2016":
        lines.append(("Owner", maker))
    lines += [("CivilCode", node.civil), ("Address", node.address or node.name)]
    lines.append(("Parental", 1 if node.kind == "system" else 0))
    if node.parent:
        lines.append(("ParentID", node.parent))
    if version == "2016":
        lines.append(("SafetyWay", 0))
    lines.append(("RegisterWay", 1))
    if version == "2016":
        lines += [("CertNum", ""), ("Certifiable", 0), ("ErrCode", 0), ("EndTime", "")]
    lines += [("Secrecy", 0), ("Status", "ON" if node.online else "OFF")]
    if node.group:
        lines.append(("BusinessGroupID", node.group))
    if node.kind == "camera":
        info: list[Child] = [("PTZType", 1 if node.ptz else 3), ("RoomType", 2)]
        if version == "2022":
            info.append(("StreamNumberList", "0/1" if node.streams > 1 else "0"))
            if node.grassroots:
                info.append(("GrassrootsCode", node.grassroots))
        lines.append(("Info", info))
    return lines


def batches(
    items: Iterable[list[Child]], version: Version, bytes_max: int
) -> Iterator[list[Child]]:
    """Items in packets: at most ITEMS_MAX, and no more bytes than a datagram holds (but one)."""
    batch: list[Child] = []
    size = 0
    for lines in items:
        child: Child = ("Item", lines)
        length = len(element(child, version))
        if batch and (len(batch) >= ITEMS_MAX or size + length > bytes_max):
            yield batch
            batch, size = [], 0
        batch.append(child)
        size += length
    if batch:
        yield batch


def catalogue(nodes: Sequence[Node], version: Version, bytes_max: int) -> Iterator[list[Child]]:
    """The bodies' children of a catalogue's packets, made one at a time as they are sent."""
    total: Child = ("SumNum", len(nodes))
    if not nodes:
        yield [total, ('DeviceList Num="0"', [])]
    for batch in batches((item(node, version) for node in nodes), version, bytes_max):
        yield [total, (f'DeviceList Num="{len(batch)}"', batch)]


def notices(
    changes: Iterable[tuple[Change, Node]], version: Version, bytes_max: int
) -> Iterator[list[Child]]:
    """The same for changes that a subscriber is told."""

    def lines(change: Change, node: Node) -> list[Child]:
        told = item(node, version) if change in ("ADD", "UPDATE") else [("DeviceID", node.id)]
        return [*told, ("Event", change)]

    for batch in batches((lines(*entry) for entry in changes), version, bytes_max):
        yield [("SumNum", len(batch)), (f'DeviceList Num="{len(batch)}"', batch)]
