"""What ratings and cases need around their rules: tokens, working days, lookups, contacts.

A decision is pure; everything that takes a random number, the secret or the database happens here
before it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, select

from hall_core import tables as core
from hall_core.clock import millis
from hall_core.errors import NotFound, invalid
from hall_core.events import NAMES, SetupChanged
from hall_core.features import Row
from hall_core.halls import Hall
from hall_core.kernel import NOTE_LIFE, Kernel
from hall_core.throttle import Throttle
from hall_core.workdays import Workdays
from hall_evaluation import tables
from hall_evaluation.domain.commands import LearnSetup
from hall_evaluation.domain.state import Case, EvaluationState, Request
from hall_evaluation.domain.view import Contact
from hall_evaluation.rows import case_of, request_of

TEXT_MAX: Final = 500
NAME_MAX: Final = 40
FORGED: Final = (20, 300.0)  # tokens that are none, in so many seconds, then 429
PHONE: Final = re.compile(r"\+?(?:\d-?){6,14}\d", re.ASCII)  # mobile or landline, any notation
PURPOSE: Final = "contact"  # of the encryption


class GivenContact(msgspec.Struct, forbid_unknown_fields=True):
    """Whom to call back, as a citizen or who takes a complaint gives it."""

    phone: str
    name: str = ""


class Extras(msgspec.Struct, frozen=True):
    """Side-table rows to commit with the events, and their ids."""

    note: str | None
    contact: str | None
    rows: tuple[Row, ...]


class EvaluationService:
    """The shell of ratings and cases in one server."""

    def __init__(self) -> None:
        self.forged = Throttle(*FORGED)
        self._kernel: Kernel | None = None

    async def start(self, kernel: Kernel) -> None:
        self._kernel = kernel
        for hall in kernel.halls.values():
            if hall.version and not state_of(hall).windows:
                setup = kernel.store.read_now(partial(set_up, hall_id=hall.info.id))
                if setup.windows:
                    hall.apply_system(LearnSetup(setup=setup))

    @property
    def kernel(self) -> Kernel:
        assert self._kernel is not None, "not started"
        return self._kernel

    @property
    def workdays(self) -> Workdays:
        return self.kernel.workdays

    def token(self, ticket_id: str) -> str:
        return self.kernel.secret.ticket_token(ticket_id)

    # --- looking up ----------------------------------------------------------------------------

    def ticket_of(self, token: str, address: str) -> str:
        """The ticket that a token is of.

        Raises:
            NotFound: it was not made here.
            TooMany: too many of those came from this address.
        """
        try:
            return self.kernel.secret.ticket_of(token)
        except NotFound:
            self.forged.check(address)  # a real token passes: others may share the address
            self.forged.failed(address)
            raise NotFound("unknown_token", "评价链接无效，请重新扫描号票上的二维码。") from None

    async def request(self, ticket_id: str) -> tuple[Hall, Request] | None:
        """The service that ended for a ticket, and its hall; None: none has (yet)."""
        for hall in self.kernel.halls.values():
            known = state_of(hall).requests.get(ticket_id)
            if known is not None:
                return hall, known
        asked, rated = tables.evaluation_requests, tables.ratings.c
        query = (
            select(asked, rated.rated_ms)
            .select_from(asked.outerjoin(tables.ratings, rated.ticket_id == asked.c.ticket_id))
            .where(asked.c.ticket_id == ticket_id)
        )
        row = await self.kernel.store.read(lambda c: c.execute(query).one_or_none())
        if row is None or row.hall_id not in self.kernel.halls:
            return None
        return self.kernel.halls[row.hall_id], request_of(row, row.rated_ms)

    async def case(self, case_id: str) -> tuple[Hall, Case, str, Contact | None]:
        """A case with its hall, its text and whom to call back (unmasked).

        Raises:
            NotFound: there is none.
        """
        query = with_texts(select(tables.cases)).where(tables.cases.c.case_id == case_id)
        row = await self.kernel.store.read(lambda c: c.execute(query).one_or_none())
        hall = self.kernel.halls.get(row.hall_id) if row is not None else None
        if row is None or hall is None:
            raise NotFound("unknown_case", "没有这个案件。")
        return hall, case_of(row), row.text or "", self.opened(row.sealed)

    # --- texts and contacts --------------------------------------------------------------------

    def extras(
        self, hall: Hall, text: str, contact: GivenContact | None, actor: str, where: str = ""
    ) -> Extras:
        """What goes into the side tables. `where` starts the names of fields in problems.

        Raises:
            Invalid: the text is too long, the phone is none.
        """
        rows: list[Row] = []
        note = contact_id = None
        text = text.strip()
        if len(text) > TEXT_MAX:
            raise invalid(
                f"{where}text",
                f"最多 {TEXT_MAX} 个字。",
                f"Please use at most {TEXT_MAX} characters.",
            )
        if text:
            note = secrets.token_hex(8)
            rows.append(self.kernel.note_row(note, hall.info.id, text, actor))
        if contact is not None:
            contact_id = secrets.token_hex(8)
            rows.append(self._contact_row(contact_id, hall, contact, where))
        return Extras(note, contact_id, tuple(rows))

    def _contact_row(self, contact_id: str, hall: Hall, given: GivenContact, where: str) -> Row:
        name, phone = given.name.strip(), re.sub(r"[\s()（）]", "", given.phone)
        if len(name) > NAME_MAX or not (name.isprintable() or not name):
            raise invalid(
                f"{where}contact.name",
                f"姓名最多 {NAME_MAX} 个字。",
                f"The name can have at most {NAME_MAX} characters.",
            )
        if not PHONE.fullmatch(phone):
            raise invalid(
                f"{where}contact.phone",
                "电话号码不正确，请填写手机号或固定电话。",
                "This is no phone number. Please enter a mobile or landline number.",
            )
        plain = msgspec.json.encode({"name": name, "phone": phone}).decode()
        sealed = self.kernel.secret.encrypt(PURPOSE, plain)
        expires = millis(self.kernel.clock.now() + NOTE_LIFE)
        return (tables.evaluation_contacts, (contact_id, hall.info.id, sealed, expires))

    def opened(self, sealed: str | None) -> Contact | None:
        """Whom to call back; None: nobody said, or it has expired or can't be read any more."""
        if sealed is None:
            return None
        try:
            plain = self.kernel.secret.decrypt(PURPOSE, sealed)
        except ValueError:
            return None
        return msgspec.json.decode(plain, type=Contact)

    async def forget_contacts(self) -> None:
        """Delete those that have had their time."""
        table = tables.evaluation_contacts
        old = delete(table).where(table.c.expires_ms < millis(self.kernel.clock.now()))
        await self.kernel.writer.write(statements=[(old, {})])


