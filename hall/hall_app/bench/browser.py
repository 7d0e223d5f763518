"""From a packet's arrival to its picture in Chromium, played by the product's own player.

The camera's pictures carry their numbers (streams.py). A client of our own notes when each one's
packet arrived; the page notes when each was on the screen. Both are this machine's clock.
"""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import av
from playwright.async_api import async_playwright

from hall_app.bench.streams import BITS, SQUARE, number_of, url_of
from hall_cameras.worker.capture import OPEN_S, OPTIONS, READ_S

SETTLE_S = 4.0
SECONDS = 20.0
PLAYABLE_S = 20.0
LOOP_S = 4.0  # less than a loop of the clip lasts: so old a picture can't be a number's own
PAGE = """
async ([camera, bits, square]) => {
  const { Player } = await import("/static/cameras/player.js");
  const player = new Player(camera);
  player.node.style.cssText = "position:fixed;inset:0;z-index:99;width:640px;height:360px";
  document.body.append(player.node);
  player.start();
  const canvas = new OffscreenCanvas(bits * square, square);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  window.seen = [];
  const look = () => {
    const at = performance.timeOrigin + performance.now();
    const video = player.video;
    if (video.videoWidth) {
      context.drawImage(video, 0, 0, video.videoWidth, video.videoHeight);
      const data = context.getImageData(0, 0, bits * square, square).data;
      let number = 0;
      for (let bit = 0; bit < bits; bit += 1) {
        const x = bit * square + square / 2;
        if (data[4 * ((square / 2) * bits * square + x)] > 128) number += 2 ** bit;
      }
      window.seen.push([number, at]);
    }
    video.requestVideoFrameCallback(look);
  };
  player.video.requestVideoFrameCallback(look);
}
"""
# The page's player says who it is by a cookie; this page has none.
ADMIT = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  send.call(this, data.replace('"token":null', '"token":"TOKEN"'));
};
"""


class Tap(threading.Thread):
    """Reads the camera, and notes when the packet of each picture came: seconds since 1970."""

    def __init__(self, port: str) -> None:
        super().__init__(daemon=True)
        self._port = port
        self.stopped = False
        self.arrived: list[tuple[int, float]] = []
        self.start()

    def run(self) -> None:
        options = (OPEN_S, READ_S)
        with av.open(url_of(self._port), options=OPTIONS, timeout=options) as container:
            for packet in container.demux(container.streams.video[0]):
                at = time.time()
                for frame in packet.decode():
                    number = number_of(frame.to_ndarray(format="gray"))
                    self.arrived.append((number, at))
                if self.stopped:
                    return


async def latencies(url: str, token: str, camera: str, port: str, chromium: Path) -> list[float]:
    """Seconds of each picture that was seen.

    Raises:
        RuntimeError: hardly any picture was seen.
    """
    tap = Tap(port)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        page = await browser.new_page(viewport={"width": 1280, "height": 720})
        await page.add_init_script(ADMIT.replace("TOKEN", token))
        await page.goto(f"{url}/signin")
        await page.evaluate(PAGE, [camera, BITS, SQUARE])
        async with asyncio.timeout(PLAYABLE_S):
            while not await page.evaluate("window.seen.length"):  # noqa: ASYNC110 - no polling there
                await asyncio.sleep(0.1)
        await asyncio.sleep(SETTLE_S)
        await page.evaluate("() => { window.seen.length = 0; }")
        await asyncio.sleep(SECONDS)
        seen: list[tuple[int, float]] = await page.evaluate("window.seen")
        await browser.close()
    tap.stopped = True
    samples = [lag for number, at in seen if (lag := _lag(tap.arrived, number, at / 1000))]
    if len(samples) < SECONDS:
        raise RuntimeError(f"only {len(samples)} pictures were seen in {SECONDS:g} s")
    return samples


def _lag(arrived: list[Any], number: int, at: float) -> float | None:
    """Since the newest arrival of this number."""
    times = (at - came for other, came in reversed(arrived) if other == number and came <= at)
    return next((lag for lag in times if lag < LOOP_S), None)
