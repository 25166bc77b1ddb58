"""The rule is for one user, whatever is asked for."""

import shutil
import subprocess

import pytest

from reconciler.cli import run

REFUSED = (
    *("ALL", "OPS", "A", "OPS_1", "%wheel", "%:nonunix", "+netgroup", "#0", "#1000", "a,b"),
    *("ops ALL", "ops\nroot ALL=ALL", "!ops", "", " ", "Defaults", "User_Alias", "Cmnd_Alias"),
    *("ops:x", 'o"ps', "ops=", "@include", "-ops", "0ps", "ops\\", "öps", "a" * 33, "(ops)"),
)
TAKEN = ("ops", "Ops", "first.last", "_reconcile", "ops-1", "oPS", "a" * 32)


@pytest.mark.parametrize("user", REFUSED)
def test_what_is_not_one_plain_user_is_refused(user, capsys):
    assert run(["sudoers", "--user", user]) == 64
    out, err = capsys.readouterr()
    assert (out, "is not the name of one user" in err) == ("", True)


@pytest.mark.parametrize("user", TAKEN)
def test_a_user_gets_a_rule_of_its_own(user, capsys):
    assert run(["sudoers", "--user", user]) == 0
    rules = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    assert rules == [f"Defaults:{user} !requiretty", f"{user} ALL=(root) NOPASSWD: ALL"]


@pytest.mark.skipif(not shutil.which("visudo"), reason="no visudo")
@pytest.mark.parametrize("user", TAKEN)
def test_visudo_takes_it_as_the_rule_of_that_user(user, capsys, tmp_path):
    run(["sudoers", "--user", user])
    file = tmp_path / "reconcile"
    file.write_text(capsys.readouterr().out)
    file.chmod(0o440)
    done = subprocess.run(["visudo", "-cf", file], capture_output=True, text=True, check=False)
    assert (done.returncode, "parsed OK" in done.stdout) == (0, True), done.stderr
    if shutil.which("cvtsudoers"):
        words = ["cvtsudoers", "-f", "json", "-e", file]
        told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        assert f'"username": "{user}"' in told
