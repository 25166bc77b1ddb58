"""What is sent together: what its gate checks by itself, and nothing else."""

import pytest

from reconciler.execution import machine
from reconciler.execution.together import companions
from reconciler.gate import gate_command
from reconciler.model.plan import Action, Command, Fact

DIGEST = "0" * 64
LOAD = gate_command("do", "modprobe", "ocfs2")
RESTART = gate_command("do", "systemctl", "restart", "o2cb.service")


def write(path):
    return gate_command("write-file", path, "644", "absent", DIGEST)


def action(name, command, *requires, host="one", **more):
    return Action(
        id=name,
        kind="k",
        host=host,
        address="",
        summary="",
        because="",
        risk="safe",
        command=command,
        expects=(),
        requires=requires,
        **more,
    )


def fact(reading):
    return Fact(("one",), reading, "", "absent")


CONF = action("conf", write("/etc/a"), fact("cluster-conf"))


def together(*actions):
    run = machine.begin(actions)
    return [one.id for one in companions(run, actions[0])]


def test_files_and_the_module_go_together_in_the_order_of_the_plan():
    drop_in = action("drop-in", write("/etc/b"), fact("drop-in"))
    load = action("load", LOAD)
    assert together(CONF, load, drop_in) == ["load", "drop-in"]
    assert together(load, drop_in) == ["drop-in"]


@pytest.mark.parametrize(
    "other",
    [
        action("x", write("/etc/b"), fact("drop-in"), host="two"),
        action("x", write("/etc/b"), fact("drop-in"), needs=("conf",)),
        action("x", write("/etc/b"), fact("drop-in"), unless=(fact("drop-in"),)),
        action("x", write("/etc/b"), fact("released")),
        action("x", write("/etc/b"), fact("drop-in"), irreversible=True),
        action("x", LOAD, fact("module")),
        action("x", RESTART),
        action("x", Command(("true",))),
        action("x", None),
    ],
)
def test_nothing_else_goes_along(other):
    assert together(CONF, other) == []
    if not other.needs:
        assert together(other, CONF) == []