def set_up(connection: Connection, hall_id: str) -> SetupChanged:
    """The windows, clerks and services of a hall, as its journal tells them: for a database of
    before there were ratings."""
    windows, clerks, services = {}, {}, {}
    for event in _setups(connection, hall_id):
        windows.update({window.number: window for window in event.windows})
        clerks.update({clerk.clerk_no: clerk for clerk in event.clerks})
        services.update({service.id: service for service in event.services})
        for number in event.removed_windows:
            windows.pop(number, None)
        for clerk_no in event.removed_clerks:
            clerks.pop(clerk_no, None)
        for service in event.removed_services:
            services.pop(service, None)
    return SetupChanged(
        windows=tuple(windows.values()),
        clerks=tuple(clerks.values()),
        services=tuple(services.values()),
    )


def windows_ever(connection: Connection, hall_id: str) -> frozenset[int]:
    """All that a hall has or had: people complain about a window after it was removed, too."""
    events = _setups(connection, hall_id)
    return frozenset(window.number for event in events for window in event.windows)


def _setups(connection: Connection, hall_id: str) -> Iterator[SetupChanged]:
    """How a hall was set up and changed, the oldest first."""
    table = core.journal.c
    query = (
        select(table.data)
        .where(table.hall_id == hall_id, table.type == NAMES[SetupChanged])
        .order_by(table.version)
    )
    for (data,) in connection.execute(query):
        yield msgspec.json.decode(data, type=SetupChanged)


def orders_imported(connection: Connection, hall_id: str, numbers: Iterable[str]) -> frozenset[str]:
    """Those of the hotline's numbers that a hall has cases of, however old."""
    case = tables.cases.c
    query = select(case.order_no).where(case.hall_id == hall_id, case.order_no.in_(list(numbers)))
    return frozenset(connection.execute(query).scalars())


def state_of(hall: Hall) -> EvaluationState:
    """The committed slice."""
    state: EvaluationState = hall.committed["evaluation"]
    return state


def with_texts(query: Any) -> Any:
    """Beside each case the text and the sealed contact that belong to it, while they are kept."""
    note, contact = core.notes, tables.evaluation_contacts
    cases = tables.cases
    joined = cases.outerjoin(note, note.c.note_id == cases.c.note).outerjoin(
        contact, contact.c.contact_id == cases.c.contact
    )
    return query.add_columns(note.c.text, contact.c.sealed).select_from(joined)


def texts_of(connection: Connection, notes: Iterable[str]) -> dict[str, str]:
    """Texts by their ids; those that have expired are missing."""
    table = core.notes
    query = select(table.c.note_id, table.c.text).where(table.c.note_id.in_(list(notes)))
    return {row.note_id: row.text for row in connection.execute(query)}
