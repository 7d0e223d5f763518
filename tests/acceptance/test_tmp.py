import pytest, json
from pathlib import Path
from tests.acceptance.browser import *
from tests.acceptance.busy import *
from tests.support import hall_server

pytestmark = pytest.mark.asyncio(loop_scope="module")
JS = Path(__file__).with_name("measure.js").read_text()


def report(name, m, public):
    print(
        "=====",
        name,
        m["width"],
        m["height"],
        "scroll",
        m["scrollWidth"],
        m["scrollHeight"],
        len(m["texts"]),
    )
    T = [t for t in m["texts"]]
    lo = [t for t in T if t["contrast"] < (7 if public else 4.5)]
    for t in lo[:8]:
        print("  contrast", round(t["contrast"], 2), t["text"][:20], t["path"], t["off"])
    for t in T:
        if (
            t["seen"]["bottom"] > m["height"] + 1
            or t["seen"]["right"] > m["width"] + 1
            or t["seen"]["left"] < -1
        ):
            print(
                "  outside", t["text"][:20], t["path"], {k: round(v) for k, v in t["seen"].items()}
            )
        cut = max(t["seen"]["top"] - t["top"], t["bottom"] - t["seen"]["bottom"])
        if cut > 0.2 * (t["bottom"] - t["top"]):
            print("  cut", round(cut), round(t["bottom"] - t["top"]), t["text"][:20], t["path"])
    n = 0
    for i, a in enumerate(T):
        for b in T[i + 1 :]:
            if a["layer"] != b["layer"]:
                continue
            w = min(a["seen"]["right"], b["seen"]["right"]) - max(
                a["seen"]["left"], b["seen"]["left"]
            )

            # ink height ~ font size; take the middle of the line
            def core(t):
                c = (t["top"] + t["bottom"]) / 2
                return c - t["font"] * 0.36, c + t["font"] * 0.36

            a0, a1 = core(a)
            b0, b1 = core(b)
            hh = min(a1, b1) - max(a0, b0)
            if w > 2 and hh > 2 and n < 8:
                n += 1
                print(
                    "  overlap",
                    round(w),
                    round(hh),
                    repr(a["text"][:15]),
                    a["path"],
                    "|",
                    repr(b["text"][:15]),
                    b["path"],
                )
    small = sorted({(round(t["font"], 1)) for t in T})[:3]
    print("  fonts", small)


async def test_a(browser, tmp_path):
    clock = clock_at()
    async with (
        hall_server(tmp_path, clock=clock, always_open=False) as server,
        Pages(browser, server) as pages,
    ):
        done = await morning(server, clock, 60)
        await arrange(server, clock)
        await pages.account("boss", "admin", "manager", "supervisor", "security", "auditor")
        for lang in ("", "en"):
            for name, kind, path, size, win, public in (
                ("hall", "display", "/display/hall", SCREEN, None, 1),
                ("wcall", "display", "/display/window", SCREEN, 4, 1),
                ("wserve", "display", "/display/window", SCREEN, 2, 1),
                ("waway", "display", "/display/window", SCREEN, 3, 1),
                ("wcovered", "display", "/display/window", SCREEN, 17, 1),
                ("wclosed", "display", "/display/window", SCREEN, 5, 1),
                ("wopen", "display", "/display/window", SCREEN, 31, 1),
                ("wb", "display", "/display/window", SCREEN, 21, 1),
                ("kiosk", "kiosk", "/kiosk", KIOSK, None, 1),
                ("counter", "counter", "/counter", DESK, 2, 0),
                ("strip", "counter", "/counter", STRIP, 2, 0),
                ("counter3", "counter", "/counter", DESK, 3, 0),
                ("strip8", "counter", "/counter", STRIP, 8, 0),
                ("counter31", "counter", "/counter", DESK, 31, 0),
            ):
                p = await pages.device(kind, path, size, window=win, lang=lang)
                if "counter" in path:
                    await expect(
                        p.locator(".line-row, .line-empty:not([hidden])").first
                    ).to_be_attached()
                await p.screenshot(path=f"/tmp/acc/{name}{lang}.png")
                report(name + lang, await p.evaluate(JS), public)
                await p.context.close()
            tk = [t for t in done.tickets if t["queue"] == "S"][-1]["token"]
            p = await pages.phone(tk, lang)
            await expect(p.locator(".paper")).to_be_visible()
            await p.screenshot(path=f"/tmp/acc/phone{lang}.png")
            report("phone" + lang, await p.evaluate(JS), 0)
            p = await pages.signed_in("boss", "/supervision", lang=lang)
            await expect(p.locator(".board-line").first).to_be_visible()
            await p.screenshot(path=f"/tmp/acc/sup{lang}.png")
            report("sup" + lang, await p.evaluate(JS), 0)
            try:
                await p.goto(server.base + "/admin")
                await expect(p.locator(".admin-menu a").first).to_be_visible(timeout=3000)
                await p.screenshot(path=f"/tmp/acc/admin{lang}.png")
                report("admin" + lang, await p.evaluate(JS), 0)
            except AssertionError as e:
                print("admin not there")
            await p.goto(server.base + "/")
            await expect(p.locator(".home-link").first).to_be_visible()
            await p.screenshot(path=f"/tmp/acc/home{lang}.png")
            report("home" + lang, await p.evaluate(JS), 0)
            p = await pages.empty(DESK)
            await p.goto(server.base + "/signin" + ("?lang=en" if lang else ""))
            await expect(p.locator("form")).to_be_visible()
            await p.screenshot(path=f"/tmp/acc/signin{lang}.png")
            report("signin" + lang, await p.evaluate(JS), 0)
        for f in pages.faults:
            print("FAULT", f)
