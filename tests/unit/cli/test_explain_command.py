"""`explain ADDRESS FILE`: the hosts are read for it."""

import json
from pathlib import Path

import pytest

from reconciler.cli.commands.explain import SLIP, near_code
from tests.cli_harness import Desk, desk


async def test_an_address_is_explained_by_the_plan_and_an_unknown_one_is_an_error(tmp_path):
    async with desk(tmp_path) as at:
        words = ("explain", "volume/images/mount", at.file, "--format", "json")
        code, out, _err = await at.run(*words)
        document = json.loads(out)
        assert (code, document["address"]) == (0, "volume/images/mount")
        assert {action["kind"] for action in document["actions"]} == {"mount"}
        code, out, err = await at.run("explain", "volume/image/mount")
        assert (code, out) == (64, "")
        assert "did you mean volume/images/mount" in err


async def test_a_word_that_is_neither_code_nor_address_needs_no_host(tmp_path):
    async with desk(tmp_path) as at:
        code, _out, err = await at.run("explain", "volume-buzy")
        assert (code, "did you mean volume-busy?" in err) == (64, True)


@pytest.mark.parametrize(
    "word", ["Foreign_Heartbeat", "FOREIGN-HEARTBEAT", "foreign_heartbeat"]
)
@pytest.mark.parametrize("more", [(), ("cluster.yaml",)])
async def test_capitals_and_underscores_are_slips_in_a_code(tmp_path, word, more):
    async with desk(tmp_path) as at:
        assert at.file
        code, _out, err = await at.run("explain", word, *more)
        assert (code, "did you mean foreign-heartbeat?" in err) == (64, True)


def test_no_word_of_a_plan_is_taken_for_a_code_with_a_slip_in_it():
    """All kinds and addresses of the golden plans."""
    words = set()
    for path in Path("tests/golden").glob("*.json"):
        for cluster in json.loads(path.read_text())["clusters"]:
            for item in (*cluster["actions"], *cluster["changes"]):
                words |= {item.get("kind", ""), item["address"], *item["address"].split("/")}
    assert {"cluster.conf", "timeouts", "install-packages", "mount"} <= words
    assert {word: near_code(word, SLIP) for word in words if near_code(word, SLIP)} == {}
    assert near_code("volume-buzy", SLIP) == "volume-busy"


async def test_without_a_file_it_is_the_one_that_is_there(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        assert at.file
        code, out, err = await at.run("explain", "cluster.conf", "--format", "json")
        assert (code, json.loads(out)["address"]) == (0, "cluster.conf"), err


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("mount", "mount: a kind of action"),
        ("volumes.size", "clusters[].volumes[].size: a key of the file"),
        ("volume/LABEL/mount", "volume/LABEL/mount/HOST: an address of a plan"),
        ("volume/images/mount", "volume/LABEL/mount/HOST: an address of a plan"),
        ("locked", "# locked: another run has the cluster"),
        ("bad-size", "# bad-size: a size without a binary unit"),
    ],
)
async def test_what_a_word_means_needs_neither_hosts_nor_a_file(tmp_path, word, line):
    code, out, err = await Desk(None, tmp_path, {}).run("explain", word)
    assert (code, out.splitlines()[0], err) == (0, line, "")


async def test_a_kind_or_key_asks_no_host_though_there_is_a_file(tmp_path):
    """The file names hosts that do not exist."""
    at = Desk(None, tmp_path, {})
    assert (await at.run("init", "-o", "cluster.yaml"))[0] == 0
    for word in ("mount", "volumes.size", "volume/LABEL/mount"):
        code, out, err = await at.run("explain", word, "--format", "json")
        assert (code, json.loads(out)["word"], err) == (0, word, "")


async def test_of_a_kind_with_a_file_it_is_the_plan_s(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        code, out, _err = await at.run("explain", "mount", at.file)
        assert (code, "mount on node01: mount images on /srv/images" in out) == (0, True)


async def test_a_slip_in_a_word_is_told_with_what_was_meant(tmp_path):
    at = Desk(None, tmp_path, {})
    for word, meant in (("volumes.sise", "volumes.size"), ("monut", "mount")):
        code, out, err = await at.run("explain", word)
        assert (code, out, f"did you mean {meant}?" in err) == (64, "", True)


async def test_without_a_word_all_of_them_are_listed(tmp_path):
    at = Desk(None, tmp_path, {})
    _code, out, _err = await at.run("explain", "--format", "json")
    document = json.loads(out)
    assert {"locked", "tab", "host-unreachable"} <= document["codes"].keys()
    assert {"mount", "volumes.size", "member/NAME/cluster.conf"} <= set(document["words"])
    _code, out, _err = await at.run("explain")
    lines = out.splitlines()
    assert set(document["words"]) <= {line.strip() for line in lines}
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "Codes:",
        "Rules that every plan is checked for:",
        "Kinds of actions:",
        "Addresses of a plan:",
        "Keys of the file:",
        "Words of plans and status:",
    ]
    rules = [line for line in lines if line.startswith("  invariant-")]
    columns = {line.index(document["codes"][line.split()[0]]) for line in rules}
    assert len(columns) == 1


@pytest.mark.parametrize("word", ["BLOCKED", "warnings", "Notes"])
async def test_a_word_of_every_plan_is_on_a_page_of_the_manual(tmp_path, word):
    code, out, err = await Desk(None, tmp_path, {}).run("explain", word)
    assert (code, out, "reconcile manual plan" in err) == (64, "", True)


@pytest.mark.parametrize(
    "word",
    [
        "panic_on_oops",
        "kernel.panic_on_oops",
        "lease",
        "leases",
        "Slot Map",
        "slot-map",
        "quorum",
        "barrier",
        "quarantine",
        "outage",
        "fence_method",
        "drift",
    ],
)
async def test_a_noun_of_plans_and_status_is_explained_without_hosts(tmp_path, word):
    code, out, err = await Desk(None, tmp_path, {}).run("explain", word)
    assert (code, err) == (0, "")
    assert "a word of plans and status" in out
    assert "more " in out
