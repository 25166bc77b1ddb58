"""``load`` answers every text with a value or with problems, soon, and with nothing else."""

import random
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import SpecInvalid
from reconciler.loading import load
from reconciler.loading.source import MAX_BYTES
from reconciler.model.desired import Desired
from reconciler.reports.problems import as_junit, as_sarif, render

SEEDS = [path.read_text() for path in sorted(Path("examples").glob("*.yaml"))]
PIECES = [
    *"[]{}:-&*!'\"#|>?%@`,\n\t\0",
    "  ",
    "\n- ",
    ": ",
    "<<: ",
    "&a ",
    "*a",
    "!!int ",
    "---\n",
]
PIECES += ["~", "null", "true", "0x1", "010", "1e5", "9" * 40, "é", "日本", "\ufeff", "\u2028"]
# Words of pydantic and PyYAML that are no answer to an operator.
LEAKS = ("Input should", "valid dictionary", "Extra inputs", "Field required", "Value error")
LEAKS += ("did not find", "could not find", "pydantic", "function-", "_mapping", "NoneType")
LEAKS += ("unnamed", "198.18.")  # what stands in for a value that is missing


def problems_of(text: str) -> SpecInvalid | None:
    try:
        desired = load("f.yaml", text)
    except SpecInvalid as error:
        return error
    assert isinstance(desired, Desired)
    return None


def assert_answered(text: str) -> None:
    error = problems_of(text)
    if error is None:
        return
    shown = render(error.problems, error.lines)
    assert shown
    assert not [leak for leak in LEAKS if leak in shown and leak not in text]
    assert as_sarif(error.problems)
    assert as_junit(["f.yaml"], error.problems)
    for problem in error.problems:
        assert 1 <= problem.line <= len(error.lines) + 1
        assert problem.column >= 1
        assert problem.hint


@settings(max_examples=300)
@given(st.text())
def test_any_text(text):
    assert_answered(text)


@settings(max_examples=300)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=40))
def test_any_heap_of_yamls_own_pieces(pieces):
    assert_answered("".join(pieces))


@settings(max_examples=400)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False), st.integers(1, 6))
def test_a_valid_file_damaged_anywhere(text, chance, times):
    for _ in range(times):
        text = damaged(text, chance)
    assert_answered(text)


def damaged(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    if chance.random() < 0.5:
        return text[:at] + chance.choice(PIECES) + text[at:]
    return text[:at] + text[at + chance.randint(1, 20) :]


HEAD = "version: 1\nclusters:\n - name: a\n   members: [{name: a, interconnect: 10.0.0.1}]\n"
HOSTILE = {
    "nothing but unknown keys": "".join(f"k{i}: 1\n" for i in range(30_000)),
    "one key again and again": "a: 1\n" * 50_000,
    "mappings with keys twice": "a: [" + "{a: 1, b: 1, a: 1, b: 1}, " * 9_000 + "]\n",
    "aliases": "a: &a [x]\nb: [" + "*a," * 80_000 + "]\n",
    "open lists": "[" * MAX_BYTES,
    "open mappings": "{a: " * (MAX_BYTES // 4),
    "NULs": "\0" * MAX_BYTES,
    "tabs": "\t\n" * (MAX_BYTES // 2),
    "one long number": "version: " + "1" * (MAX_BYTES - 9),
    "one long path": HEAD
    + "   volumes: [{label: a, device: {path: /dev/a/b}, size: fill, mount: {path: "
    + "/a" * 120_000
    + "}}]\n",
    "more than the limit": "#" * 20_000_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_answered_within_seconds(text):
    start = process_time()
    assert_answered(text)
    assert process_time() - start < 20  # minutes, if anything were quadratic
