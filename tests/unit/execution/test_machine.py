from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.execution import machine
from reconciler.model.plan import Action


def action(name, host="h", needs=()):
    return Action(
        id=name,
        kind="k",
        host=host,
        address="",
        summary="",
        because="",
        risk="safe",
        command=None,
        expects=(),
        needs=tuple(needs),
    )


def ids(run):
    return [a.id for a in machine.ready(run)]


def test_one_action_at_a_time_on_a_host_and_hosts_in_parallel():
    run = machine.begin([action("a", "one"), action("b", "one"), action("c", "two")])
    assert ids(run) == ["a", "c"]
    machine.step(run, "a", "start")
    assert ids(run) == ["c"]


def test_who_joins_starts_on_a_host_where_another_one_has_just_started():
    run = machine.begin([action("a", "one"), action("b", "one"), action("c", "one", ["a"])])
    machine.step(run, "a", "start")
    for name, event in (("b", "start"), ("c", "join")):
        with pytest.raises(KeyError):
            machine.step(run, name, event)
    machine.step(run, "b", "join")
    assert machine.running(run) == ("a", "b")
    machine.step(run, "a", "succeed")
    assert ids(run) == []
    machine.step(run, "b", "succeed")
    assert ids(run) == ["c"]


def test_an_action_waits_for_what_it_needs():
    run = machine.begin([action("a", "one"), action("b", "two", ["a"])])
    machine.step(run, "a", "start")
    assert ids(run) == []
    machine.step(run, "a", "succeed")
    assert ids(run) == ["b"]


def test_after_a_failure_nothing_starts_and_what_runs_may_end():
    run = machine.begin([action("a", "one"), action("b", "two"), action("c", "three")])
    for name in ("a", "b"):
        machine.step(run, name, "start")
    machine.step(run, "a", "fail")
    assert ids(run) == []
    assert machine.running(run) == ("b",)
    machine.step(run, "b", "succeed")
    assert dict(run.states) == {"a": "failed", "b": "done", "c": "pending"}


def test_an_impossible_event_is_a_bug_not_a_state():
    run = machine.begin([action("a")])
    with pytest.raises(KeyError):
        machine.step(run, "a", "succeed")


@given(st.integers(1, 8), st.randoms(use_true_random=False))
def test_any_history_starts_each_action_once_and_never_before_its_needs(size, chance):
    actions = [
        replace(
            action(f"n{n}", f"h{chance.randrange(3)}"),
            needs=tuple(f"n{m}" for m in range(n) if chance.random() < 0.3),
        )
        for n in range(size)
    ]
    by_id = {a.id: a for a in actions}
    run, started = machine.begin(actions), []
    while True:
        moves = [("start", a.id) for a in machine.ready(run)]
        moves += [
            (chance.choice(["succeed", "succeed", "fail"]), n) for n in machine.running(run)
        ]
        if not moves:
            break
        event, name = chance.choice(moves)
        if event == "start":
            assert all(run.states[need] == "done" for need in by_id[name].needs)
            assert not [n for n in machine.running(run) if by_id[n].host == by_id[name].host]
            started.append(name)
        machine.step(run, name, event)
    assert len(started) == len(set(started))
    if "failed" not in run.states.values():
        assert set(run.states.values()) == {"done"}


class Counted(tuple):
    """Counts how often somebody walks over it."""

    __slots__ = ()
    walks = 0

    def __iter__(self):
        Counted.walks += 1
        return super().__iter__()


def walks(count):
    """How often a run with so many actions walks over them, or over what one needs."""
    names = [f"n{n}" for n in range(count)]
    first = [action(name, f"h{n}") for n, name in enumerate(names)]
    last = replace(action("last", ""), needs=Counted(names))
    run = machine.begin([*first, last])
    run.actions, Counted.walks = Counted(run.actions), 0
    while found := machine.ready(run):
        for one in found:
            machine.step(run, one.id, "start")
        for one in found:
            machine.step(run, one.id, "succeed")
            assert machine.ready(run) == () or one.id in {names[-1], "last"}
    assert set(run.states.values()) == {"done"}
    return Counted.walks


def test_no_event_walks_over_all_actions():
    assert walks(200) == 0
