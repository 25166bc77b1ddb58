"""What holds for both scripts that travel to hosts."""

import re
import shlex
import shutil
import subprocess
from collections import Counter

import pytest

from reconciler.gate import GATE, gate_text
from reconciler.probe import PROBE, probe_text

SCRIPTS = pytest.mark.parametrize("script", [GATE, PROBE], ids=["gate", "probe"])


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck")
@SCRIPTS
def test_shellcheck_finds_nothing(script):
    told = subprocess.run(
        ["shellcheck", "-s", "dash", "-"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout == ""


@SCRIPTS
def test_no_function_takes_the_name_of_another(script):
    """The last of a name is the one that is called, by all."""
    found = Counter(re.findall(r"^([a-z_0-9]+)\(\)", script, re.MULTILINE))
    assert len(found) > 10
    assert [name for name, count in found.items() if count > 1] == []


@pytest.mark.parametrize("text", [gate_text(), probe_text()], ids=["gate", "probe"])
def test_what_travels_fits_into_an_argument_of_a_command(text):
    """With what is said to it: Linux takes 128 KiB (execve(2), MAX_ARG_STRLEN)."""
    assert len(shlex.quote(text)) < 112 << 10
    assert text.splitlines()[1].startswith("# reconcile-")
    assert not [line for line in text.splitlines()[2:] if line.lstrip().startswith("# ")]
