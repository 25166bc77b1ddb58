"""The exit codes (manual exit-codes, 2), through the real command; also which one wins.

0, 2, 64 and 130, and 3 for want of approval, are in ``test_commands``.
"""

import json
import os
import subprocess
import sys
from itertools import combinations

import pytest

from reconciler.execution import run_word
from reconciler.gate.lease_decision import Lease
from reconciler.hosts.simulator.state import lease_file
from reconciler.hosts.simulator.state.faults import Fault
from reconciler.hosts.simulator.state.files import File
from reconciler.model.outcome import ClusterOutcome
from tests.cli_harness import RECONCILE, desk

APPLY = ("apply", "cluster.yaml", "--auto-approve", "--lock-timeout", "0s")
FLAG = ("plan", "cluster.yaml", "--detailed-exitcode")


def lost(at, host):
    at.world.machines[host].refusal = "host-unreachable"


def fails(at, host):
    at.world.machines[host].faults.append(Fault("fails", command="gate write-file"))


def locked(at, host):
    machine = at.world.machines[host]
    holder = json.dumps(
        {
            "user": "ops",
            "controller": "elsewhere",
            "machine": "m",
            "space": "s",
            "pid": 1,
            "started": 1,
        }
    )
    held = Lease(
        7,
        "20260101T000000Z-abcdef",
        holder=holder,
        hosts=(host,),
        boot=machine.running.boot_id,
        renewed=int(machine.uptime),
    )
    machine.files.write(lease_file.PATH, File(lease_file.text(held)))


ROWS = {
    "blocked wins over changes": (FLAG, {"node01": lost}, 3, {}),
    "every cluster blocked": (
        APPLY,
        {"node01": lost, "node02": lost},
        3,
        {"one": "refused", "two": "refused"},
    ),
    "one blocked, the other acts": (
        APPLY,
        {"node01": lost},
        4,
        {"one": "refused", "two": "converged"},
    ),
    "one fails, the other is blocked": (
        APPLY,
        {"node01": fails, "node02": lost},
        4,
        {"one": "partial", "two": "refused"},
    ),
    "one locked, the other acts": (
        APPLY,
        {"node01": locked},
        5,
        {"one": "locked", "two": "converged"},
    ),
    "one locked, the other is blocked": (
        APPLY,
        {"node01": locked, "node02": lost},
        5,
        {"one": "locked", "two": "refused"},
    ),
}


def in_two_clusters(document):
    """Each host a cluster of its own, without a volume: what is to be done is safe."""
    (cluster,) = document["clusters"]
    names = ("one", "two")
    pairs = zip(names, cluster["members"], strict=True)
    return {**document, "clusters": [{"name": n, "members": [m]} for n, m in pairs]}


async def ended(at, words):
    """The exit code, and each cluster's result as the run's last line says."""
    code, out, err = await at.run(*words, "--format", "json")
    assert out, err
    last = json.loads(out.splitlines()[-1]) if words[0] == "apply" else {}
    assert last.get("exit_code", code) == code
    return code, last.get("clusters", {})


@pytest.mark.parametrize(("words", "troubles", "code", "clusters"), ROWS.values(), ids=ROWS)
async def test_it_exits_with(tmp_path, words, troubles, code, clusters):
    async with desk(tmp_path) as at:
        at.document = in_two_clusters(at.document)
        assert at.file
        for host, trouble in troubles.items():
            trouble(at, host)
        assert await ended(at, words) == (code, clusters)


async def test_stale_wins_over_blocked_and_locked(tmp_path):
    async with desk(tmp_path) as at:
        at.document = in_two_clusters(at.document)
        assert (await at.run("plan", at.file, "-o", "p.json"))[0] == 0
        lost(at, "node01")
        locked(at, "node02")
        words = ("apply", "p.json", "--auto-approve", "--lock-timeout", "0s")
        assert await ended(at, words) == (6, {"one": "stale", "two": "stale"})


# Result of a cluster: the exit code where nothing else happened.
ALONE = {
    "no-change": 0,
    "converged": 0,
    "refused": 3,
    "partial": 4,
    "failed": 4,
    "locked": 5,
    "stale": 6,
}


@pytest.mark.parametrize("word", ALONE)
def test_each_result_has_its_code(word):
    assert (
        run_word.exit_code(run_word.result([ClusterOutcome("a", word)], False)) == ALONE[word]
    )
    assert run_word.exit_code(run_word.result([ClusterOutcome("a", word)], True)) == 130


@pytest.mark.parametrize(("one", "other"), list(combinations(ALONE, 2)))
def test_of_two_results_the_higher_code_wins_and_who_acted_beside_a_refusal_is_partial(
    one, other
):
    outcomes = [ClusterOutcome("a", one), ClusterOutcome("b", other)]
    expected = max(ALONE[one], ALONE[other])
    if {one, other} == {"converged", "refused"}:
        expected = 4
    assert run_word.exit_code(run_word.result(outcomes, False)) == expected


def test_who_is_not_read_to_the_end_says_so_and_nothing_else():
    unread, stdout = os.pipe()
    os.close(unread)
    words = [sys.executable, "-c", RECONCILE, "explain", "usage"]
    done = subprocess.run(words, stdout=stdout, stderr=subprocess.PIPE, check=False)
    os.close(stdout)
    assert (done.returncode, done.stderr) == (141, b"")
