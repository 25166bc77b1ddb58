"""`pause` and `resume` over real SSH: what the hosts keep, what is told, and the exit codes."""

import json
import re

import pytest

from tests.cli_harness import desk

WHY = ("--reason", "the SAN moves")


def paused(at):
    """Who is paused, and why."""
    texts = {n: m.files.text("/var/lib/reconcile/paused") for n, m in at.world.machines.items()}
    rows = {
        name: dict(line.split("\t") for line in t.splitlines()) for name, t in texts.items()
    }
    return {name: row["reason"] for name, row in rows.items() if row}


async def test_a_cluster_is_paused_for_everybody_until_it_is_resumed(tmp_path):
    async with desk(tmp_path) as at:
        code, out, err = await at.run("pause", "ocfs2", at.file, *WHY, "-v")
        assert (code, err) == (0, "")
        assert "paused node01, node02 until it is resumed (the SAN moves)\n" in out
        assert "to go on: reconcile resume ocfs2" in out
        assert paused(at) == {"node01": "the SAN moves", "node02": "the SAN moves"}
        code, out, _err = await at.run("plan", at.file, "--format", "json")
        (blocked,) = json.loads(out)["clusters"][0]["blocked"]
        assert (code, blocked["code"], blocked["subject"]) == (3, "paused", "cluster/ocfs2")
        assert (await at.run("apply", at.file, "--auto-approve"))[0] == 3
        assert (await at.run("drift", at.file))[0] == 2
        code, out, _err = await at.run("status", at.file, "--interval", "0s")
        assert code == 0
        assert "PAUSED  node01, node02: the SAN moves (by " in out
        code, out, err = await at.run("resume", "ocfs2")
        assert (code, err) == (0, "")
        assert out.splitlines()[0] == "resumed node01, node02"
        assert "node01, node02: was paused by " in out
        assert paused(at) == {}
        assert (await at.run("plan", at.file))[0] == 0


async def test_part_of_the_hosts_is_told_by_name_and_none_at_all_is_refused(tmp_path):
    async with desk(tmp_path) as at:
        at.world.machines["node02"].refusal = "host-unreachable"
        code, out, err = await at.run("pause", "ocfs2", at.file, *WHY)
        assert code == 4
        assert "paused node01 " in out
        assert err.startswith("node02: host-unreachable: ")
        assert err.endswith(": not paused\n")
        code, out, err = await at.run("pause", "node02", at.file, *WHY, "--format", "json")
        document = json.loads(out)
        assert (code, document["exit_code"], err) == (3, 3, "")
        (host,) = document["hosts"]
        assert (host["host"], host["done"], host["code"]) == (
            "node02",
            False,
            "host-unreachable",
        )
        code, _out, err = await at.run("resume", "ocfs2", at.file)
        assert (code, ": not resumed" in err) == (4, True)


async def test_one_host_is_paused_and_its_end_is_told_for_programs(tmp_path):
    async with desk(tmp_path) as at:
        words = ("pause", "member/node01", at.file, *WHY, "--format", "json")
        code, out, _err = await at.run(*words, "--until", "2099-01-02T03:04:05+00:00")
        document = json.loads(out)
        assert (code, document["until"]) == (0, "2099-01-02T03:04:05+00:00")
        assert document["hosts"] == [
            {"host": "node01", "done": True, "code": None, "message": ""}
        ]
        assert set(paused(at)) == {"node01"}
        code, out, _err = await at.run("resume", "node01", at.file, "--format", "json")
        (ended,) = json.loads(out)["ended"]
        assert (code, ended["hosts"]) == (0, ["node01"])
        assert re.search(r"until 2099-\S+ \(the SAN moves\)", ended["what"])  # by its own clock
        assert (await at.run("resume", "node01", at.file, "-q"))[:2] == (0, "")


async def test_a_duration_counts_from_now_by_the_clock_of_the_host(tmp_path):
    async with desk(tmp_path) as at:
        assert (await at.run("pause", "node01", at.file, *WHY, "--until", "4h"))[0] == 0
        text = at.world.machines["node01"].files.text("/var/lib/reconcile/paused")
        until = int(dict(line.split("\t") for line in text.splitlines())["until"])
        assert 0 <= at.world.clock(at.world.machines["node01"]) + 4 * 3600 - until < 600


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("pause", "node1", *WHY), "did you mean node01?"),
        (("pause", "storage", *WHY), "there are ocfs2, node01, node02"),
        (("pause", "node01", "--reason", " "), "--reason is one line"),
        (("pause", "node01", "--reason", "a\nb"), "--reason is one line"),
        (("pause", "node01"), "--reason"),
        (("pause", "node01", *WHY, "--until", "soon"), "is no time like"),
        (("pause", "node01", *WHY, "--until", "2020-01-01"), "has passed"),
        (("resume", "member/ocfs2"), "no cluster and no host"),
        (("resume",), "CLUSTER|HOST"),
    ],
)
async def test_what_is_not_understood_pauses_nothing(tmp_path, words, told):
    async with desk(tmp_path) as at:
        assert at.file
        code, out, err = await at.run(*words)
        assert (code, out, told in err) == (64, "", True)
        assert paused(at) == {}


async def test_a_host_with_the_name_of_its_cluster_has_to_be_told_apart(tmp_path):
    async with desk(tmp_path) as at:
        at.document["clusters"][0]["name"] = "node01"
        code, _out, err = await at.run("pause", "node01", at.file, *WHY)
        assert (code, "say cluster/node01 or member/node01" in err) == (64, True)
        assert (await at.run("pause", "cluster/node01", at.file, *WHY))[0] == 0
        assert set(paused(at)) == {"node01", "node02"}


async def test_who_is_away_by_the_file_is_not_asked(tmp_path):
    async with desk(tmp_path) as at:
        told = {"by": "J. Doe", "at": "2026-03-01T09:30:00Z", "reason": "repair"}
        at.document["clusters"][0]["members"][1] |= {"state": "offline", "attested": told}
        code, _out, err = await at.run("pause", "node02", at.file, *WHY)
        assert (code, "is away" in err) == (64, True)
        assert (await at.run("pause", "ocfs2", at.file, *WHY))[0] == 0
        assert set(paused(at)) == {"node01"}
