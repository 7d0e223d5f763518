"""Serving the pages: shells anyone may load, and their static files.

A shell holds no data; what it shows comes from the API with the device's or person's credentials.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from pathlib import Path

from aiohttp import web

import hall_core
from hall_core.features import Feature
from hall_core.http import KERNEL
from hall_core.version import VERSION

CORE_WEB = Path(hall_core.__file__).parent / "web"
APP_WEB = Path(__file__).parent / "web"

# path -> (static area, file)
SHELLS = {
    "/": ("app", "home.html"),
    "/kiosk": ("queue", "kiosk.html"),
    "/guide": ("queue", "guide.html"),
    "/counter": ("queue", "counter.html"),
    "/t/{token}": ("queue", "ticket.html"),
    "/display/hall": ("displays", "hall.html"),
    "/display/window": ("displays", "window.html"),
    "/pad": ("evaluation", "pad.html"),
    "/supervision": ("app", "supervision.html"),
    "/cases": ("evaluation", "cases.html"),
    "/figures": ("evaluation", "figures.html"),
    "/admin": ("app", "admin.html"),
    "/signin": ("app", "signin.html"),
}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with "no-referrer" Chromium 70 says Origin: null
    "Cache-Control": "no-cache",
}
# A pad may show the province's own rating page, at an address that the hall sets.
FRAMES = {"/pad": "; frame-src http: https:"}


def mount(app: web.Application, features: Iterable[Feature]) -> None:
    """Serve every shell and static folder."""
    folders = {"core": CORE_WEB, "app": APP_WEB}
    for feature in features:
        if feature.web is not None:
            folders[feature.name] = feature.web
    for path, (area, name) in SHELLS.items():
        if area in folders:
            app.router.add_get(path, _shell(folders[area] / name))
    for area, folder in folders.items():
        app.router.add_static(f"/static/{area}", folder)
    app.on_response_prepare.append(_headers)
    app[KERNEL].build = f"{VERSION}-{_digest(tuple(folders.values()))}"


@cache
def _digest(folders: tuple[Path, ...]) -> str:
    """Of all pages: idle devices reload themselves when a new release changed any of them."""
    whole = hashlib.blake2b(digest_size=6)
    for path in sorted(path for folder in folders for path in folder.iterdir() if path.is_file()):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _shell(path: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def shell(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path)

    return shell


async def _headers(request: web.Request, response: web.StreamResponse) -> None:
    if not request.path.startswith("/api/"):
        response.headers.update(HEADERS)
        if request.path in FRAMES:
            response.headers["Content-Security-Policy"] += FRAMES[request.path]
