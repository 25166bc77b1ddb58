"""What a plan of many members says alike stands once in what people read."""

from __future__ import annotations

import pytest

from reconciler.model.plan import Action, Fact
from reconciler.planning.planner import make_plan
from reconciler.reports.doings import doings
from reconciler.reports.grouping import Step, shared_pairs
from reconciler.reports.html import plan_html
from reconciler.reports.markdown import plan_markdown
from reconciler.reports.plan_views import plan_views
from tests.bench.planning import setting

HOSTS = ("n1", "n2", "n3", "n4")


@pytest.fixture(scope="module")
def compact():
    """128 members that close up in their numbers, a quarter of them at once."""
    pairs = [setting("compact", 128)]
    plan = make_plan(pairs)
    return plan, plan_views(plan, pairs)


def test_an_action_is_a_few_hundred_bytes_of_the_page(compact):
    plan, views = compact
    assert len(plan_html(plan, views).encode()) < 400 * len(plan.actions) < 1_000_000


def test_an_action_is_a_few_hundred_bytes_of_the_markdown(compact):
    plan, _views = compact
    assert len(plan_markdown(plan).encode()) < 200 * len(plan.actions)


def barrier(facts):
    """A step that is one barrier with these proofs."""
    return Step(1, (Action("i", "connected", "", "a", "s", "b", "safe", None, facts),))


def reaches(host, others):
    return Fact((host,), "reaches", " ".join(others), "all")


def proofs(facts):
    return [proof for doing in doings(barrier(facts)) for proof in doing.proofs]


def test_that_each_reaches_all_others_is_said_once():
    facts = tuple(reaches(h, [o for o in HOSTS if o != h]) for h in HOSTS)
    (words,) = proofs(facts)
    assert words == "each of n[1-4]: reaches all but its own of n1 n2 n3 n4 = all"


@pytest.mark.parametrize(
    "facts",
    [
        tuple(reaches(h, [o for o in HOSTS if o not in {h, "n1"}]) for h in HOSTS),
        tuple(reaches(h, ["n2", "n3", "n4"]) for h in HOSTS),
        tuple(reaches(h, [o for o in HOSTS if o != h]) for h in HOSTS[:3]),
    ],
)
def test_what_is_not_the_same_of_each_is_said_of_each(facts):
    assert proofs(facts) == [f"{f.hosts[0]}: reaches {f.subject} = all" for f in facts]


def test_a_proof_of_many_hosts_folds_their_names():
    assert proofs((Fact(HOSTS, "live-nodes", "c", None),)) == [
        "n[1-4]: live-nodes c = the same"
    ]


def test_facts_that_many_hosts_have_stand_once_and_what_is_their_own_with_each():
    same, own = ("system", "debian"), ("mounts", "/srv")
    facts = dict.fromkeys(HOSTS, (same,)) | {"n2": (same, own), "san": (("sd", "a"),)}
    assert shared_pairs(facts) == {HOSTS: [same], ("n2",): [own], ("san",): [("sd", "a")]}


def test_facts_of_few_hosts_stand_with_each():
    facts = dict.fromkeys(HOSTS[:3], (("system", "debian"),))
    assert shared_pairs(facts) == {(host,): [("system", "debian")] for host in HOSTS[:3]}
