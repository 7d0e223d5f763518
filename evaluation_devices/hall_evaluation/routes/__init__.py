"""The HTTP surface of ratings and cases."""

from __future__ import annotations

from hall_core.http import Route
from hall_evaluation import figures_routes
from hall_evaluation.routes import cases, complaints, rating
from hall_evaluation.service import EvaluationService


def routes(service: EvaluationService) -> list[Route]:
    return [
        *rating.routes(service),
        *complaints.routes(service),
        *cases.routes(service),
        *figures_routes.routes(),
    ]
