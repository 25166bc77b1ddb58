from graphlib import TopologicalSorter

from reconciler.model.plan import Action, Command
from reconciler.reports.mermaid import MOST_STAGES, graph
from reconciler.reports.timeline import Window, stages, timeline, windows


def action(name, host="", kind="kind", **more):
    command = Command(("true",)) if host else None
    given = {"seconds": 10.0, "risk": "safe", **more}
    risk = given.pop("risk")
    return Action(name, kind, host, "x", name, "", risk, command, (), **given)


def times(*actions):
    return {bar.action.id: (bar.start, bar.end) for bar in timeline(actions)}


def test_hosts_work_side_by_side_each_at_one_thing():
    assert times(action("a1", "a"), action("b1", "b"), action("a2", "a")) == {
        "a1": (0, 10),
        "b1": (0, 10),
        "a2": (10, 20),
    }


def test_what_needs_something_waits_for_it_and_others_go_before():
    found = times(
        action("a1", "a"),
        action("wait", needs=("a1",), seconds=2),
        action("b1", "b", needs=("wait", "not in this plan")),
        action("b2", "b", seconds=1),
    )
    assert found == {"a1": (0, 10), "b2": (0, 2), "wait": (10, 12), "b1": (12, 22)}


def test_an_outage_lasts_from_the_first_taking_to_the_last_giving_back():
    taken = {"risk": "outage"}
    bars = timeline(
        [
            action("note", "a"),
            action("stop", "a", kind="stop-service", **taken),
            action("unmount", "a", kind="unmount", **taken),
            action("mount", "a", kind="mount"),
            action("start", "a", kind="start-service"),
            action("after", "a"),
            action("again", "a", kind="unmount", **taken),
            action("end", "a"),
            action("b1", "b", kind="mount"),
        ]
    )
    assert windows(bars) == (
        Window("a", 10, 50, ended=True),
        Window("a", 60, 80, ended=False),
    )


def test_stages_never_wait_in_a_circle():
    """Each waits for the middle of what the other does in a row."""
    found = stages(
        timeline(
            [
                action("a1", "a"),
                action("b1", "b"),
                action("a2", "a", needs=("b1",)),
                action("b2", "b", needs=("a1",)),
                action("a3", "a"),
            ]
        )
    )
    assert [[a.id for a in stage.actions] for stage in found] == [
        *(["a1"], ["b1"], ["a2", "a3"], ["b2"])
    ]
    assert [stage.needs for stage in found] == [(), (), (0, 1), (0, 1)]
    assert list(TopologicalSorter({n: s.needs for n, s in enumerate(found)}).static_order())


def test_a_graph_that_nobody_could_read_is_none():
    one = [action(f"{n}", f"host{n}") for n in range(MOST_STAGES)]
    assert graph(one).count("subgraph") == MOST_STAGES
    assert graph([*one, action("more", "another")]) == ""
    assert graph([]) == ""
