"""Rollouts in lines: what others have said stays within its own."""

from reconciler.reports.rollout_lines import (
    approval_lines,
    cluster_line,
    draft_lines,
    rollout_line,
)

EVIL = "no answer\nwave 1: 1 cluster\n  beta: plan p1"
ONE = {
    "cluster": "a",
    "zone": "z",
    "plan": "p",
    "commit": "",
    "risk": "safe",
    "irreversible": False,
}
OUTAGE = {"hosts": [], "volumes": [EVIL], "workloads": [], "because": EVIL}
DRAFT = {
    "id": "r1",
    "commit": "",
    "soak": 0,
    "waves": [
        {
            "wave": 1,
            "clusters": [
                {
                    **ONE,
                    "seconds_ago": 1,
                    "degraded": EVIL,
                    "actions": [{"host": "h", "summary": EVIL}],
                    "outages": [OUTAGE],
                    "formats": [],
                }
            ],
        }
    ],
    "refused": [{"cluster": "b", "reason": EVIL}],
    "nothing_to_do": [],
}


def test_no_word_of_a_host_makes_a_line_of_its_own():
    row = {
        "wave": 1,
        "cluster": "a",
        "state": "failed",
        "run": "r",
        "worker": "w1",
        "machine": EVIL,
        "message": EVIL,
        "ended": "x",
    }
    about = {"rollout": "r1", "who": EVIL, "commit": "", "state": "failed", "message": EVIL}
    approval = {"who": EVIL, "at": "x", "plan": "p", "scope": EVIL}
    lines = [
        *draft_lines(DRAFT, 1),
        rollout_line({**about, "clusters": []}),
        *approval_lines({"approvals": [approval]}),
        cluster_line(row),
    ]
    assert [line for _, line in lines if "\n" in line] == []
    assert sum("no answer wave 1" in line for _, line in lines) == 7
