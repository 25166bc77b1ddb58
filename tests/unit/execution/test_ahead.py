"""What a look is asked along: what comes next, and nothing that it could not serve."""

from reconciler.execution import machine
from reconciler.execution.ahead import facts_ahead
from reconciler.model.plan import Action, Command, Fact

TRUE = Command(("true",))
HOSTS = ("one", "two")


def fact(reading, *hosts):
    return Fact(hosts or HOSTS, reading, "", None)


def action(name, host, *needs, requires=(), expects=(), command=TRUE):
    return Action(
        id=name,
        kind="k",
        host=host,
        address="",
        summary="",
        because="",
        risk="safe",
        command=command,
        expects=expects,
        requires=requires,
        needs=needs,
    )


def barrier(name, *needs, expects):
    return action(name, "", *needs, expects=expects, command=None)


def asked(actions, *begun):
    """What is asked along with the look for the last of those that have begun."""
    run = machine.begin(actions)
    for name in begun:
        machine.step(run, name, "start")
    found = facts_ahead(run, run.actions[run.places[begun[-1]]])
    return {f"{one.reading} {' '.join(one.hosts)}" for one in found}


def test_what_comes_next_on_the_host_is_asked_of_it():
    wants = (fact("wanted"), fact("fstab", "one"))
    plan = [action("a", "one"), action("b", "one", "a", requires=wants)]
    assert asked(plan, "a") == {"wanted one", "fstab one", "boot one"}


def test_what_is_next_there_in_the_plan_is_asked_though_it_needs_nothing():
    plan = [action("a", "one"), action("b", "one", requires=(fact("fstab", "one"),))]
    assert asked(plan, "a") == {"fstab one", "boot one"}


def test_nothing_is_asked_for_another_host_nor_for_what_has_more_to_wait_for():
    plan = [
        action("a", "one"),
        action("b", "two", "a", requires=(fact("wanted"),)),
        action("c", "two"),
        action("d", "one", "a", "c", requires=(fact("fstab"),)),
    ]
    assert asked(plan, "a") == set()


def test_beside_commands_that_run_only_what_is_the_host_s_own_is_asked():
    wants = (fact("cluster-conf"), fact("live-nodes"))
    plan = [
        action("a", "one"),
        action("b", "two"),
        barrier("same", "a", "b", expects=wants),
        action("c", "one", "same", requires=(fact("module"), fact("released"))),
    ]
    assert asked(plan, "b", "a") == {"cluster-conf one", "module one", "boot one"}


def test_a_look_for_what_does_nothing_asks_along_for_all_that_follows():
    first, second = fact("live-nodes"), fact("reaches", "one")
    plan = [
        barrier("lists", expects=(first,)),
        barrier("timeouts", expects=(fact("live-timeouts"),)),
        barrier("connect", "lists", "timeouts", expects=(second,)),
        action("format", "one", "connect", requires=(fact("blank"),)),
        action("late", "one", "format", requires=(fact("fstab"),)),
    ]
    assert asked(plan, "timeouts", "lists") == {"reaches one", "blank one two", "boot one"}


def test_what_is_of_the_moment_is_never_asked_before():
    wants = (fact("healthy"), fact("mounted-size", "one"))
    plan = [action("a", "one"), action("b", "one", "a", requires=wants)]
    assert asked(plan, "a") == {"boot one"}


def test_of_many_needs_the_last_to_end_is_known():
    names = [f"n{number}" for number in range(20)]
    plan = [
        *(action(name, name) for name in names),
        barrier("all", *names, expects=(fact("live-nodes", *names),)),
    ]
    run = machine.begin(plan)
    for name in names:
        machine.step(run, name, "start")
    assert facts_ahead(run, plan[0]) == ()
    for name in names[1:]:
        machine.step(run, name, "succeed")
    assert facts_ahead(run, plan[0]) == (fact("live-nodes", "n0"),)
