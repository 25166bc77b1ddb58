"""An outage is said where there is one: on the host that loses something, and on no other."""

import re
from functools import cache

import pytest

from reconciler.model.views import Surroundings
from reconciler.planning.kinds import TAKES, having
from reconciler.reports.documents import plan_document
from reconciler.reports.explanation import explanation_document, matter
from reconciler.reports.forms import FORMS
from reconciler.reports.grouping import steps
from reconciler.reports.plan_views import plan_views
from reconciler.reports.runbook import runbook_document, runbook_lines
from reconciler.reports.text import plan_lines
from reconciler.reports.timeline import timeline, windows
from tests.golden.scenes import SCENES

NAMES = ("leave", "renumber", "grow-offline", "guests", "join", "grow-online")


@cache
def scene(name):
    return SCENES[name]()


def actions(name):
    return scene(name).plan.actions


def losing(name):
    """The ids of what takes something away, by the table of kinds."""
    return {a.id for a in actions(name) if a.kind in having(TAKES) and a.risk == "outage"}


def around(at):
    return Surroundings("cluster.yaml", {}, plan_views(at.plan, at.pairs))


def rendered(name, form):
    at = scene(name)
    return FORMS[form](at.plan, around(at))


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def expected(name):
    """Of each step, whether it takes something from anybody."""
    lost = losing(name)
    return [any(a.id in lost for a in step.actions) for step in steps(actions(name))]


def test_some_have_the_risk_of_an_eviction_and_lose_nothing():
    risky = {a.id for a in actions("leave") if a.risk == "outage"}
    assert {a.kind for a in actions("leave") if a.id in risky - losing("leave")} == {
        "write-cluster-conf",
        "archive-cluster-conf",
    }


def test_json_says_it_of_each_action(name):
    at = scene(name)
    document = plan_document(at.plan, at.desired, (), "", around(at))
    told = {a["id"] for c in document["clusters"] for a in c["actions"] if a["outage"]}
    assert told == losing(name)
    whole = explanation_document(matter(at.plan, "cluster/ocfs2"), at.plan)
    assert {a["id"] for a in whole["actions"] if a["outage"]} <= told


def test_the_terminal_paints_it(name):
    at = scene(name)
    lines = plan_lines(at.plan, around(at).views, 0)
    told = [style for style, line in lines if style != "title" and re.match(r" *\d+ ", line)]
    painted = [style == "warn" for style in told]
    assert painted == expected(name)


def test_the_comment_has_it_in_the_table_and_in_the_graph(name):
    text = rendered(name, "markdown")
    rows = re.findall(r"^\| \d+ \|.*$", text, re.MULTILINE)
    assert ["**outage**" in row for row in rows] == expected(name)
    boxes = re.findall(r'\["(.*)"\](:::outage)?$', text, re.MULTILINE)
    takes = [bool(mark) for words, mark in boxes if mark]
    assert bool(takes) == any(expected(name))
    for words, mark in boxes:
        numbers = [int(n) for n in re.findall(r"(?:^|<br/>)(\d+) ", words)]
        assert not mark or any(expected(name)[n - 1] for n in numbers)


def test_the_page_has_it_in_the_table_and_in_the_lanes(name):
    text = rendered(name, "html")
    rows = re.findall(r'<tr id="c0-\d+".*?</tr>', text, re.DOTALL)
    assert ['class="risk outage"' in row for row in rows] == expected(name)
    assert text.count('class="bar outage"') == len(losing(name))


def test_junit_says_it_of_each_step(name):
    text = rendered(name, "junit")
    cases = re.findall(r"<testcase [^>]*name=\"step \d+ .*?</testcase>", text, re.DOTALL)
    assert ["risk: outage" in case for case in cases] == expected(name)


def test_the_runbook_names_the_hosts_that_lose_something(name):
    at = scene(name)
    document = runbook_document(at.plan, at.pairs)
    lost = losing(name)
    found = steps(actions(name))
    for step, shown in zip(found, document["clusters"][0]["steps"], strict=True):
        hosts = {a.host for a in step.actions if a.id in lost}
        told = [w for w in shown["warnings"] if w.startswith("OUTAGE")]
        assert {h for w in told for h in re.split(", ", w[10:].split(": ")[0])} == hosts
        assert shown["outage"] == bool(hosts)
    words = "\n".join(line for _style, line in runbook_lines(at.plan, at.pairs))
    assert words.count("**OUTAGE") == sum(
        len([w for w in s["warnings"] if w.startswith("OUTAGE")])
        for s in document["clusters"][0]["steps"]
    )


def test_the_windows_of_the_lanes_are_of_hosts_that_lose_something(name):
    shaded = {window.host for window in windows(timeline(actions(name)))}
    assert shaded == {a.host for a in actions(name) if a.id in losing(name)}
