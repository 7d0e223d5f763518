"""Replaying one hall's journal for `hall check`: what it tells, and the rows it makes.

Two folds run side by side: one from the first event, one from the last opening. Where the journal
is broken the state is unknown; the next opening takes it up again, so that one lost version does
not make a fault of everything after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Table

from hall_app.faults import ANY, Faults, differences, shown
from hall_core import events, tables
from hall_core.alerts import AlertsState, alert_row
from hall_core.clock import from_millis
from hall_core.events import DayOpened, Recorded
from hall_core.features import Feature
from hall_core.replay import Slices, new_slices
from hall_core.setup import HallInfo
from hall_evaluation import tables as evaluation_tables
from hall_evaluation.relay.tables import relay_outbox
from hall_queue import tables as queue_tables
from hall_queue.domain.invariants import violations
from hall_queue.domain.state import QueueState
from hall_queue.feature import ticket_row, window_row

Values = tuple[Any, ...]
_encoder = msgspec.json.Encoder()
decode_json = msgspec.json.Decoder().decode


class HallReplay:
    """Feed it every row of the journal in order, then `finish`.

    Args:
        openings: version -> day of the openings that are there.
        read_opening: the stored state of one of them.
        compare: rows that must be in a table now, exactly.
    """

    def __init__(
        self,
        info: HallInfo,
        features: Sequence[Feature],
        faults: Faults,
        openings: dict[int, str],
        read_opening: Callable[[int], str],
        compare: Callable[[Table, list[Values]], None],
    ) -> None:
        self.hall_id = info.id
        self.whole = True  # every version was there and could be applied
        self.made: dict[Table, int] = {}  # distinct rows that the events make
        self._features = features
        self._faults = faults
        self._openings = openings
        self._read_opening = read_opening
        self._compare = compare
        self._version = 0
        self._last_ms = 0
        self._first: Slices | None = new_slices(features)
        self._opened: Slices | None = None
        self._opened_at = 0
        self._day_opened: Recorded | None = None  # whose opening was not seen yet
        self._rows: dict[Table, dict[Values, Values]] = {}

    # --- the journal ---------------------------------------------------------------------------

    def event(self, version: int, at_ms: int, actor: str, type_: str, data: str) -> None:
        """The next row of the journal."""
        if version != self._version + 1:
            self._missing(self._version + 1, version - 1)
        self._version = version
        if at_ms < self._last_ms and type_ != "clock_confirmed":
            earlier, later = from_millis(at_ms), from_millis(self._last_ms)
            self._fault("times", f"is from {earlier}, but the journal was at {later} already")
        # When a person confirmed the clock, time may go on from before what is recorded.
        self._last_ms = at_ms if type_ == "clock_confirmed" else max(self._last_ms, at_ms)
        try:
            record = Recorded(version, from_millis(at_ms), actor, events.decode(type_, data))
        except KeyError:
            self._fault("event types", f"there is no event type {shown(type_)}")
            self._lose()
        except (ValueError, TypeError, OverflowError) as error:
            self._fault("event data", f"the data of {type_} can't be read: {error}")
            self._lose()
        else:
            belongs = self._pair(record)
            self._fold(record)
            if belongs:
                self._at_opening()
            return
        if version in self._openings:
            self._at_opening()

    def finish(self) -> None:
        """After the last row."""
        self._unpaired(None)
        for version, day in self._openings.items():
            if version > self._version:
                self._fault("openings", f"the opening of {day} is past the end of the journal",
                            version)  # fmt: skip
        self._same_as_opened()
        self._check_state()
        self._compare_rows(lambda table, row: True)

    def _fault(self, kind: str, text: str, version: int | None = None) -> None:
        where = f"version {self._version if version is None else version}"
        self._faults.add(kind, where, text, self.hall_id)

    def _missing(self, first: int, last: int) -> None:
        if last < first:
            self._fault("versions", f"{last + 1} stands where {first} belongs", first)
        elif first == last:
            self._fault("versions", "is missing from the journal", first)
        else:
            text = f"is missing from the journal, and all up to {last}"
            self._fault("versions", text, first)
        self._lose()

    def _lose(self) -> None:
        """The state is unknown from here to the next opening."""
        self.whole = False
        self._first = self._opened = None
        self._rows.clear()

    # --- the state -----------------------------------------------------------------------------

    def _fold(self, record: Recorded) -> None:
        try:
            for slices in (self._first, self._opened):
                if slices is not None:
                    for feature in self._features:
                        feature.apply(slices[feature.name], record)
            if self._first is not None:
                self._make_rows(self._first, record)
        except Exception as error:  # what was never decided may fail in any way
            self._fault("events", f"{record.type} does not fit the state: {error!r}")
            self._lose()

    def _make_rows(self, slices: Slices, record: Recorded) -> None:
        for feature in self._features:
            for table, values in feature.rows(slices[feature.name], record, self.hall_id):
                rows = self._rows.setdefault(table, {})
                key = key_of(table, values)
                if key not in rows:
                    self.made[table] = self.made.get(table, 0) + 1
                rows[key] = values

    def _at_opening(self) -> None:
        before, self._opened = self._opened, None
        try:
            stored = decode_slices(self._read_opening(self._version), self._features)
        except (ValueError, TypeError) as error:
            self._fault("openings", f"the opening can't be read: {error}")
            return
        if self._first is None:
            self._first = self._copy(stored)
        elif self._differ("openings", self._first, stored, "the opening says"):
            return
        if before is not None:
            self._opened = before
            self._same_as_opened()
        self._opened, self._opened_at = stored, self._version
        for feature in self._features:
            if feature.name not in stored:  # younger than the opening: it starts empty there
                self._first[feature.name] = feature.new_state()
                stored[feature.name] = feature.new_state()
        self._check_state()
        self._compare_rows(self._settled)

    def _same_as_opened(self) -> None:
        if self._first is not None and self._opened is not None:
            text = f"replayed from the opening at version {self._opened_at}"
            self._differ("replay", self._first, self._opened, text)

    def _differ(self, kind: str, expected: Slices, found: Slices, text: str) -> bool:
        """Report where two states differ, as they are stored."""
        differ = False
        for name in found:
            one, other = _encoder.encode(expected[name]), _encoder.encode(found[name])
            if one != other:
                differ = True
                for line in differences(decode_json(one), decode_json(other), name):
                    self._fault(kind, f"{text} {line}")
        return differ

    def _copy(self, slices: Slices) -> Slices:
        return {
            feature.name: msgspec.json.decode(
                _encoder.encode(slices[feature.name]), type=feature.state_type
            )
            for feature in self._features
            if feature.name in slices
        }

    def _check_state(self) -> None:
        if self._first is not None and "queue" in self._first:
            for line in violations(self._first["queue"]):
                self._fault("state", line)

    # --- openings ------------------------------------------------------------------------------

    def _pair(self, record: Recorded) -> bool:
        """Every day_opened has its opening, at a version of the same decision.

        Gives whether an opening that may be believed is here.
        """
        self._unpaired(record)
        if isinstance(record.event, DayOpened):
            self._day_opened = record
        day = self._openings.get(record.version)
        if day is None:
            return False
        opened, self._day_opened = self._day_opened, None
        if opened is None or not isinstance(opened.event, DayOpened):
            self._fault("openings", f"the opening of {day} belongs to no day_opened")
            return self._first is None  # better than nothing, where versions are missing
        if opened.event.day != day:
            self._fault("openings", f"the opening of {day} follows day_opened {opened.event.day}")
        return True

    def _unpaired(self, record: Recorded | None) -> None:
        """Another decision began (or the journal ended): was the day's opening seen?"""
        opened = self._day_opened
        if opened is None:
            return
        if record is None or (record.at, record.actor) != (opened.at, opened.actor):
            self._fault("openings", "day_opened has no opening", opened.version)
            self._day_opened = None

    # --- the rows ------------------------------------------------------------------------------

    def _settled(self, table: Table, row: Values) -> bool:
        """Whether no later event can change this row."""
        assert self._first is not None
        if table is queue_tables.tickets:
            queue: QueueState = self._first["queue"]
            return row[0] not in queue.tickets
        if table is queue_tables.absences:
            return row[_CLEARED] is not None
        if table is tables.alerts:
            alerts: AlertsState = self._first["alerts"]
            return row[1] not in alerts.alerts
        if table is evaluation_tables.evaluation_requests:
            return row[0] not in self._first["evaluation"].requests
        if table is evaluation_tables.cases:
            return row[0] not in self._first["evaluation"].cases
        return table in _FACTS

    def _compare_rows(self, ready: Callable[[Table, Values], bool]) -> None:
        if self._first is None:
            return
        for table, values in self._live_rows(self._first):
            self._rows.setdefault(table, {})[key_of(table, values)] = values
        for table, rows in self._rows.items():
            done = {key: row for key, row in rows.items() if ready(table, row)}
            if done:
                self._compare(table, list(done.values()))
            for key in done:
                del rows[key]

    def _live_rows(self, slices: Slices) -> Iterator[tuple[Table, Values]]:
        """What the rows of everything in the state must say, whether or not an event made them."""
        queue: QueueState = slices["queue"]
        alerts: AlertsState = slices["alerts"]
        for ticket_id, ticket in queue.tickets.items():
            version = self._last_of(queue_tables.tickets, (ticket_id,), -1)
            yield queue_tables.tickets, ticket_row(self.hall_id, ticket, version)
        for post in queue.posts.values():
            yield queue_tables.windows, window_row(self.hall_id, post)
        for alert_id, alert in alerts.alerts.items():
            changed = self._last_of(tables.alerts, (self.hall_id, alert_id), _CHANGED)
            row = alert_row(self.hall_id, alert, alert.since)
            yield tables.alerts, (*row[:_CHANGED], changed, *row[_CHANGED + 1 :])

    def _last_of(self, table: Table, key: Values, column: int) -> Any:
        """A column that only the event knows, from the row that it made."""
        made = self._rows.get(table, {}).get(key)
        return ANY if made is None else made[column]


# Rows that never change, as far as the journal knows.
_FACTS = frozenset({evaluation_tables.ratings, evaluation_tables.case_steps, relay_outbox})
_CLEARED = list(queue_tables.absences.columns).index(queue_tables.absences.c.cleared_ms)
_CHANGED = list(tables.alerts.columns).index(tables.alerts.c.changed_ms)


def key_of(table: Table, values: Values) -> Values:
    """The primary key of a row."""
    return tuple([values[place] for place in _key_places(table)])


@cache
def _key_places(table: Table) -> tuple[int, ...]:
    keys = set(table.primary_key.columns)
    return tuple(place for place, column in enumerate(table.columns) if column in keys)


def decode_slices(text: str, features: Sequence[Feature]) -> Slices:
    """The slices that an opening holds.

    Raises:
        ValueError: it is not the state of a hall.
    """
    stored = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    return {
        feature.name: msgspec.json.decode(stored[feature.name], type=feature.state_type)
        for feature in features
        if feature.name in stored
    }
