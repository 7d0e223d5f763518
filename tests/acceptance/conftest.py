"""One Chromium for all browser journeys of a run: a start costs as much as a short journey."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.acceptance.browser import CHROMIUM, MISSING, launch


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Without Chromium the test is skipped; in CI that is a failure (tests/conftest.py)."""
    if not CHROMIUM.exists():
        pytest.skip(MISSING)
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()
