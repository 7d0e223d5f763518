"""The one exception of a worker's dealings with a camera."""

from __future__ import annotations


class CameraTrouble(Exception):
    """It did not work. `why` is a code of `hall_cameras.domain.state.WHY`."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(detail or why)
        self.why = why

    @property
    def refused(self) -> bool:
        """Whether trying again could lock the account: a person must act first."""
        return self.why in ("bad_password", "locked")
