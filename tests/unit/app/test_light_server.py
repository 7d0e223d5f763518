"""Media libraries live in the camera workers: the server starts sooner and smaller without them,
and a fault in one of them does not end the queue. Nor does a real hall load the demonstration."""

import subprocess
import sys

CODE = """
import sys
from pathlib import Path
import hall_app.cli, hall_app.install, hall_app.server, hall_cameras.service
from hall_app.features import make_features
from hall_cameras.feature import Limits
for feature in make_features(Path("."), Limits()):
    feature.routes()
heavy = {"av", "cv2", "lxml", "numpy", "onnxruntime", "zeep"}
print(*sorted(heavy & set(sys.modules)))
print(*(name for name in sys.modules if name.startswith("hall_app.demo")))
"""


def test_the_server_holds_neither_media_libraries_nor_the_demonstration() -> None:
    run = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=120
    )
    assert run.stdout.split() == []
