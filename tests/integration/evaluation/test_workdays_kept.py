"""An imported year is still there after a restart, and is not seeded over."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.support import hall_server, installation


async def test_an_imported_year_outlives_the_server(tmp_path: Path) -> None:
    installation(tmp_path, demo=False)
    day = date(2026, 10, 10)
    async with hall_server(tmp_path) as server:
        assert server.kernel.workdays.is_workday(day)
        admin = await server.client("admin")
        body = {"days": [{"day": "2026-10-01", "workday": False, "name": "国庆节"}]}
        answer = await admin.request("PUT", "/working-days?year=2026", body)
        assert answer.status == 200, answer
    async with hall_server(tmp_path) as server:
        assert not server.kernel.workdays.is_workday(day)
        assert server.kernel.workdays.is_workday(date(2026, 10, 2))
        assert server.kernel.workdays.known(2025)
