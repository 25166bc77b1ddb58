"""What is asked on a terminal, and what has to be typed."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from reconciler.cli import prompts
from reconciler.model.observed import Guest, Observed
from reconciler.model.plan import Plan
from reconciler.planning.planner import make_plan
from tests.builders import converged, spec, volume

GUESTS = {"kind": "libvirt"}


def taken(**hosts: tuple[str, ...]) -> Plan:
    """A plan that drains node01 and node02 of three, with these guests on the hosts."""
    cluster = spec(volumes=[volume()])
    seen = converged(cluster)
    members = [
        {"name": m.name, "interconnect": str(m.interconnect), "state": state}
        for m, state in zip(cluster.members, ("drained", "drained", "present"), strict=True)
    ]
    wish = spec(members=members, volumes=[volume(workloads={"guests": GUESTS})])
    facts = {
        name: replace(
            one, guests=tuple(Guest("/srv/images", guest) for guest in hosts.get(name, ()))
        )
        for name, one in seen.answering_hosts().items()
    }
    return make_plan([(wish, Observed(facts))])


def asked(plan: Plan, typed: str) -> tuple[bool, str]:
    with CliRunner().isolation(input=typed) as (_out, err, _both):
        answer = prompts.ask_approval(plan, {})
        return answer, err.getvalue().decode()


@pytest.mark.parametrize(
    ("typed", "enough"),
    [("ocfs2 3\n", True), ("ocfs2   3\n", True), ("ocfs2\n\n", False), ("ocfs2 2\n\n", False)],
)
def test_an_outage_with_guests_wants_their_number(typed: str, enough: bool) -> None:  # noqa: FBT001  # a column of the table
    plan = taken(node01=("vm1", "vm2"), node02=("vm3",))
    answer, said = asked(plan, typed)
    assert answer is enough
    lines = said.splitlines()
    assert "Guests of node01, shut down: vm1 of images, vm2 of images" in lines
    assert "Guests of node02, shut down: vm3 of images" in lines
    asking = next(n for n, line in enumerate(lines) if line.startswith("Type ocfs2 3 to go on"))
    assert lines[asking - 1] == "Expected: no interruption for who stays."


@pytest.mark.parametrize("typed", ["no\n", "n\n", " No \n", "\n"])
def test_no_declines_at_once_as_an_empty_line_does(typed: str) -> None:
    answer, said = asked(taken(), typed)
    assert not answer
    assert "That is not it" not in said


def test_another_word_is_asked_about_again() -> None:
    answer, said = asked(taken(), "nope\nocfs2\n")
    assert answer
    assert "That is not it; no or an empty line ends without doing anything." in said


def test_an_outage_without_guests_wants_the_clusters_name() -> None:
    assert asked(taken(), "ocfs2\n")[0]
    assert not asked(taken(), "ocfs2 0\n\n")[0]
