"""What ``-o`` writes: its name and ``--format`` say the same, or the command line is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
from click.core import ParameterSource

from reconciler.errors import UsageError
from reconciler.model.documents import PLAN_NAME

# The document that another command reads: a plan to be applied, facts to plan from.
DOCUMENT = "json"
# The forms that a name may have by its ending, the first that fits; any other name fits all.
ENDINGS: Mapping[str, tuple[str, ...]] = {
    PLAN_NAME: (DOCUMENT,),
    ".sarif.json": ("sarif",),
    ".json": (DOCUMENT, "sarif"),
    ".sarif": ("sarif",),
    ".html": ("html",),
    ".htm": ("html",),
    ".md": ("markdown",),
    ".markdown": ("markdown",),
    ".xml": ("junit",),
    ".txt": ("text",),
}


def written_form(output: str, form: str) -> str:
    """The form that a plan is written in; ``NAME.plan.json`` is its document, whatever is shown.

    So is any name without ``--format`` on the command line. Raises UsageError where the name is
    that of another form.
    """
    fitting = _fitting(output)
    if output.lower().endswith(PLAN_NAME):
        return DOCUMENT
    if is_given("form"):
        if form not in fitting:
            raise UsageError(f"-o {output} is no name for {form}: {_remedy(output, form)}")
        return form
    if not {DOCUMENT, "text"} & set(fitting):
        raise UsageError(
            f"-o {output} without --format would be the plan document: add --format "
            f"{fitting[0]}, or name it {_renamed(output, PLAN_NAME)}"
        )
    return DOCUMENT


def check_facts_name(output: str) -> None:
    """Facts are always written as JSON. Raises UsageError for the name of another form."""
    if DOCUMENT not in _fitting(output):
        better = _renamed(output, ".json")
        raise UsageError(
            f"-o writes the facts as JSON, and {output} is no name for it: -o {better}"
        )


def is_given(option: str) -> bool:
    """Whether an option of the running command stands on its command line."""
    source = click.get_current_context().get_parameter_source(option)
    return source is ParameterSource.COMMANDLINE


def _ending(output: str) -> str:
    return next((end for end in ENDINGS if output.lower().endswith(end)), "")


def _fitting(output: str) -> tuple[str, ...]:
    every = tuple(dict.fromkeys(form for forms in ENDINGS.values() for form in forms))
    return ENDINGS.get(_ending(output), every)


def _renamed(output: str, ending: str) -> str:
    stem = output[: len(output) - len(_ending(output))]
    return f"{stem or Path(output).stem}{ending}"


def _remedy(output: str, form: str) -> str:
    meant = next(end for end, forms in ENDINGS.items() if form in forms and end != PLAN_NAME)
    return f"name it {_renamed(output, meant)}, or say --format {_fitting(output)[0]}"
