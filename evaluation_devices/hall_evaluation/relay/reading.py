"""The facts of one rating as they are sent: from the tables, with the names of now."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, select

from hall_core import tables
from hall_core.clock import from_millis
from hall_core.halls import Hall
from hall_core.kernel import Kernel
from hall_evaluation.domain.state import EvaluationState
from hall_evaluation.figures import names_of, reasons_in
from hall_evaluation.relay.rules import Rating
from hall_evaluation.service import PURPOSE
from hall_evaluation.tables import evaluation_contacts, ratings


def read_rating(connection: Connection, ticket_id: str) -> Any:
    """The rating with its text and its sealed contact, unless they expired; None: no rating."""
    query = (
        select(ratings, tables.notes.c.text, evaluation_contacts.c.sealed)
        .outerjoin(tables.notes, tables.notes.c.note_id == ratings.c.note)
        .outerjoin(evaluation_contacts, evaluation_contacts.c.contact_id == ratings.c.contact)
        .where(ratings.c.ticket_id == ticket_id)
    )
    return connection.execute(query).one_or_none()


def rating_of(kernel: Kernel, hall: Hall, row: Any) -> Rating:
    """What `read_rating` found, in words."""
    state: EvaluationState = hall.committed["evaluation"]
    clerk = state.clerks.get(row.clerk)
    return Rating(
        ticket_id=row.ticket_id,
        level=row.level,
        channel=row.channel,
        asked_at=from_millis(row.asked_ms),
        rated_at=from_millis(row.rated_ms),
        case_no=row.case_no,
        service=row.service,
        service_name=state.services.get(row.service or "", ""),
        clerk_name=clerk.name if clerk else row.clerk,
        reasons=tuple(reason.text for reason in reasons_in(names_of({}, state), row.reasons)),
        text=row.text or "",
        citizen=_name(kernel, row.sealed),
    )


def _name(kernel: Kernel, sealed: str | None) -> str:
    """The name a citizen left; "" where there is none, or it can't be read any more."""
    try:
        plain = kernel.secret.decrypt(PURPOSE, sealed) if sealed else "{}"
        return str(msgspec.json.decode(plain, type=dict[str, str]).get("name", ""))
    except ValueError:
        return ""
