"""Media libraries live in the camera workers: the server starts sooner and smaller without them,
and a fault in one of them does not end the queue."""

import subprocess
import sys

CODE = """
import sys
from pathlib import Path
import hall_app.cli, hall_app.server, hall_cameras.service
from hall_app.features import make_features
from hall_cameras.feature import Limits
for feature in make_features(Path("."), Limits()):
    feature.routes()
heavy = {"av", "cv2", "lxml", "numpy", "onnxruntime", "zeep"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_the_server_holds_no_media_libraries() -> None:
    run = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=120
    )
    assert run.stdout.split() == []
