"""Modules of the kernel that somebody else uses, on a real one."""

import re
import shlex

from reconciler.gate import gate_command
from tests.lab.fixtures import lab_module

lab = lab_module("modules", hosts=1)

# The control device of user-space cluster stacks (fs/ocfs2/stack_user.c), kept open.
HOLD = (
    "modprobe -a ocfs2 ocfs2_stack_user ocfs2_stack_o2cb && udevadm settle && "
    "{ sleep 1000 </dev/misc/ocfs2_control >/dev/null 2>&1 & echo $!; }"
)
LOADED = "grep ^ocfs2 /proc/modules"


def test_nothing_is_unloaded_while_somebody_else_uses_a_module(lab):
    reload = gate_command("reload-module", lab.run("node01", "uname -r").stdout.strip())
    holder = lab.run("node01", HOLD).stdout.strip()
    before = lab.run("node01", LOADED).stdout
    assert re.search(r"^ocfs2_stack_user \d+ 1 ", before, re.MULTILINE)
    done = lab.run("node01", shlex.join(reload.argv))
    why = "ocfs2_stack_user is used 1 times by others than modules of ocfs2"
    assert (done.returncode, done.stderr) == (75, f"gate: module-in-use: {why}\n")
    assert lab.run("node01", LOADED).stdout == before
    lab.run("node01", f"kill {holder}")
    done = lab.run("node01", shlex.join(reload.argv))
    assert (done.returncode, done.stdout) == (0, "ok reloaded ocfs2\n"), done.stderr
    assert "ocfs2_stack_user" not in lab.run("node01", LOADED).stdout
