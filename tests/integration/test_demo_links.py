"""What a person finds in a demonstration: its sign-ins, its links, the devices that can be touched.

One demonstration for all of them, in which nobody comes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import aiohttp
import pytest
import pytest_asyncio

from hall_app.demo.run import Demonstration, demonstration, introduction
from hall_core.http import SESSION_COOKIE
from tests.support import HALL, browsing

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demonstration]:
    async with demonstration(0, tmp_path_factory.mktemp("demo"), False, 10, [HALL]) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def browser(running: Demonstration) -> AsyncIterator[aiohttp.ClientSession]:
    async with browsing(running.url) as browser:
        yield browser


async def test_without_simulation_it_keeps_real_time(running: Demonstration) -> None:
    assert running.simulation is None
    now = datetime.now().astimezone()
    assert abs(running.kernel.clock.now() - now) < timedelta(seconds=5)


async def test_sign_ins_that_are_printed_work(
    running: Demonstration, browser: aiohttp.ClientSession
) -> None:
    printed = "\n".join(introduction(running, 60))
    for name in ("admin", "city", "county", "township", "village"):
        (line,) = (x for x in printed.splitlines() if f"name {name} " in x)
        password = line.split("password ")[1].split()[0]
        body = {"name": name, "password": password}
        answer = await browser.post("/api/v1/session", json=body)
        assert answer.status == 200, await answer.text()
        halls = await (await browser.get("/api/v1/halls")).json()
        expected = {"admin": 7, "city": 7, "county": 3, "township": 2, "village": 1}[name]
        assert len(halls) == expected, name


async def test_every_link_leads_to_a_page_that_is_let_in(
    running: Demonstration, browser: aiohttp.ClientSession
) -> None:
    links = await (await browser.get("/demo/links")).json()
    keys = ("group", "group_en", "href", "title", "title_en")
    assert {tuple(sorted(link)) for link in links} == {keys}
    assert len({link["group"] for link in links}) == 8, "seven halls, and supervision"
    ours = [x for x in links if "qinghe" in x["href"] or "hall=" not in x["href"]]
    kinds = set()
    for link in ours:
        async with browsing(running.url) as fresh:
            answer = await fresh.get(link["href"], allow_redirects=False)
            if "kind=phone" in link["href"]:
                assert answer.status == 409, "nobody waits yet"
                assert answer.content_type == "application/problem+json"
                person = {"Accept": "text/html,*/*"}
                words = await (await fresh.get(link["href"], headers=person)).text()
                assert "现在没有人等候" in words
                assert "http-equiv" in words, "it tries again by itself"
                continue
            if "kind=rating" in link["href"]:
                assert answer.status == 409, "nobody was served yet"
                continue
            if link["href"].startswith("/demo/devices"):
                assert answer.status == 200  # what stands beside the pages
                continue
            assert answer.status == 302, await answer.text()
            to = answer.headers["Location"]
            query = "?" + to.partition("?")[2]
            me = await (await fresh.get(f"/api/v1/me{query}")).json()
            kinds.add(me["kind"])
            if "kind=counter" in link["href"]:
                assert (me["hall"], f"window={me['window']}") == (
                    "qinghe",
                    link["href"].split("&")[-1],
                )
    assert kinds == {"kiosk", "guide", "display", "counter", "pad", "user"}

    # Somebody waits: the link to the phone page is theirs.
    await browser.get(f"/demo/open?kind=kiosk&hall={HALL}&to=/healthz")
    issued = await browser.post(
        f"/api/v1/halls/{HALL}/tickets", json={"queue": "H"}, headers={"Idempotency-Key": "1"}
    )
    assert issued.status == 201, "it is always open"
    token = (await issued.json())["token"]
    answer = await browser.get(f"/demo/open?kind=phone&hall={HALL}", allow_redirects=False)
    assert answer.headers["Location"] == f"/t/{token}"


async def test_the_simulated_devices_can_be_touched(
    running: Demonstration, browser: aiohttp.ClientSession
) -> None:
    where = f"/demo/devices?hall={HALL}"
    text = await (await browser.get(where)).text()
    for word in ("号票打印机 Ticket printer · 有纸", "4号窗口", "按键盒", "呼叫器"):
        assert word in text
    answer = await browser.post(f"{where}&device=paper&what=none")
    assert "缺纸" in await answer.text()
    answer = await browser.post(f"{where}&device=paper&what=new")
    assert "有纸" in await answer.text()
    for press in ("device=box&what=nothing", "device=caller&what=open", "device=x&what=new"):
        assert (await browser.post(f"{where}&{press}")).status == 404
    text = await (await browser.get("/demo/devices?hall=luyuan")).text()
    assert "按键盒" not in text
    foreign = {"Host": "rebound.example"}
    assert (await browser.post(f"{where}&device=paper&what=none", headers=foreign)).status == 403


async def test_a_browser_that_is_paired_already_is_not_paired_again(
    running: Demonstration, browser: aiohttp.ClientSession
) -> None:
    places = []
    for _ in range(3):
        answer = await browser.get(f"/demo/open?kind=kiosk&hall={HALL}", allow_redirects=False)
        places.append(answer.headers["Location"])
    assert len(set(places)) == 1
    assert places[0].startswith("/kiosk?device=")


BAD_LINKS = [
    ("kind=agent", 422),
    ("kind=kiosk&hall=nowhere", 404),
    ("kind=kiosk", 404),
    (f"kind=counter&hall={HALL}", 422),
    (f"kind=counter&hall={HALL}&window=999", 404),
    (f"kind=counter&hall={HALL}&window=x", 404),
    (f"kind=display&hall={HALL}&to=/display/window", 422),
    (f"kind=kiosk&hall={HALL}&to=//evil.example/", 422),
    (f"kind=kiosk&hall={HALL}&to=https://evil.example/", 422),
    ("kind=admin&to=/%5Cevil.example", 422),
]


async def test_bad_links_are_refused_in_words(
    running: Demonstration, browser: aiohttp.ClientSession
) -> None:
    devices = running.kernel.access.devices
    before = set(devices)
    for query, status in BAD_LINKS:
        answer = await browser.get(f"/demo/open?{query}", allow_redirects=False)
        assert answer.status == status, query
        assert answer.content_type == "application/problem+json"
    assert set(devices) == before, "one was paired"


async def test_links_are_for_this_machine_only(
    running: Demonstration, browser: aiohttp.ClientSession
) -> None:
    foreign = {"Host": "rebound.example"}
    for path in ("/demo/links", "/demo/open?kind=admin"):
        answer = await browser.get(path, headers=foreign, allow_redirects=False)
        assert answer.status == 403
        assert SESSION_COOKIE not in answer.cookies
