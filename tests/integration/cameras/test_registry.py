"""Cameras over HTTP: adding, editing, who may, and that a password is nowhere to be read."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import pytest_asyncio

from hall_app.check import check_directory
from hall_app.server import cameras_of
from hall_cameras.retention import Retention
from hall_core.clock import millis
from hall_core.errors import Conflict
from hall_core.secret import Secret
from tests.support import HALL, Client, HallServer, hall_server

PASSWORD = "p@:/#geheim"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HallServer]:
    """A server whose own worker never starts: nobody watches."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("hall_cameras.supervisor.Supervisor.wanted", lambda self: None)
        patched.setattr("hall_cameras.workers.ASK_S", 0.2)
        async with hall_server(tmp_path_factory.mktemp("hall")) as server:
            yield server


@pytest_asyncio.fixture(loop_scope="module")
async def server(running: HallServer) -> AsyncIterator[HallServer]:
    """The same, without cameras."""
    yield running
    manager = await running.client("admin")
    for entry in (await manager.get(f"/halls/{HALL}/cameras")).body:
        removed = await manager.request("DELETE", f"/cameras/{entry['camera_id']}")
        assert removed.status == 200


def camera(name: str = "大厅一号", **more: Any) -> dict[str, Any]:
    body = {"name": name, "onvif": None, "rtsp": "rtsp://127.0.0.1:1/sub",
            "username": "admin", "password": PASSWORD}  # fmt: skip
    return {**body, **more}


async def added(manager: Client, **more: Any) -> str:
    answer = await manager.post(f"/halls/{HALL}/cameras", camera(**more))
    assert answer.status == 201, answer
    camera_id: str = answer.body["camera_id"]
    return camera_id


async def test_a_camera_is_added_listed_edited_and_removed(server: HallServer) -> None:
    manager = await server.client("admin")
    camera_id = await added(manager, onvif="10.0.0.9:8080")
    (listed,) = (await manager.get(f"/halls/{HALL}/cameras")).body
    assert listed["camera_id"] == camera_id
    assert (listed["state"], listed["faults"], listed["why"]) == ("unreachable", [], "new")
    assert listed["group"] == "10.0.0.9:8080"
    edited = await manager.request("PUT", f"/cameras/{camera_id}", {
        "name": "东门", "rtsp": "rtsp://u:x@10.0.0.7/a", "settings": {"black_mean": 10},
    })  # fmt: skip
    assert edited.status == 200
    assert (edited.body["name"], edited.body["settings"]["black_mean"]) == ("东门", 10)
    one = (await manager.get(f"/cameras/{camera_id}")).body
    assert (one["rtsp"], one["username"]) == ("rtsp://10.0.0.7/a", "u")
    assert (await manager.request("DELETE", f"/cameras/{camera_id}")).status == 200
    assert (await manager.get(f"/halls/{HALL}/cameras")).body == []
    assert (await manager.get(f"/cameras/{camera_id}")).status == 404
    assert check_directory(server.directory) == []


async def test_the_password_is_in_no_answer_no_table_and_no_log(
    server: HallServer, capfd: pytest.CaptureFixture[str]
) -> None:
    manager = await server.client("admin")
    camera_id = await added(manager, onvif="127.0.0.1:1")
    url = "rtsp://admin:" + PASSWORD + "@127.0.0.1:1/sub"
    await manager.request("PUT", f"/cameras/{camera_id}", {"rtsp": url})
    await manager.post(f"/halls/{HALL}/cameras", camera(rtsp=url, name=""))  # refused
    read = [
        await manager.get(path)
        for path in (
            f"/halls/{HALL}/cameras", f"/cameras/{camera_id}", f"/halls/{HALL}/snapshot",
            f"/halls/{HALL}/events?limit=2000",
        )
    ]  # fmt: skip
    for answer in read:
        assert answer.status == 200
        assert "geheim" not in answer.raw.decode()
    for file in server.directory.glob("*.sqlite*"):
        assert b"geheim" not in file.read_bytes(), file
    out, err = capfd.readouterr()
    assert "geheim" not in out + err
    record = cameras_of(server.kernel).records.get(camera_id)
    assert record is not None
    assert record.credentials.password == PASSWORD
    assert "geheim" not in repr(record)


