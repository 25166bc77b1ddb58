"""Every code that anything says is declared once, and every declared code is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

import reconciler
from reconciler.model import refusals
from reconciler.model.observed import Unreachable
from reconciler.model.outcome import Blocked, ClusterResult, Finding
from reconciler.model.problems import Problem
from reconciler.model.refusals import GATE, REFUSALS, RUN, host_remedy, require_declared

SOURCE = Path(reconciler.__file__).parent
# How the scripts say a code: `refuse CODE`, `stop STATUS CODE`, or in the words of a step.
SAID = re.compile(r"\b(?:refuse|stop [0-9]+) ([a-z][a-z-]*)\b|gate: ([a-z][a-z-]*):")


def said_by(scripts: str) -> set[str]:
    texts = [file.read_text("utf-8") for file in (SOURCE / scripts).rglob("*.sh")]
    assert texts
    return {one or other for text in texts for one, other in SAID.findall(text)}


@pytest.mark.parametrize("form", [Blocked, Finding])
def test_a_code_that_is_not_declared_cannot_be_said(form):
    with pytest.raises(ValueError, match="'no-such-code' is not declared"):
        form("no-such-code", "member/a", "message", "remedy")
    assert form("no-space", "member/a", "message", "remedy").code == "no-space"


def test_a_host_is_silent_for_a_declared_reason_only():
    with pytest.raises(ValueError, match="'no-such-code' is not declared"):
        Unreachable("a", "no-such-code", "message")
    with pytest.raises(ValidationError, match="is not declared"):
        TypeAdapter(Unreachable).validate_python({"host": "a", "code": "x", "message": ""})


def test_each_code_is_declared_once():
    assert len(refusals._ALL) == len(REFUSALS)
    named = [item.code for item in refusals._DECLARED]
    assert named == sorted(named)


def test_the_words_of_a_run_are_declared():
    ends = {code for code, item in REFUSALS.items() if item.source == RUN}
    assert ends == set(get_args(ClusterResult))


def test_a_problem_of_a_file_has_a_declared_code():
    with pytest.raises(ValueError, match="'no-such-code' is not declared"):
        Problem("f.yaml", 1, 1, "no-such-code", "message")


def test_the_gate_says_the_codes_that_are_declared_for_it():
    assert said_by("gate") == {code for code, item in REFUSALS.items() if GATE in item.source}


def test_the_probe_refuses_nothing():
    assert said_by("probe") == set()


def test_no_code_is_declared_that_nothing_says():
    files = [f for f in SOURCE.rglob("*.py") if f.name != "refusals.py"]
    text = "".join(f.read_text("utf-8") for f in files if "simulator" not in f.parts)
    said = {
        code
        for word in re.findall(r'"([a-z0-9-]+)"', text)
        for code in (word, f"invariant-{word}")
    }
    ours = {code for code, item in REFUSALS.items() if item.source != GATE}
    assert ours - said == set()


def test_what_to_do_about_a_host_is_declared_or_to_reach_it():
    assert host_remedy("a", "not-observed").startswith("record the facts")
    assert host_remedy("a", "host-unreachable") == "make a reachable over ssh"
    with pytest.raises(ValueError, match="not declared"):
        require_declared("")
