"""What the last run failed at is told with the plan that would do it again."""

from reconciler.planning.planner import make_plan
from reconciler.planning.review.attempts import MOST, Attempt, failures, with_attempts
from tests.builders import bare, spec

PLAN = make_plan([(spec(), bare(spec()))])
FIRST = PLAN.actions[0]


def line(event, action=FIRST.id, cluster="ocfs2", **more):
    time = "2026-11-29T12:34:56.789+00:00"
    return {"event": event, "cluster": cluster, "action": action, "time": time, **more}


def test_a_run_failed_at_what_its_record_says_by_cluster():
    lines = [
        line("run-started"),
        line("action-started"),
        line("action-failed", message="no\nway"),
        line("action-started", cluster="other"),
    ]
    failed = Attempt("run-1", "2026-11-29 12:34 UTC", "no\nway")
    assert failures("run-1", lines) == {"ocfs2": {FIRST.id: failed}, "other": {}}


def test_an_action_that_failed_before_is_told_and_nothing_else_of_the_plan_changes():
    tried = Attempt("run-1", "2026-11-29 12:34 UTC", " no \n\n way ")
    plan = with_attempts(PLAN, {"ocfs2": {FIRST.id: tried, "of another plan": tried}})
    (told,) = plan.clusters
    (before,) = PLAN.clusters
    (found, *rest) = told.findings
    assert found.code == "failed-before"
    assert found.message.endswith("was tried at 2026-11-29 12:34 UTC, and failed: no; way")
    assert "reconcile show run-1" in found.remedy
    assert (tuple(rest), told.actions, plan.id) == (before.findings, before.actions, PLAN.id)


def test_of_a_long_message_the_beginning_is_told():
    tried = Attempt("run-1", "then", "a" * (MOST + 1))
    ((found, *_),) = [
        c.findings for c in with_attempts(PLAN, {"ocfs2": {FIRST.id: tried}}).clusters
    ]
    assert found.message.endswith(f" {'a' * MOST} ...")
