"""The programs beside devices: what every part of an agent stands on.

A part drives one device (a printer, a reader, a strip) and is a `Part`; its `Link` is all it knows
of the server. docs/devices.md tells how to write one.
"""

from hall_core.agent.part import Answer, Link, Part, PartFailed, Place, Unreachable, Update

__all__ = ["Answer", "Link", "Part", "PartFailed", "Place", "Unreachable", "Update"]
