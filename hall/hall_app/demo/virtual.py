"""`python -m hall_app.demo.virtual A,B C,D …`: virtual cameras, each looking at the counters of two
windows, in a process of their own, as cameras are.

It says one line of JSON when they serve (`Ready`), and is told by such lines what is before which
camera (`Scene`). It ends with its standard input: when the demonstration is gone.
"""

from __future__ import annotations

import asyncio
import os
import sys

import cv2
import msgspec

from hall_app.demo.before import Ready, Scene
from hall_app.demo.rtsp import Clip, VirtualCamera, encode
from hall_app.demo.scenes import FPS, Counters, Picture, covered
from hall_cameras.presence import detector
from hall_cameras.presence.looker import best_score

NICE = 10


class Cameras:
    """All of them. A loop is drawn and encoded when it is first needed, and kept."""

    def __init__(self, views: list[tuple[int, int]]) -> None:
        self._views = [Counters(windows, seed) for seed, windows in enumerate(views)]
        self._clips: dict[Scene, Clip] = {}
        self._cameras: list[VirtualCamera] = []

    async def serve(self) -> Ready:
        """Plug all in."""
        for index in range(len(self._views)):
            self._cameras.append(VirtualCamera(self._clip(Scene(camera=index))))
            await self._cameras[index].plug_in()
        urls = [camera.url for camera in self._cameras]
        return Ready(urls=urls, zones=[v.zones for v in self._views] if self._seen() else [])

    def _seen(self) -> bool:
        """Whether the model that workers use finds the clerks in the pictures."""
        model = detector.load()
        for view in self._views:
            picture = next(view.pictures((True, True), (False, False)))
            if any(best_score(model, picture, z) < model.description.threshold for z in view.zones):
                return False
        return True

    def _clip(self, scene: Scene) -> Clip:
        scene = msgspec.structs.replace(scene, plugged_in=True)
        if scene not in self._clips:
            view = self._views[scene.camera]
            pictures: list[Picture] = list(view.pictures(scene.clerks, scene.citizens))
            self._clips[scene] = encode(covered(pictures) if scene.covered else pictures, FPS)
        return self._clips[scene]

    async def show(self, scene: Scene) -> None:
        camera = self._cameras[scene.camera]
        if not scene.plugged_in:
            await camera.unplug()
            return
        # Beside what plays: that is hardly a second in which nothing is sent.
        camera.show(await asyncio.to_thread(self._clip, scene))
        await camera.plug_in()


async def serve(views: list[tuple[int, int]]) -> None:
    """Until standard input ends."""
    cameras = Cameras(views)
    ready = await cameras.serve()
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    async for line in reader:
        await cameras.show(msgspec.json.decode(line, type=Scene))


if __name__ == "__main__":
    os.nice(NICE)
    cv2.setNumThreads(1)
    pairs = (argument.split(",") for argument in sys.argv[1:])
    asyncio.run(serve([(int(first), int(second)) for first, second in pairs]))
