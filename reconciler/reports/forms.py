"""The forms of a plan that are documents: markdown, html, junit, sarif."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reconciler.model.plan import Plan
from reconciler.model.views import Surroundings
from reconciler.reports.cases import plan_junit, plan_suites
from reconciler.reports.html import plan_html
from reconciler.reports.markdown import plan_markdown
from reconciler.reports.sarif import plan_results, plan_sarif

# By the name of ``--format``: the whole document.
FORMS: Mapping[str, Callable[[Plan, Surroundings], str]] = {
    "markdown": lambda plan, _around: plan_markdown(plan),
    "html": lambda plan, around: plan_html(plan, around.views),
    "junit": lambda plan, _around: plan_junit(plan),
    "sarif": lambda plan, around: plan_sarif(plan, around.file, around.places),
}
# Of the forms that put several files into one document: what a plan brings to it.
PARTS: Mapping[str, Callable[[Plan, Surroundings], Sequence[Any]]] = {
    "junit": lambda plan, _around: plan_suites(plan),
    "sarif": lambda plan, around: plan_results(plan, around.file, around.places),
}