async def test_what_was_kept_is_there_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hall_cameras.supervisor.Supervisor.wanted", lambda self: None)
    async with hall_server(tmp_path) as first:
        camera_id = await added(await first.client("admin"))
    async with hall_server(tmp_path) as second:
        record = cameras_of(second.kernel).records.get(camera_id)
        assert record is not None
        assert record.credentials.password == PASSWORD
        assert cameras_of(second.kernel).workers.leases.leases.keys() == {camera_id}
    (tmp_path / "secret.key").unlink()  # somebody copied the database into another installation
    Secret.make(tmp_path / "secret.key")
    async with hall_server(tmp_path) as third:
        record = cameras_of(third.kernel).records.get(camera_id)
        assert record is not None
        assert record.credentials.password == ""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (camera(rtsp=None), "onvif"),
        (camera(rtsp="http://x/"), "rtsp"),
        (camera(onvif="a b"), "onvif"),
        (camera(name=" "), "name"),
        (camera(name="x" * 61), "name"),
        (camera(settings={"lasts_s": 0}), "settings.lasts_s"),
        (camera(settings={"colour": 1}), "settings.colour"),
        (camera(password="x" * 129), "password"),
    ],
)
async def test_what_is_wrong_is_named(server: HallServer, body: dict[str, Any], field: str) -> None:
    manager = await server.client("admin")
    answer = await manager.post(f"/halls/{HALL}/cameras", body)
    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == field


async def test_a_list_is_imported_whole_or_not(server: HallServer) -> None:
    manager = await server.client("admin")
    table = "\ufeff名称,ONVIF地址,RTSP地址,用户名,密码\n一号,10.0.0.1,,admin,a\n二号,,rtsp://10.0.0.2/,,\n"
    answer = await manager.post(f"/halls/{HALL}/cameras/import", {"csv": table})
    assert answer.status == 201, answer
    assert [entry["name"] for entry in answer.body["cameras"]] == ["一号", "二号"]
    again = await manager.post(f"/halls/{HALL}/cameras/import", {"csv": table})
    assert again.body["errors"][0]["field"] == "rows[0].name"
    for bad in ("颜色\n红", "名称\n三号", "名称,ONVIF地址\n" + "x" * 200 + ",10.0.0.3"):
        refused = await manager.post(f"/halls/{HALL}/cameras/import", {"csv": bad})
        assert refused.status == 422, refused
    rows = [camera(f"N{n}", profile=f"ch{n}") for n in range(3)]  # the channels of a recorder
    assert (await manager.post(f"/halls/{HALL}/cameras/import", {"rows": rows})).status == 201
    assert len((await manager.get(f"/halls/{HALL}/cameras")).body) == 5


async def test_a_spreadsheet_is_imported_and_each_bad_row_named(server: HallServer) -> None:
    manager = await server.client("admin")

    async def sent(*rows: tuple[Any, ...]) -> Any:
        book = openpyxl.Workbook()
        for row in (("名称", "ONVIF地址", "RTSP地址", "用户名", "密码"), *rows):
            book.active.append(row)
        file = io.BytesIO()
        book.save(file)
        xlsx = base64.b64encode(file.getvalue()).decode()
        return await manager.post(f"/halls/{HALL}/cameras/import", {"xlsx": xlsx})

    refused = await sent(
        ("一号", "10.0.0.1"), (), ("二号", "a b"), ("三号",), ("四号", "10.0.0.4", "http://x"),
    )  # fmt: skip
    assert refused.status == 422
    assert [error["message"][:6] for error in refused.body["errors"]] == [
        "第 4 行：", "第 5 行：", "第 6 行："
    ]  # fmt: skip
    assert [error["message_en"] for error in refused.body["errors"]] == [
        "Row 4: The address is empty or too long, or has spaces or other signs in it.",
        "Row 5: Please give an ONVIF or an RTSP address.",
        "Row 6: An RTSP address begins with rtsp://.",
    ]
    refused = await sent(("一号", "10.0.0.1"), ("一号", "10.0.0.2"), ("x" * 61, "10.0.0.3"))
    assert [error["field"] for error in refused.body["errors"]] == ["rows[1].name", "rows[2].name"]
    assert (await sent(("", "10.0.0.1"))).body["errors"][0]["message"].startswith("第 2 行：")
    assert (await manager.get(f"/halls/{HALL}/cameras")).body == []
    done = await sent(("一号", "10.0.0.1", None, "admin", 123456.0), ("二号", None, "rtsp://h/2"))
    assert done.status == 201, done
    ids = [entry["camera_id"] for entry in done.body["cameras"]]
    record = cameras_of(server.kernel).records.get(ids[0])
    assert record is not None
    assert record.credentials.password == "123456", "a number to the spreadsheet"
    for junk in (b"PK\x03\x04 nothing", b"\xd0\xcf\x11\xe0 an old .xls"):
        body = {"xlsx": base64.b64encode(junk).decode()}
        answer = await manager.post(f"/halls/{HALL}/cameras/import", body)
        assert (answer.status, answer.body["errors"][0]["field"]) == (422, "xlsx")


