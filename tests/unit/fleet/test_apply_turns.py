"""How a turn of a rollout ended, by what became of the cluster."""

import pytest

from reconciler.fleet.apply_turns import Ended, read_end
from reconciler.model.outcome import ActionOutcome, Blocked, ClusterOutcome

HELD = Blocked("lease-held", "member/node01", "locked by run r1", "wait")


@pytest.mark.parametrize(
    ("is_begun", "result", "word"),
    [
        (False, "converged", "converged"),
        (True, "converged", "converged"),
        (False, "locked", "locked"),
        (True, "locked", "interrupted"),
        (True, "refused", "refused"),
        (True, "interrupted", "interrupted"),
    ],
)
def test_who_goes_on_waits_for_the_run_that_began_it(is_begun, result, word):
    assert read_end(ClusterOutcome("a", result), is_begun=is_begun).result == word


def test_why_is_told():
    failed = ActionOutcome("a/node01/mount", "failed", "no such device")
    outcome = ClusterOutcome("a", "partial", (failed,), (HELD,), "1 action remains")
    assert read_end(outcome, is_begun=False) == Ended(
        "partial",
        "1 action remains; lease-held member/node01: locked by run r1; "
        "a/node01/mount: no such device",
    )
