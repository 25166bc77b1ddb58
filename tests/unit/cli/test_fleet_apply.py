"""``reconcile fleet apply`` lists, and begins what was approved; ``fleet rollouts`` tells of it."""

import json
from dataclasses import replace

import pytest

from reconciler.cli import run
from reconciler.execution.author import now, words
from reconciler.model.outcome import Blocked
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.fleet_schedule import pause
from reconciler.storage.fleet_turns import begin_turn
from reconciler.storage.fleet_workers import Life, begin_life
from reconciler.storage.rollout_turns import claim_apply, end_apply
from reconciler.storage.rollouts import begin_wave, end_rollout, rollout_clusters
from reconciler.storage.server_address import server_address
from reconciler.watch.assessment import failed_round
from reconciler.watch.result import RoundResult, Step
from reconciler.watch.state_rows import record_result
from tests.fleets import want

SETTINGS = """
version: 1
database: env:FLEET_DATABASE
source: {directory: /srv/clusters}
"""
STOP = Step(
    "stop-cluster", "node01", "member/node01", "stop it", "outage", "x/node01/stop-cluster"
)
FORMAT = Step(
    "format", "node01", "volume/images", "format it", "data", "x/node01/format", "/dev/x", True
)


@pytest.fixture
def database(tmp_path, monkeypatch, fleets):
    """Three clusters, of which c has nothing to do."""
    monkeypatch.chdir(tmp_path)
    url = fleets.new()
    monkeypatch.setenv("FLEET_DATABASE", url)
    (tmp_path / "fleet.yaml").write_text(SETTINGS)
    state = open_fleet(server_address(url))
    want(state, ["a", "b", "c"])
    for name in ("a", "b"):
        look(state, name, steps=(STOP,), risk="outage")
    look(state, "c")
    yield state
    state.close()


def look(state, name, **found):
    result = RoundResult(name, now(), 1.0, plan_id=f"plan-{name}", **found)
    kept = replace(failed_round(name, ""), readings=(), is_whole=True)
    with state.writing() as connection:
        record_result(connection, f"/{name}.yaml", result, kept, now())


def run_command(capsys, *words):
    code = run(["fleet", *words])
    return code, *capsys.readouterr()


def documents(capsys, *words):
    code, out, _ = run_command(capsys, *words, "--format", "json")
    found = json.loads(out)
    assert found.get("exit_code", code) == code
    return found


def test_without_an_approval_it_lists_and_begins_nothing(database, capsys):
    code, out, err = run_command(capsys, "apply", "--all", "--soak", "30s", "--zone", "default")
    assert code == 3
    first, *lines = out.splitlines()
    identity = first.split()[1].rstrip(":")
    assert first == f"plan {identity}: 2 clusters in 2 waves, 30 s apart"
    assert lines[0] == "wave 1: 1 cluster"
    assert "  a (default): plan plan-a, 1 action, risk outage, looked at" in lines[1]
    assert lines[2] == "    actions: stop-cluster"
    assert lines[-1] == "left out, nothing to do: c"
    assert f"not approved: it needs --approve {identity}\n" in err
    assert (
        f"to approve exactly this: reconcile fleet apply --all --zone default --wave 1,10%,rest "
        f"--soak 30s --approve {identity}"
    ) in err
    assert run_command(capsys, "rollouts")[1:] == (
        "",
        "nothing was rolled out yet: reconcile fleet apply\n",
    )


@pytest.mark.parametrize("soak", ["721h", "99999999h", "9" * 400 + "h"])
def test_no_wave_stands_for_longer_than_workers_can_reckon(database, capsys, soak):
    """One that was begun would end every worker that comes to it."""
    code, _, err = run_command(capsys, "apply", "--all", "--soak", soak)
    assert code == 64
    assert "soak" in err


def test_where_nothing_is_to_be_done_that_is_said(database, capsys):
    code, out, err = run_command(capsys, "apply", "c")
    assert (code, out, err) == (0, "left out, nothing to do: c\n", "nothing is to be done\n")


def test_what_is_approved_begins_and_is_on_record_with_who_approved_it(database, capsys):
    draft = documents(capsys, "apply", "--all")
    assert draft["missing"] == [f"it needs --approve {draft['id']}"]
    begun = documents(capsys, "apply", "--all", "--approve", draft["id"])
    assert begun["exit_code"] == 0
    (listed,) = documents(capsys, "rollouts")["rollouts"]
    assert (listed["rollout"], listed["state"]) == (begun["rollout"], "going")
    found = documents(capsys, "rollouts", begun["rollout"])
    assert [one["cluster"] for one in found["clusters"]] == ["a", "b"]
    assert [one["id"] for one in found["clusters"][0]["actions"]] == [STOP.id]
    assert [one["plan"] for one in found["approvals"]] == [draft["id"], "plan-a", "plan-b"]
    for word in (begun["rollout"], begun["rollout"][:-3], draft["id"]):
        code, out, _ = run_command(capsys, "rollouts", word)
        assert code == 0
    assert f"plan {draft['id']}, rollout of 2 clusters in 2 waves, 300 s apart" in out
    code, _, err = run_command(capsys, "apply", "--all", "--approve", draft["id"])
    assert code == 3
    assert "not approved: a, b cannot be rolled out\n" in err
    assert "--without" not in err


def test_another_id_approves_nothing(database, capsys):
    code, _, err = run_command(capsys, "apply", "--all", "--approve", "abcdef123456")
    assert code == 3
    assert "--approve abcdef123456 is not this plan" in err
    assert documents(capsys, "rollouts")["rollouts"] == []


