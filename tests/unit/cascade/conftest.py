from __future__ import annotations

import pytest

from tests.unit.cascade.peer import Peer


@pytest.fixture
def peer() -> Peer:
    """Registered."""
    peer = Peer()
    peer.register()
    return peer