async def test_zones(server: HallServer) -> None:
    manager = await server.client("admin")
    camera_id = await added(manager)
    zones = [{"window": 3, "polygon": [[0, 0], [0.5, 0], [0.5, 1]]}]
    answer = await manager.request("PUT", f"/cameras/{camera_id}/zones", zones)
    assert answer.body["zones"] == [{"window": 3, "polygon": [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]}]
    for bad in ([{**zones[0], "window": 999}], [{**zones[0], "polygon": [[0, 0], [2, 2], [1, 0]]}]):
        assert (await manager.request("PUT", f"/cameras/{camera_id}/zones", bad)).status == 422


async def test_who_may(server: HallServer) -> None:
    manager = await server.client("admin")
    camera_id = await added(manager)
    supervisor = await server.client("supervisor")
    assert len((await supervisor.get(f"/halls/{HALL}/cameras")).body) == 1
    assert (await supervisor.get(f"/cameras/{camera_id}")).status == 403
    assert (await supervisor.post(f"/halls/{HALL}/cameras", camera("x"))).status == 403
    command = f"/cameras/{camera_id}/commands"
    assert (await supervisor.post(command, {"command": "disable"})).status == 403
    assert (await supervisor.post(command, {"command": "move", "pan": 1})).status == 409
    for kind in ("display", "kiosk", "camera"):
        nobody = await server.client(kind)
        assert (await nobody.get(f"/halls/{HALL}/cameras")).status == 403
        assert (await nobody.get(f"/cameras/{camera_id}/snapshot.jpg")).status == 403
    async with server.stream("display") as screen:
        assert "cameras" not in screen.state
    async with server.stream("supervisor") as screen:
        assert [entry["camera_id"] for entry in screen.state["cameras"]] == [camera_id]


async def test_disabled_cameras_are_nobodys(server: HallServer) -> None:
    manager = await server.client("admin")
    camera_id = await added(manager)
    leases = cameras_of(server.kernel).workers.leases.leases
    assert camera_id in leases
    answer = await manager.post(f"/cameras/{camera_id}/commands", {"command": "disable"})
    assert answer.body["state"] == "disabled"
    assert camera_id not in leases
    answer = await manager.post(f"/cameras/{camera_id}/commands", {"command": "enable"})
    assert answer.body["state"] == "unreachable"
    assert camera_id in leases


async def test_the_same_key_adds_one_camera(server: HallServer) -> None:
    manager = await server.client("admin")
    answers = [await manager.post(f"/halls/{HALL}/cameras", camera(), key="k") for _ in range(2)]
    assert answers[0].body == answers[1].body
    assert len((await manager.get(f"/halls/{HALL}/cameras")).body) == 1


async def test_without_a_worker_it_says_so(server: HallServer) -> None:
    manager = await server.client("admin")
    camera_id = await added(manager)
    assert (await manager.get(f"/cameras/{camera_id}/snapshot.jpg")).code == "no_picture"
    found = await manager.get(f"/halls/{HALL}/cameras/discovery")
    assert (found.status, found.code) == (409, "camera_no_worker")
    with pytest.raises(Conflict):
        await cameras_of(server.kernel).workers.ask_holder(camera_id, None, int)  # type: ignore[arg-type]


