"""The forms of a plan that are documents: markdown, html, junit, sarif."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.model.plan import Plan
from reconciler.model.views import Surroundings
from reconciler.reports.cases import plan_junit
from reconciler.reports.html import plan_html
from reconciler.reports.markdown import plan_markdown
from reconciler.reports.sarif import plan_sarif

# By the name of ``--format``: the whole document.
FORMS: Mapping[str, Callable[[Plan, Surroundings], str]] = {
    "markdown": lambda plan, _around: plan_markdown(plan),
    "html": lambda plan, around: plan_html(plan, around.views),
    "junit": lambda plan, _around: plan_junit(plan),
    "sarif": lambda plan, around: plan_sarif(plan, around.file, around.places),
}
