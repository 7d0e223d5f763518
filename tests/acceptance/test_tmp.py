import pytest
from tests.acceptance.browser import *
from tests.acceptance.busy import *
from tests.support import hall_server
pytestmark = pytest.mark.asyncio(loop_scope="module")
async def test_a(browser, tmp_path):
    clock=clock_at()
    async with hall_server(tmp_path, clock=clock, always_open=False, extend=dated_by(clock)) as server, Pages(browser, server) as pages:
        await morning(server, clock, 50); await arrange(server, clock)
        async def shot(p,n): await p.wait_for_timeout(700); await p.screenshot(path=f"/tmp/acc/z-{n}.png")
        await shot(await pages.device("counter","/counter",STRIP,2,lang="en"),"strip")
        await shot(await pages.device("counter","/counter",STRIP,8),"strip8")
        c=Counter(await pages.device("counter","/counter",STRIP,31)); await c.letter("L"); await shot(c.page,"leave")
        n,t=citizens_page(server,"called"); await shot(await pages.phone(t),"called")
        for w in (31,17,21,5,8): await shot(await pages.device("display","/display/window",SCREEN,w),f"w{w}")
        k=await pages.device("kiosk","/kiosk",KIOSK); await k.locator(".choice").first.click(); await k.locator(".choice").first.click(); await expect(k.locator(".ticket-number")).to_be_visible(); await shot(k,"ticket")
        await pages.account("head","admin","manager","security","auditor")
        p=await pages.signed_in("head",f"/admin?hall={HALL}")
        tabs=p.locator(".admin-menu a"); await expect(tabs.first).to_be_visible()
        for i in range(await tabs.count()): await tabs.nth(i).click(); await shot(p,f"admin{i}")
        await p.goto(server.base+"/"); await shot(p,"home")
