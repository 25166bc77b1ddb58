"""The forms of a plan that are documents: markdown, html, junit, sarif.

A form is imported when it is asked for: most plans are shown as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reconciler.model.plan import Plan
from reconciler.model.views import Surroundings


def _markdown(plan: Plan, _around: Surroundings) -> str:
    from reconciler.reports.markdown import plan_markdown  # noqa: PLC0415  # see above

    return plan_markdown(plan)


def _html(plan: Plan, around: Surroundings) -> str:
    from reconciler.reports.html import plan_html  # noqa: PLC0415  # see above

    return plan_html(plan, around.views)


def _junit(plan: Plan, _around: Surroundings) -> str:
    from reconciler.reports.cases import plan_junit  # noqa: PLC0415  # see above

    return plan_junit(plan)


def _sarif(plan: Plan, around: Surroundings) -> str:
    from reconciler.reports.sarif import plan_sarif  # noqa: PLC0415  # see above

    return plan_sarif(plan, around.file, around.places)


def _suites(plan: Plan, _around: Surroundings) -> Sequence[Any]:
    from reconciler.reports.cases import plan_suites  # noqa: PLC0415  # see above

    return plan_suites(plan)


def _results(plan: Plan, around: Surroundings) -> Sequence[Any]:
    from reconciler.reports.sarif import plan_results  # noqa: PLC0415  # see above

    return plan_results(plan, around.file, around.places)


# By the name of ``--format``: the whole document.
FORMS: Mapping[str, Callable[[Plan, Surroundings], str]] = {
    "markdown": _markdown,
    "html": _html,
    "junit": _junit,
    "sarif": _sarif,
}
# Of the forms that put several files into one document: what a plan brings to it.
PARTS: Mapping[str, Callable[[Plan, Surroundings], Sequence[Any]]] = {
    "junit": _suites,
    "sarif": _results,
}
