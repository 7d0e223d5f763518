"""The relay as a feature of the hall: what is rated goes into the outbox in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from hall_core.clock import millis
from hall_core.events import (
    AlertChanged,
    AlertRaised,
    EvaluationRecorded,
    Event,
    Recorded,
    RelayChanged,
)
from hall_core.features import Command, Context, Feature, Job, Row
from hall_evaluation.relay.state import (
    ChangeRelay,
    RelayState,
    ReportRelay,
    apply,
    decide_change,
    decide_report,
)
from hall_evaluation.relay.tables import relay_outbox

if TYPE_CHECKING:
    from hall_core.http import Route
    from hall_core.kernel import Kernel
    from hall_evaluation.relay.sender import Sender


class RelayFeature(Feature):
    name = "relay"
    state_type = RelayState
    listens = frozenset({EvaluationRecorded, RelayChanged, AlertRaised, AlertChanged})

    def __init__(self) -> None:
        self.sender: Sender | None = None

    async def start(self, kernel: Kernel) -> None:
        from hall_evaluation.relay.sender import Sender

        self.sender = Sender(kernel)

    def commands(self) -> dict[type[Command], Callable[[Any, Any, Context], list[Event]]]:
        return {ChangeRelay: decide_change, ReportRelay: decide_report}

    def apply(self, state: RelayState, record: Recorded) -> None:
        apply(state, record)

    def rows(self, state: RelayState, record: Recorded, hall_id: str) -> Iterable[Row]:
        event = record.event
        rated = isinstance(event, EvaluationRecorded) and state.settings.enabled
        if self.sender is not None and (rated or isinstance(event, RelayChanged)):
            self.sender.wake(hall_id, afresh=not rated)  # it waits for the commit itself
        if isinstance(event, EvaluationRecorded) and rated:
            yield outbox_row(hall_id, event.ticket_id, millis(record.at))

    def routes(self) -> Sequence[Route]:
        from hall_evaluation.relay.routes import routes

        return routes(self._send_again)

    def _send_again(self, hall_id: str) -> None:
        assert self.sender is not None, "not started"
        self.sender.send_again(hall_id)

    def jobs(self, kernel: Kernel) -> Sequence[Job]:
        assert self.sender is not None, "not started"
        return (Job(self.sender.start, "date", {}),)  # in a server only, and at once

    async def stop(self) -> None:
        if self.sender is not None:
            await self.sender.stop()


def outbox_row(hall_id: str, ticket_id: str, made_ms: int) -> Row:
    """A rating that waits for its first attempt."""
    return (relay_outbox, (hall_id, ticket_id, made_ms, "waiting", 0, None, None, ""))
