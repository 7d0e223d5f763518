"""From halls and their cameras to the tree that an upper platform is shown. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from hall_cameras.cascade.directory import Directory, Node
from hall_cameras.cascade.ids import Allotted

GROUP = "group"  # the subject of the one business group
GROUP_NAME = "政务服务大厅"


class SharedCamera(msgspec.Struct, frozen=True, kw_only=True):
    camera_id: str
    name: str
    online: bool
    manufacturer: str = ""
    model: str = ""
    ptz: bool = False
    streams: int = 1


class SharedHall(msgspec.Struct, frozen=True, kw_only=True):
    hall_id: str
    name: str
    region: str  # 12-digit statistical code
    cameras: tuple[SharedCamera, ...]


def subjects(halls: Iterable[SharedHall]) -> list[tuple[Allotted, str]]:
    """(kind, subject) of everything that needs an id of its own, in the order of allotment."""
    found: list[tuple[Allotted, str]] = [("group", GROUP)]
    for hall in halls:
        found.append(("hall", hall.hall_id))
        found += [("camera", camera.camera_id) for camera in hall.cameras]
    return found


def civil_code(region: str) -> str:
    """The administrative region of at most six digits: 2 province, 4 city, 6 district."""
    code = region[:6] if region[:6].isdigit() and len(region) >= 6 else ""
    while code.endswith("00") and len(code) > 2:
        code = code[:-2]
    return "" if code == "00" else code


def build(
    device_id: str,
    name: str,
    halls: Sequence[SharedHall],
    regions: Mapping[str, str],
    id_of: Callable[[str, str], str | None],
) -> Directory:
    """All nodes in the standard's order. What has no id yet is left out.

    Args:
        regions: 12-digit code -> name.
    """
    codes = sorted({civil_code(hall.region) for hall in halls} - {""})
    home = device_id[:6]
    civil = codes[0] if codes else home
    nodes = [Node(id=device_id, kind="system", name=name, civil=civil)]
    group = id_of("group", GROUP)
    for code in sorted({code[:length] for code in codes for length in (2, 4, 6)}):
        region = regions.get(code.ljust(12, "0"))
        if region is not None:
            nodes.append(Node(id=code, kind="region", name=region, civil=code))
    if group is None:
        return Directory(nodes)
    nodes.append(Node(id=group, kind="group", name=GROUP_NAME, parent=device_id, civil=civil))
    cameras: list[Node] = []
    for hall in halls:
        hall_node = id_of("hall", hall.hall_id)
        if hall_node is None:
            continue
        code = civil_code(hall.region) or home
        nodes.append(
            Node(
                id=hall_node, kind="hall", name=hall.name, civil=code, group=group,
                subject=hall.hall_id,
            )
        )  # fmt: skip
        grassroots = hall.region[6:12] if hall.region[6:12].strip("0") else ""
        for camera in hall.cameras:
            id_ = id_of("camera", camera.camera_id)
            if id_ is not None:
                cameras.append(
                    Node(
                        id=id_,
                        kind="camera",
                        name=camera.name,
                        parent=hall_node,
                        civil=code,
                        grassroots=grassroots,
                        group=group,
                        subject=camera.camera_id,
                        online=camera.online,
                        manufacturer=camera.manufacturer,
                        model=camera.model,
                        address=hall.name,
                        ptz=camera.ptz,
                        streams=camera.streams,
                    )
                )
    return Directory([*nodes, *cameras])
