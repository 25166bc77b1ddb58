"""Plans as people and machines see them, byte for byte; UPDATE_GOLDEN=1 rewrites them."""

import json
import os
from functools import cache
from pathlib import Path

import pytest

from reconciler.reports import forms
from reconciler.reports.documents import plan_document
from reconciler.reports.forms import Shown
from reconciler.reports.text import plan_lines
from tests.golden.scenes import SCENES

HERE = Path(__file__).parent


@cache
def scene(name):
    return SCENES[name]()


def text(at, detail=0):
    lines = plan_lines(at.plan, {c.name: seen for c, seen in at.pairs}, detail)
    return "".join(f"{line}\n" for _style, line in lines)


def document(at):
    return json.dumps(plan_document(at.plan, at.desired, [], "0" * 64), indent=1) + "\n"


def rendered(form):
    return lambda at: forms.FORMS[form](Shown(at.plan, at.pairs, "cluster.yaml", {})) + "\n"


ENDINGS = {"markdown": "md", "html": "html", "junit": "xml"}
FORMS = {
    ".txt": text,
    "-verbose.txt": lambda at: text(at, 1),
    ".json": document,
    **{f".{ENDINGS[form]}": rendered(form) for form in ENDINGS},
}


def matches(name, text):
    """Whether a golden file has this text, or now has it."""
    path = HERE / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("ending", FORMS)
@pytest.mark.parametrize("name", SCENES)
def test_every_plan_in_every_form(name, ending):
    matches(f"{name}{ending}", FORMS[ending](scene(name)))
