"""`python -m tests.peers.quick_worker SERVER TOKEN`: the cameras' worker as it is, but it looks for
people more often and believes an empty place sooner, so that a test need not wait half a minute.
"""

from __future__ import annotations

import sys

from hall_cameras.presence import looker, smoothing
from hall_cameras.worker import discovery, onvif  # noqa: F401  slow to load: before its hello
from hall_cameras.worker.run import CAPACITY, main

sys.stdout = sys.stderr  # whoever starts it reads no pipe
looker.LOOK_S = 0.3
smoothing.GONE_S = 1.0
main(sys.argv[1], sys.argv[2], "quick", CAPACITY, with_parent=False)
