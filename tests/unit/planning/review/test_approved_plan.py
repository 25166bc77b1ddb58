from dataclasses import replace

import pytest

from reconciler.planning.planner import make_plan
from reconciler.planning.review.approved_plan import (
    KEPT,
    ApprovedPlan,
    approve,
    lasting,
    objections,
    read_approved,
    read_found,
    strangers,
)
from reconciler.planning.review.digest import action_digest
from tests.builders import LUN, bare, spec, volume

PLAN = make_plan([(spec(), bare(spec()))])
FORMAT = make_plan([(spec(volumes=[volume()]), bare(spec()))])


def make_approved(plan, *devices):
    (cluster,) = plan.clusters
    actions = tuple(approve(action) for action in cluster.actions)
    return ApprovedPlan(plan.id, actions, lasting(cluster.outages), frozenset(devices))


def with_actions(plan, actions, **more):
    (cluster,) = plan.clusters
    return replace(
        plan, id="other", clusters=(replace(cluster, actions=tuple(actions), **more),)
    )


ACTIONS = PLAN.clusters[0].actions
WROTE = next(action for action in ACTIONS if action.kind == "write-cluster-conf")


@pytest.mark.parametrize("is_begun", [False, True])
def test_the_same_plan_is_covered_and_so_are_the_same_actions_on_other_facts(is_begun):
    assert objections(make_approved(PLAN), PLAN, is_begun=is_begun) == ()
    same = with_actions(PLAN, ACTIONS)
    assert objections(make_approved(PLAN), same, is_begun=is_begun) == ()


def test_it_is_covered_after_it_was_stored():
    kept = make_approved(FORMAT, LUN)
    found = read_approved(kept.id, kept.text(), f'["{LUN}"]')
    assert found == kept
    assert objections(found, with_actions(FORMAT, FORMAT.actions), is_begun=False) == ()


def test_where_nothing_is_to_be_done_nothing_needs_an_approval():
    assert objections(make_approved(PLAN), with_actions(PLAN, ()), is_begun=False) == ()


def test_a_rest_is_covered_only_once_it_is_begun():
    rest = with_actions(PLAN, ACTIONS[2:])
    assert objections(make_approved(PLAN), rest, is_begun=True) == ()
    first, second, *_ = objections(make_approved(PLAN), rest, is_begun=False)
    assert (first, second) == (f"{ACTIONS[0].id} is gone", f"{ACTIONS[1].id} is gone")


def test_a_rest_has_other_needs_and_another_number_among_its_like():
    renamed = replace(WROTE, id=f"{WROTE.id}/2", needs=(), because="of something else")
    assert objections(make_approved(PLAN), with_actions(PLAN, [renamed]), is_begun=True) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "write-fstab"},
        {"host": "node02"},
        {"address": "member/node09/cluster.conf"},
        {"risk": "outage"},
        {"command": replace(WROTE.command, stdin="another text")},
        {"expects": ()},
        {"requires": ()},
        {"unless": WROTE.expects},
        {"irreversible": True},
        {"device": "/dev/sdz"},
    ],
)
def test_a_rest_that_does_anything_else_is_not_covered(change):
    rest = with_actions(PLAN, [replace(WROTE, **change)])
    (told,) = objections(make_approved(PLAN), rest, is_begun=True)
    assert told == f"{WROTE.id} is not among the actions that were approved"


def test_what_a_plan_does_besides_is_told_by_name():
    other = replace(ACTIONS[0], expects=())
    more = replace(ACTIONS[1], id="ocfs2/node09/mount/images")
    told = objections(
        make_approved(PLAN), with_actions(PLAN, [other, *ACTIONS[1:], more]), is_begun=False
    )
    assert told[:2] == (f"{other.id} does something else", f"{more.id} is new")


def test_another_outage_or_another_order_is_not_covered():
    turned = with_actions(PLAN, (ACTIONS[1], ACTIONS[0], *ACTIONS[2:]))
    assert objections(make_approved(PLAN), turned, is_begun=False) == ("the order is another",)
    kept = replace(make_approved(PLAN), outages=("what nobody sees",))
    found = objections(kept, with_actions(PLAN, ACTIONS), is_begun=False)
    assert found == ("what it takes out of use is another",)


def test_a_format_is_covered_whole_and_where_it_was_accepted_and_never_as_a_rest():
    formats = next(action for action in FORMAT.actions if action.risk == "data")
    assert objections(make_approved(FORMAT, LUN), FORMAT, is_begun=True) == ()
    assert objections(make_approved(FORMAT), FORMAT, is_begun=False) == (
        f"{formats.id} formats {LUN}, and that was not accepted",
    )
    rest = with_actions(FORMAT, [formats])
    assert objections(make_approved(FORMAT, LUN), rest, is_begun=True) == (
        f"{formats.id} formats {LUN}, and what goes on formats nothing",
    )


def test_what_reconcile_had_noted_before_is_no_part_of_what_a_note_does():
    def note(before, path="/var/lib/reconcile/ocfs2/stopped.json"):
        argv = ("sh", "-c", "text", "gate", "write-file", path, "600", before, "new")
        command = replace(WROTE.command, argv=argv)
        return action_digest(replace(WROTE, command=command, requires=()))

    assert note("absent") == note("abc")
    assert note("absent", "/etc/fstab") != note("abc", "/etc/fstab")


def test_the_plan_of_a_document_is_the_one_that_would_be_approved():
    kept = make_approved(PLAN)
    steps = [{**asdict_of(action), "summary": "more"} for action in kept.actions]
    document = {"plan_id": PLAN.id, "steps": steps, "outages": []}
    found = read_found({**document, "machines": [["node01", "a"]]})
    assert (found.id, found.actions, found.machines) == (
        PLAN.id,
        kept.actions,
        (("node01", "a"),),
    )
    assert read_found(document).machines == ()
    assert objections(found, PLAN, is_begun=False) == ()
    with pytest.raises(KeyError):
        read_found({**document, "steps": [{"id": "a"}]})


def asdict_of(action):
    return {name: getattr(action, name) for name in KEPT}


def test_a_host_that_is_another_machine_than_was_approved_is_told():
    approved = replace(make_approved(PLAN), machines=(("node01", "a"), ("node02", "b")))
    assert strangers(approved, [("node01", "a"), ("node02", "b"), ("node03", "c")]) == ()
    assert strangers(approved, [("node01", "x")]) == ("node01 is another machine",)
    assert strangers(make_approved(PLAN), [("node01", "x")]) == ()
