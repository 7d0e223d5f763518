"""Which streams a camera offers. Pure, and free of media libraries: the server asks too."""

from __future__ import annotations

from hall_cameras import wire


def main_profile(identity: wire.Identity | None) -> str:
    """Token of the largest stream of the channel that is watched; "" when that is it already, or
    nothing is known."""
    if identity is None:
        return ""
    chosen = next((p for p in identity.profiles if p.token == identity.chosen), None)
    if chosen is None:
        return ""
    same = [p for p in identity.profiles if p.source == chosen.source and p.codec.upper() != "JPEG"]
    largest = max(same, key=lambda p: p.width * p.height, default=chosen)
    larger = largest.width * largest.height > chosen.width * chosen.height
    return largest.token if larger else ""
