"""The end of a run in words."""

from reconciler.model.outcome import ActionOutcome, ClusterOutcome
from reconciler.reports.explain import codes
from reconciler.reports.text import outcome_lines, saved_for
from tests.golden.scenes import SCENES

SAID = "exit status 75: gate: package-missing: no repository has ocfs2-tools=9.9"


def told(message):
    action = ActionOutcome("ocfs2/node01/install-packages", "failed", message, 1.5)
    outcome = ClusterOutcome("ocfs2", "partial", actions=(action,))
    return [text.strip() for _style, text in outcome_lines([outcome], "cluster.yaml", ())]


def test_what_the_gate_refused_has_its_page():
    assert "package-missing" in codes()
    after = told(SAID)[told(SAID).index(SAID) + 1]
    assert after == "what to do: reconcile explain package-missing"


def test_what_was_no_refusal_has_none():
    assert not any("explain" in line for line in told("no answer within 60 s"))


def test_a_plan_that_is_refused_is_saved_to_be_read_and_not_to_be_carried_out():
    told = {name: saved_for(SCENES[name]().plan, "P") for name in ("blocked", "empty", "join")}
    assert told == {
        "blocked": "which is refused: reconcile show P shows it",
        "empty": "with nothing to be carried out: no action is due",
        "join": "to be carried out by reconcile apply P",
    }


def test_what_failed_alike_on_several_hosts_is_told_once():
    hosts = [f"node0{n}" for n in (1, 2, 3, 4)]
    actions = [
        ActionOutcome(
            f"ocfs2/{h}/mount/images", "failed", f"ocfs2/{h}/mount/images: no\n{h}", n
        )
        for n, h in enumerate(hosts)
    ]
    other = ActionOutcome("ocfs2/node05/mount/images", "failed", "another", 9)
    outcome = ClusterOutcome("ocfs2", "failed", actions=(*actions, other))
    assert [line for _style, line in outcome_lines([outcome], "f", ())][1:6] == [
        "  FAILED ocfs2/node[01-04]/mount/images after 3.0 s",
        "    ocfs2/node[01-04]/mount/images: no",
        "    node[01-04]",
        "  FAILED ocfs2/node05/mount/images after 9.0 s",
        "    another",
    ]
