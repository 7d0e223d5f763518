"""Printing as a feature of the hall. Its state is the hall's words on tickets, nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hall_core.events import Recorded, TextsChanged
from hall_core.features import Feature, Job
from hall_core.texts import TICKET_TEXTS
from hall_queue.printing.service import Printing, PrintingState
from hall_queue.service import QueueService

if TYPE_CHECKING:
    from hall_core.http import Route
    from hall_core.kernel import Kernel


class PrintingFeature(Feature):
    name = "printing"
    state_type = PrintingState
    listens = frozenset({TextsChanged})

    def __init__(self, queue: QueueService) -> None:
        self._printing = Printing(queue)

    async def start(self, kernel: Kernel) -> None:
        self._printing.kernel = kernel

    def apply(self, state: PrintingState, record: Recorded) -> None:
        if isinstance(record.event, TextsChanged):
            for key, text in record.event.texts.items():
                if key in TICKET_TEXTS:
                    state.texts[key] = text
                    if not text:  # back to the default
                        del state.texts[key]

    def routes(self) -> Sequence[Route]:
        from hall_queue.printing.routes import routes

        return routes(self._printing)

    def jobs(self, kernel: Kernel) -> Sequence[Job]:
        return [Job(self._printing.expire, "cron", {"hour": 3, "minute": 40})]
