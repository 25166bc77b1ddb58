"""The forms of a plan that are documents: markdown, html, junit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.plan import Plan
from reconciler.reports.cases import plan_junit
from reconciler.reports.html import plan_html
from reconciler.reports.markdown import plan_markdown

Pairs = Sequence[tuple[Cluster, Observed]]

# By the name of ``--format``: the whole document.
FORMS: Mapping[str, Callable[[Plan, Pairs], str]] = {
    "markdown": lambda plan, _pairs: plan_markdown(plan),
    "html": plan_html,
    "junit": lambda plan, _pairs: plan_junit(plan),
}
