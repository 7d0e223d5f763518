"""Tables of cameras: read models of the journal, and side tables of what may not be in it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from hall_core.tables import metadata

# How each camera is: read from the journal.
cameras = Table(
    "cameras",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("camera_id", String(40), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("state", String(12), nullable=False),  # "removed" when it is gone
    Column("why", String(24), nullable=False),
    Column("faults", Text, nullable=False),  # JSON list
    Column("since_ms", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
)

# Where a camera is and how to get in. Beside the journal: the password is sealed with the
# installation's secret, and addresses are for those who manage it.
camera_access = Table(
    "camera_access",
    metadata,
    Column("camera_id", String(40), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("onvif", Text, nullable=False),  # device service, "" for plain RTSP
    Column("rtsp", Text, nullable=False),  # without credentials, "" to ask ONVIF
    Column("profile", Text, nullable=False),  # token of the profile that a person chose, or ""
    Column("sealed", Text, nullable=False),  # JSON {"username", "password"}, encrypted
    Column("identity", Text, nullable=False),  # JSON: what the camera says of itself
)

# Seconds of each camera's day.
camera_days = Table(
    "camera_days",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("camera_id", String(40), primary_key=True),
    Column("known_s", Float, nullable=False),
    Column("online_s", Float, nullable=False),
    Column("session_s", Float, nullable=False),
    Column("good_s", Float, nullable=False),
)

# The lists of cameras that people go round; `owner` is a principal's id.
camera_patrols = Table(
    "camera_patrols",
    metadata,
    Column("owner", String(80), primary_key=True),
    Column("stops", Text, nullable=False),  # JSON list of {"hall", "camera"}
)

# Pictures that show what an alert is about. The files lie below the media folder.
camera_evidence = Table(
    "camera_evidence",
    metadata,
    Column("evidence_id", String(40), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("camera_id", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("taken_ms", BigInteger, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("caption", Text, nullable=False),  # the measures behind it, JSON
    Index("camera_evidence_taken", "taken_ms"),
)