async def test_figures_of_today(server: HallServer) -> None:
    manager = await server.client("admin")
    camera_id = await added(manager)
    (row,) = (await manager.get(f"/halls/{HALL}/camera-figures")).body["rows"]
    assert (row["key"], row["online_rate"]) == (camera_id, 0.0)
    city = (await manager.get("/camera-figures")).body
    assert city["rows"][0]["key"] == HALL
    assert (await manager.get(f"/halls/{HALL}/camera-figures?from=x")).status == 422


async def test_evidence_expires_and_its_disk_use_is_capped(server: HallServer) -> None:
    from hall_cameras import tables

    pictures = cameras_of(server.kernel).pictures
    now = datetime.now(UTC)
    for age_days in range(6):
        evidence_id = f"{age_days:024x}"
        pictures.keep(evidence_id, b"x" * 1000)
        taken = millis(now - timedelta(days=10 * age_days))
        row = (evidence_id, HALL, "c", "camera_black", taken, 1000, "null")
        await server.kernel.writer.write([(tables.camera_evidence, row)])
    supervisor = await server.client("supervisor")

    async def kept() -> list[int]:
        answers = [await supervisor.get(f"/evidence/{n:024x}.jpg") for n in range(6)]
        return [n for n, answer in enumerate(answers) if answer.status == 200]

    assert await kept() == [0, 1, 2, 3, 4, 5]
    retention = Retention(server.kernel, pictures, timedelta(days=35), disk_max=10_000)
    await retention.expire()
    assert await kept() == [0, 1, 2, 3]
    small = Retention(server.kernel, pictures, timedelta(days=35), disk_max=2_500)
    await small.expire()
    assert await kept() == [0, 1]
    left = [path.name for path in (server.directory / "media/cameras").rglob("*.jpg")]
    assert len(left) == 2
    auditor = await server.kernel.store.read(
        lambda c: c.exec_driver_sql("SELECT subject FROM audit WHERE action='evidence_removed'")
        .scalars().all()
    )  # fmt: skip
    assert list(auditor) == ["expired", "disk_full"]


NASTY: tuple[Any, ...] = (
    None, True, -1, 1.5, 10**30, "", "x" * 5000, "\u0000", "💥", "rtsp://@@@:::", "http://[::",
    [], [None], {}, {"a": {}}, ["x"] * 500, [{"window": 3, "polygon": [[1e308, 0]] * 9}], 1e308,
)  # fmt: skip
BODIES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "/halls/{hall}/cameras", camera("n", settings={})),
    ("POST", "/halls/{hall}/cameras/import", {"rows": [], "csv": "", "xlsx": ""}),
    ("POST", "/halls/{hall}/cameras/probe", {"onvif": "127.0.0.1:1", "password": ""}),
    ("PUT", "/cameras/{camera}", {**camera("m"), "group": "g", "settings": {}}),
    ("POST", "/cameras/{camera}/commands", {"command": "move", "pan": 0, "seconds": 1}),
    ("POST", "/cameras/{camera}/commands", {"command": "preset", "token": "1"}),
)


@pytest.mark.parametrize(("method", "path", "body"), BODIES)
async def test_no_body_whatever_breaks_a_call(
    server: HallServer, method: str, path: str, body: dict[str, Any]
) -> None:
    manager = await server.client("admin")
    where = path.format(hall=HALL, camera=await added(manager))
    for field in body:
        for nasty in NASTY:
            answer = await manager.request(method, where, {**body, field: nasty})
            assert answer.status < 500, (field, nasty, answer)
    for nasty in NASTY:
        answer = await manager.request(method, where, nasty)
        assert answer.status < 500, (nasty, answer)


async def test_no_zones_whatever_break_it(server: HallServer) -> None:
    manager = await server.client("admin")
    where = f"/cameras/{await added(manager)}/zones"
    for nasty in NASTY:
        for body in (nasty, [nasty], [{"window": nasty, "polygon": nasty}]):
            answer = await manager.request("PUT", where, body)
            assert answer.status < 500, (nasty, answer)
