"""How commands and runs end, in words and codes."""

import itertools

import pytest

from reconciler.errors import HostUnreachable
from reconciler.execution.endings import (
    OUTPUT,
    exited_zero,
    explain_failure,
    output_of,
    typed_command,
    was_refused,
    words_of,
)
from reconciler.execution.run_word import exit_code, result
from reconciler.model.outcome import ClusterOutcome
from reconciler.model.plan import Action, Command, Completed, Fact

LOST = HostUnreachable("node01", "connection-lost", "it closed")


def make_completed(status=1, stdout="", stderr=""):
    return Completed(status, stdout, stderr, 1.5)


@pytest.mark.parametrize(
    ("ended", "refused", "zero"),
    [
        (make_completed(0), False, True),
        (make_completed(75), True, False),
        (make_completed(70), False, False),
        (LOST, False, False),
        (None, False, True),
    ],
)
def test_only_the_gates_own_status_is_a_refusal_and_only_zero_a_success(ended, refused, zero):
    assert was_refused(ended) is refused
    assert exited_zero(ended) is zero


def test_a_failure_is_told_in_the_commands_last_words():
    assert explain_failure(make_completed(5, "out", "err\n")) == "exit status 5: err"
    assert explain_failure(make_completed(5, "out\n")) == "exit status 5: out"
    assert explain_failure(make_completed(5)) == "exit status 5: no output"
    long = explain_failure(make_completed(5, "", "a" * OUTPUT + "end"))
    assert long == f"exit status 5: {'a' * (OUTPUT - 3)}end"


def test_what_the_kernel_said_is_explained_before_it():
    words = explain_failure(make_completed(32, "", "mount: no free slots available"))
    first, second = words.splitlines()
    assert first.startswith("the volume has no free slot")
    assert second.startswith("exit status 32: mount:")


def test_of_a_lost_answer_the_outcome_is_unknown():
    assert explain_failure(LOST).startswith("outcome unknown: ")
    assert output_of(LOST) == {}
    assert output_of(make_completed(5, "out", "err"))["stderr"] == "err"


def test_a_command_is_told_as_it_is_typed_and_facts_a_line_each():
    values = {"summary": "", "because": "", "risk": "safe", "expects": ()}
    action = Action("a", "mount", "h", "volume/x", command=Command(("ls", "a b")), **values)
    assert typed_command(action) == "ls 'a b'"
    facts = [Fact(("a", "b"), "mounted", "x", "mounted"), Fact(("a",), "live-nodes", "", None)]
    assert words_of(facts) == ["a, b: mounted x = mounted", "a: live-nodes  = (the same)"]


def word(*results, interrupted=False):
    return result([ClusterOutcome("c", one) for one in results], interrupted)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ((), "no-change"),
        (("no-change", "no-change"), "no-change"),
        (("converged", "no-change"), "converged"),
        (("refused", "no-change"), "refused"),
        (("refused", "converged"), "partial"),
        (("refused", "failed"), "failed"),
        (("failed", "no-change"), "failed"),
        (("failed", "converged"), "partial"),
        (("partial",), "partial"),
        (("locked", "converged"), "locked"),
        (("stale", "locked"), "stale"),
    ],
)
def test_a_run_ends_as_the_worst_of_its_clusters_and_says_whether_anything_was_done(
    results, expected
):
    for order in itertools.permutations(results):
        assert word(*order) == expected
        assert word(*order, interrupted=True) == "interrupted"


def test_each_end_has_its_exit_code():
    ends = {
        "interrupted": 130,
        "stale": 6,
        "locked": 5,
        "partial": 4,
        "failed": 4,
        "refused": 3,
    }
    assert {end: exit_code(end) for end in ends} == ends
    assert (exit_code("converged"), exit_code("no-change")) == (0, 0)
