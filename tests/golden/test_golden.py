"""Plans as people and machines see them, byte for byte; UPDATE_GOLDEN=1 rewrites them."""

import json
import os
from functools import cache
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from reconciler.model.documents import PlanDocument
from reconciler.model.views import Surroundings
from reconciler.reports import explain, forms
from reconciler.reports.documents import plan_document
from reconciler.reports.plan_views import plan_views
from reconciler.reports.restored import restore_plan
from reconciler.reports.text import plan_lines
from tests.golden.scenes import SCENES

HERE = Path(__file__).parent


@cache
def scene(name):
    return SCENES[name]()


def text(at, detail=0):
    lines = plan_lines(at.plan, plan_views(at.plan, at.pairs), detail)
    return "".join(f"{line}\n" for _style, line in lines)


def document(at):
    return (
        json.dumps(plan_document(at.plan, at.desired, [], "0" * 64, around(at)), indent=1)
        + "\n"
    )


def around(at, places=None):
    return Surroundings("cluster.yaml", places or {}, plan_views(at.plan, at.pairs))


def rendered(form):
    return lambda at: forms.FORMS[form](at.plan, around(at)) + "\n"


ENDINGS = {"markdown": "md", "html": "html", "junit": "xml"}
FORMS = {
    ".txt": text,
    "-verbose.txt": lambda at: text(at, 1),
    ".json": document,
    **{f".{ENDINGS[form]}": rendered(form) for form in ENDINGS},
}


def sarif(at):
    """With places as in a file of one line a thing; the pages of explain are left out."""
    things = [
        (cluster.name, thing)
        for cluster, _seen in at.pairs
        for thing in (
            "",
            *(f"member/{m.name}" for m in cluster.members),
            *(f"volume/{v.label}" for v in cluster.volumes),
        )
    ]
    places = {cluster.name: {} for cluster, _seen in at.pairs}
    for line, (cluster, thing) in enumerate(things, 3):
        places[cluster][thing] = {"": (line, 9)}
    text = forms.FORMS["sarif"](at.plan, around(at, places)) + "\n"
    pages = {word for word in explain.codes() if f'"{word}"' in text}
    for code in pages:
        text = text.replace(json.dumps(explain.page(code), ensure_ascii=False), '"its page"')
    return text


def matches(name, text):
    """Whether a golden file has this text, or now has it."""
    path = HERE / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


# A page repeats what the other forms say: one of a plan, and one of what blocks it, are read.
PAGES = frozenset({"grow-offline", "blocked"})
CASES = [(n, e) for n in SCENES for e in FORMS if e != ".html" or n in PAGES]


@pytest.mark.parametrize(("name", "ending"), CASES)
def test_every_plan_in_every_form(name, ending):
    matches(f"{name}{ending}", FORMS[ending](scene(name)))


@pytest.mark.parametrize("name", SCENES)
def test_a_saved_plan_is_shown_as_when_it_was_made(name):
    at = scene(name)
    saved = TypeAdapter(PlanDocument).validate_json(document(at), strict=True)
    plan, surroundings = restore_plan(saved)
    assert surroundings == around(at)
    for detail in (0, 1):
        lines = plan_lines(plan, surroundings.views, detail)
        assert [*lines] == [*plan_lines(at.plan, plan_views(at.plan, at.pairs), detail)]
    for form in forms.FORMS.values():
        assert form(plan, surroundings) == form(at.plan, around(at))


# Refusals of one cluster and of one of two, a finding (another is mended by the plan), neither.
@pytest.mark.parametrize("name", ["blocked", "two-clusters", "forecast", "empty"])
def test_what_is_refused_or_found_as_code_hosts_take_it(name):
    matches(f"{name}.sarif", sarif(scene(name)))
