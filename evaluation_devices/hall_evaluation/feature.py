"""Ratings and cases as a feature of the hall: rules, read models, view and routes in one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hall_core.events import (
    EvaluationRecorded,
    EvaluationRequested,
    Event,
    Recorded,
    ServiceFinished,
    StepUndone,
    TicketCalled,
)
from hall_core.features import Audience, Command, Context, Feature, Job, Part, Row
from hall_evaluation import rows
from hall_evaluation.domain import case_steps, cases, ratings, reminders, settings, view
from hall_evaluation.domain.apply import FOLDS, apply
from hall_evaluation.domain.commands import (
    ChangeEvaluationSettings,
    HandleCase,
    LearnSetup,
    OpenCases,
    Rate,
)
from hall_evaluation.domain.state import EvaluationState
from hall_evaluation.service import EvaluationService

if TYPE_CHECKING:
    from hall_core.http import Route
    from hall_core.kernel import Kernel


class EvaluationFeature(Feature):
    name = "evaluation"
    state_type = EvaluationState
    web = Path(__file__).parent / "web"
    listens = frozenset({*FOLDS, ServiceFinished, StepUndone})

    def __init__(self) -> None:
        self.service = EvaluationService()

    def commands(self) -> dict[type[Command], Callable[[Any, Any, Context], list[Event]]]:
        days = self.service  # its working days, which an import replaces
        return {
            Rate: lambda s, c, ctx: ratings.decide_rate(s, c, ctx, days.workdays),
            OpenCases: lambda s, c, ctx: cases.decide_open(s, c, ctx, days.workdays),
            HandleCase: lambda s, c, ctx: case_steps.decide_handle(s, c, ctx, days.workdays),
            ChangeEvaluationSettings: settings.decide_settings,
            LearnSetup: settings.decide_learn,
        }

    def apply(self, state: EvaluationState, record: Recorded) -> None:
        apply(state, record)

    def react(self, state: EvaluationState, record: Recorded, context: Context) -> list[Event]:
        event = record.event
        if isinstance(event, ServiceFinished):
            return ratings.on_finished(state, event, context, self.service.workdays)
        if isinstance(event, TicketCalled):
            return ratings.on_called(state, event, context)
        if isinstance(event, StepUndone):
            return ratings.on_undone(state, event)
        if isinstance(event, EvaluationRecorded):
            return cases.on_rated(state, event, context, self.service.workdays)
        return []

    def due(self, state: EvaluationState, context: Context) -> datetime | None:
        return reminders.due(state)

    def time_passed(self, state: EvaluationState, context: Context) -> list[Event]:
        return reminders.time_passed(state, context)

    def rows(self, state: EvaluationState, record: Recorded, hall_id: str) -> Iterable[Row]:
        return rows.rows(state, record, hall_id)

    def touched(self, state: EvaluationState, record: Recorded) -> Iterable[Part]:
        return view.touched(state, record)

    def parts(self) -> Sequence[str]:
        return view.PARTS

    def render(self, state: EvaluationState, part: Part, audience: Audience) -> Any:
        return view.render(state, part, audience, self.service.token)

    def reveal(self, record: Recorded, audience: Audience) -> dict[str, Any]:
        """The citizen's token, to the pads of the window that asks."""
        if isinstance(record.event, EvaluationRequested):
            return {"token": self.service.token(record.event.ticket_id)}
        return {}

    def routes(self) -> Sequence[Route]:
        from hall_evaluation.routes import routes

        return routes(self.service)

    async def start(self, kernel: Kernel) -> None:
        await self.service.start(kernel)

    def jobs(self, kernel: Kernel) -> Sequence[Job]:
        when = {"hour": 3, "minute": 50}
        return (Job(run=self.service.forget_contacts, trigger="cron", when=when),)
