"""The forms of a plan that are documents: markdown, html, junit, sarif."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.plan import Plan
from reconciler.reports.cases import plan_junit
from reconciler.reports.html import plan_html
from reconciler.reports.markdown import plan_markdown
from reconciler.reports.sarif import plan_sarif


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan and what documents tell beside it: facts, its file, and places in that file."""

    plan: Plan
    pairs: Sequence[tuple[Cluster, Observed]]
    file: str
    places: Mapping[tuple[str, str], tuple[int, int]]


# By the name of ``--format``: the whole document.
FORMS: Mapping[str, Callable[[Shown], str]] = {
    "markdown": lambda shown: plan_markdown(shown.plan),
    "html": lambda shown: plan_html(shown.plan, shown.pairs),
    "junit": lambda shown: plan_junit(shown.plan),
    "sarif": lambda shown: plan_sarif(shown.plan, shown.file, shown.places),
}
