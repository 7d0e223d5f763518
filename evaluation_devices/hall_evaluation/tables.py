"""The evaluation's tables: read models of the journal, and the side table of who left a number.

Asked and rated are two tables of facts that do not change (a request is only withdrawn within the
seconds of an undo): whoever was asked and stands in no rating did not rate. A ticket is rated once;
the database says so too, by the key of `ratings`, whose rows are only ever added. A rating that a
review found mistaken or malicious is excluded by the outcome of its case, never changed itself.

Free texts lie in `notes` and expire there; `note` references them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, String, Table, Text

from hall_core.tables import INSERT_ONLY, metadata

LEVELS = "('very_satisfied','satisfied','mostly_satisfied','dissatisfied','very_dissatisfied')"
CASE_STATES = "('open','assigned','contacted','rectifying','appealed','settled','closed')"

# One row per service that ended for good: its citizen was asked. 一次一评
evaluation_requests = Table(
    "evaluation_requests",
    metadata,
    Column("ticket_id", String(40), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("day", String(10), nullable=False),  # the service day, the hall's
    Column("number", String(12), nullable=False),
    Column("window", Integer, nullable=False),
    Column("clerk", String(20), nullable=False),
    Column("service", String(40)),
    Column("case_no", String(60)),  # 办件编号, when the clerk gave one
    Column("real_name", Integer, nullable=False),  # 1: the ticket was taken with an ID
    Column("asked_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),  # an ordinary rating may come until then
    Column("withdrawn", Integer, nullable=False),  # 1: the finish was undone
    Column("version", BigInteger, nullable=False),  # of the last event
    # Covers what the figures count: a year of a large hall is counted without its rows.
    Index("evaluation_requests_day", "hall_id", "day", "window", "clerk", "service", "withdrawn"),
)

# One row per rating. `level` is neutral: the two national code orders are opposite to one another.
ratings = Table(
    "ratings",
    metadata,
    Column("ticket_id", String(40), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("day", String(10), nullable=False),  # the day of the service, not of the rating
    Column("number", String(12), nullable=False),
    Column("window", Integer, nullable=False),
    Column("clerk", String(20), nullable=False),
    Column("service", String(40)),
    Column("case_no", String(60)),
    Column("level", String(20), nullable=False),
    Column("reasons", Text, nullable=False),  # JSON list of reason ids
    Column("channel", String(8), nullable=False),  # pad phone
    Column("supplementary", Integer, nullable=False),  # 1: after the ordinary time
    Column("real_name", Integer, nullable=False),  # 1: an ID, or a number to call back
    Column("asked_ms", BigInteger, nullable=False),
    Column("rated_ms", BigInteger, nullable=False),
    Column("note", String(40)),  # -> notes
    Column("contact", String(40)),  # -> evaluation_contacts
    Column("case_id", String(40)),  # -> cases; a negative rating opens one
    Column("version", BigInteger, nullable=False),
    CheckConstraint(f"level IN {LEVELS}", name="rating_level"),
    Index("ratings_day", "hall_id", "day", "window", "clerk", "service", "level"),
    Index("ratings_clerk", "hall_id", "clerk", "day"),
    info={INSERT_ONLY: True},
)

# What a citizen left to be called back, encrypted. Rows are deleted when they expire.
evaluation_contacts = Table(
    "evaluation_contacts",
    metadata,
    Column("contact_id", String(40), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("sealed", Text, nullable=False),  # JSON {"name", "phone"}, encrypted
    Column("expires_ms", BigInteger, nullable=False),
)

# One row per case of the closed loop 评价—反馈—整改—监督.
cases = Table(
    "cases",
    metadata,
    Column("case_id", String(40), primary_key=True),
    Column("hall_id", String(40), nullable=False),
    Column("kind", String(20), nullable=False),  # negative_evaluation complaint unresolved
    Column("source", String(12), nullable=False),
    Column("state", String(12), nullable=False),
    Column("day", String(10), nullable=False),  # what it is about happened then (the hall's day)
    Column("opened_ms", BigInteger, nullable=False),
    Column("window", Integer),
    Column("clerk", String(20)),
    Column("service", String(40)),
    Column("ticket_id", String(40)),  # of the rating that opened it
    Column("number", String(12)),
    Column("level", String(20)),
    Column("reasons", Text, nullable=False),  # JSON list of reason ids
    Column("real_name", Integer, nullable=False),
    Column("note", String(40)),  # -> notes
    Column("contact", String(40)),  # -> evaluation_contacts
    Column("assignee", String(80)),
    Column("due_step", String(8)),  # contact rectify review
    Column("due_ms", BigInteger),
    Column("last_ms", BigInteger, nullable=False),  # it must be closed by then
    Column("attempts", Integer, nullable=False),  # tries to reach the citizen
    Column("contacted_ms", BigInteger),  # first reached (回访)
    Column("settled_ms", BigInteger),
    Column("closed_ms", BigInteger),
    Column("outcome", String(10)),  # of a review: upheld mistaken malicious
    Column("late", Integer, nullable=False),  # deadlines that passed before their step was done
    Column("version", BigInteger, nullable=False),
    Column("order_no", String(40)),  # 工单编号, the hotline's own
    CheckConstraint(f"state IN {CASE_STATES}", name="case_state"),
    Index("cases_state", "hall_id", "state", "last_ms"),
    Index("cases_day", "hall_id", "day"),
    Index("cases_order", "hall_id", "order_no"),
)

# What was done about a case, one row per event.
case_steps = Table(
    "case_steps",
    metadata,
    Column("hall_id", String(40), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("case_id", String(40), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("command", String(12), nullable=False),
    Column("note", String(40)),
    Column("assignee", String(80)),
    Column("reached", Integer),  # of a contact
    Column("outcome", String(10)),  # of an appeal (claimed) or a review
    Column("due_ms", BigInteger),
    Index("case_steps_case", "case_id", "version"),
    info={INSERT_ONLY: True},
)
