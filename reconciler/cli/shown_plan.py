"""A plan in the form that was asked for, just made or saved: on the terminal, or as a text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from reconciler.cli.terminal import plain, show
from reconciler.frozen import frozen
from reconciler.loading.saved import SavedPlan
from reconciler.model.plan import Plan
from reconciler.model.views import Surroundings
from reconciler.reports.forms import FORMS, PARTS
from reconciler.reports.restored import restore_plan
from reconciler.reports.text import plan_lines

PLAN_FORMS = ("text", "json", *FORMS)


@frozen
class ShownPlan:
    """A plan, what it is shown with, and its document, made where it is asked for."""

    plan: Plan
    around: Surroundings
    document: Callable[[], Mapping[str, Any]]

    def show(self, form: str, detail: int, *, no_color: bool) -> None:
        """On stdout."""
        if form == "text":
            show(plan_lines(self.plan, self.around.views, detail), no_color)
        else:
            click.echo(self.text(form, detail), nl=False)

    def parts(self, form: str) -> Sequence[Any]:
        """What it brings to a document of several files: suites, or results."""
        return PARTS[form](self.plan, self.around)

    def text(self, form: str, detail: int) -> str:
        """The whole document, with the end of its last line."""
        if form == "json":
            return json.dumps(self.document(), indent=1, default=str) + "\n"
        if form == "text":
            lines = plan_lines(self.plan, self.around.views, detail)
            return "".join(f"{plain(line)}\n" for _style, line in lines)
        return FORMS[form](self.plan, self.around) + "\n"


def show_saved_plan(saved: SavedPlan) -> ShownPlan:
    """A plan out of a file. Raises InputError for one that this version cannot show."""
    plan, around = restore_plan(saved.plan)
    return ShownPlan(plan, around, lambda: saved.document)