def test_one_that_is_refused_refuses_all_until_it_is_left_out(database, capsys):
    blocked = Blocked("device-not-blank", "volume/images", "it has data", "look")
    look(database, "b", steps=(STOP,), blocked=(blocked,))
    draft = documents(capsys, "apply", "--all")
    code, out, err = run_command(capsys, "apply", "--all", "--approve", draft["id"])
    assert code == 3
    assert "refused: b: device-not-blank volume/images: it has data (look)" in out
    assert (
        "to approve all others: reconcile fleet apply --all --without b --wave 1,10%,rest "
        f"--soak 5m --approve {draft['id']}\n"
    ) in err
    left = documents(capsys, "apply", "--all", "--without", "b")
    assert left["id"] == draft["id"]
    begun = documents(capsys, "apply", "--all", "--without", "b", "--approve", left["id"])
    assert begun["exit_code"] == 0


def test_who_is_refused_alone_is_told_why_and_nothing_that_leaves_nobody(database, capsys):
    with database.writing() as connection:
        pause(connection, ["b"], "alice: new switches")
    code, out, err = run_command(capsys, "apply", "b")
    assert (code, err) == (3, "not approved: b cannot be rolled out\n")
    assert out == (
        "refused: b: it is paused: alice: new switches; to go on: reconcile fleet resume b\n"
    )
    _, _, err = run_command(capsys, "apply", "b", "a", "--soak", "1m")
    assert "reconcile fleet apply a --wave 1,10%,rest --soak 1m --approve" in err


def test_the_beginning_of_several_ids_is_none(database, capsys):
    for name in ("a", "b"):
        draft = documents(capsys, "apply", name)
        documents(capsys, "apply", name, "--approve", draft["id"])
    code, _, err = run_command(capsys, "rollouts", "2")
    assert (code, "'2' is the beginning of 2" in err, "say more of it" in err) == (
        64,
        True,
        True,
    )


def test_a_device_is_formatted_only_if_that_is_accepted(database, capsys):
    look(database, "a", steps=(FORMAT,), risk="data")
    draft = documents(capsys, "apply", "a")
    assert draft["waves"][0]["clusters"][0]["formats"] == ["/dev/x"]
    asked = ("apply", "a", "--approve", draft["id"])
    assert documents(capsys, *asked)["exit_code"] == 3
    assert documents(capsys, *asked, "--accept-data", "/dev/x")["exit_code"] == 0


@pytest.mark.parametrize(
    ("words", "told_"),
    [
        (("apply",), "say which clusters"),
        (("apply", "omega"), "wants a cluster 'omega'"),
        (("apply", "--all", "--wave", "some"), "--wave 'some' (wave 1) is no size"),
        (("rollouts", "r9"), "the fleet has no rollout 'r9'"),
        (("rollouts", "--cancel"), "say which rollout"),
        (("apply", "--all", "--approve", "x"), "reconcile fleet apply prints it in its first"),
    ],
)
def test_what_cannot_be_meant_is_refused(database, capsys, words, told_):
    code, _, err = run_command(capsys, *words)
    assert (code, told_ in err) == (64, True)


@pytest.mark.parametrize(
    ("result", "code"),
    [("converged", 0), ("partial", 4), ("failed", 4), ("refused", 3), ("locked", 5)],
)
def test_the_exit_code_of_one_that_is_followed_is_that_of_apply(database, capsys, result, code):
    draft = documents(capsys, "apply", "a")
    rollout = documents(capsys, "apply", "a", "--approve", draft["id"])["rollout"]
    with database.writing() as connection:
        begin_wave(connection, rollout, {"a"})
        end_apply(connection, claim_apply(connection, "a", "run1"), result, "why")
        end_rollout(connection, rollout, "converged" if result == "converged" else "failed")
        assert rollout_clusters(connection, rollout)[0].state == result
    found, out, _ = run_command(capsys, "rollouts", rollout, "--follow")
    assert found == code
    assert f"wave 1  a: {result}, run run1: why" in out


def test_the_worker_and_the_machine_of_each_run_are_named(database, capsys):
    draft = documents(capsys, "apply", "a")
    rollout = documents(capsys, "apply", "a", "--approve", draft["id"])["rollout"]
    with database.writing() as connection:
        begin_wave(connection, rollout, {"a"})
        begin_life(connection, Life("worker-of-a", ("default",), "host1", 7, "1", 9))
        begin_turn(connection, "a", "apply", "worker-of-a", "")
        claim_apply(connection, "a", "run1")
    (one,) = documents(capsys, "rollouts", rollout)["clusters"]
    assert (one["run"], one["worker"], one["machine"]) == ("run1", "worker-of-a", "host1")
    assert (
        "a: going, run run1 by worker worker-o on host1"
        in run_command(capsys, "rollouts", rollout)[1]
    )


def test_one_that_was_cancelled_ends_as_an_interrupted_run_does(database, capsys):
    draft = documents(capsys, "apply", "a")
    rollout = documents(capsys, "apply", "a", "--approve", draft["id"])["rollout"]
    found = documents(capsys, "rollouts", rollout, "--cancel")
    assert (found["state"], found["clusters"][0]["state"]) == ("cancelling", "not-begun")
    with database.writing() as connection:
        end_rollout(connection, rollout, "cancelled")
    assert run_command(capsys, "rollouts", rollout, "--cancel") == (
        3,
        "",
        "it is not going: cancelled\n",
    )
    code, out, err = run_command(capsys, "rollouts", rollout, "--follow", "--cancel")
    assert (code, err) == (130, "it is not going: cancelled\n")
    assert f"cancelled: cancelled by {words()}" in out
