"""Recorded facts of other ages, and damaged ones, are told in words, with their place."""

import json
import os
from copy import deepcopy
from pathlib import Path

import pytest

from reconciler.errors import InputError, UsageError
from reconciler.loading.saved import recorded_facts, saved_plan

RECORDED = Path(__file__).parents[2] / "golden" / "facts" / "running.json"
FACTS = json.loads(RECORDED.read_text())
AGAIN = "make it again: reconcile observe FILE -o FACTS"
NODE = FACTS["clusters"][0]["hosts"]["node01"]
DAMAGE = {
    "no moment": (("observed_at",), None, "observed_at is nothing, not a text"),
    "clusters as a mapping": (("clusters",), {}, "clusters is a mapping, not a list"),
    "a cluster as a text": (("clusters", 0), "x", "clusters.0 is 'x', not a mapping"),
    "a host as a number": (
        ("clusters", 0, "hosts", "node01"),
        5,
        "clusters.0.hosts.node01 is 5, not a text",
    ),
    "a section as a number": (
        ("hosts", NODE, "kernel"),
        1,
        "damaged: of node01, kernel is 1, not a mapping",
    ),
    "a fact as a list": (
        ("hosts", NODE, "kernel", "running"),
        [],
        "damaged: of node01, kernel.running is a list, not a text",
    ),
    "a list as a text": (
        ("hosts", NODE, "services"),
        "x",
        "damaged: of node01, services is 'x', not a list",
    ),
    "another version": (("format_version",), "99", "format_version '99'; this version reads"),
}


@pytest.mark.parametrize(("place", "value", "words"), DAMAGE.values(), ids=DAMAGE)
def test_damaged_facts_are_told_in_words(tmp_path, place, value, words):
    document = deepcopy(FACTS)
    around = document
    for part in place[:-1]:
        around = around[part]
    around[place[-1]] = value
    file = tmp_path / "f.json"
    file.write_text(json.dumps(document))
    with pytest.raises(InputError) as raised:
        dict(recorded_facts(str(file)).clusters)  # each is read when it is asked for
    assert words in str(raised.value)
    assert str(raised.value).endswith(AGAIN)
    assert "input should" not in str(raised.value)


def test_a_key_that_is_missing_is_named(tmp_path):
    document = {key: value for key, value in FACTS.items() if key != "observed_at"}
    (tmp_path / "f.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="observed_at is missing; make it again"):
        recorded_facts(str(tmp_path / "f.json"))


def test_a_directory_is_told_what_to_name(tmp_path):
    with pytest.raises(UsageError) as raised:
        recorded_facts(str(tmp_path))
    assert str(raised.value) == f"{tmp_path}: it is a directory; name the file in it"


def test_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "f.json")
    with pytest.raises(UsageError, match="it is a FIFO"):
        recorded_facts(str(tmp_path / "f.json"))


OTHERS = {
    "a desired-state file": ("version: 1\nclusters: []\n", "this is a desired-state file, no "),
    "nothing": (" \n", "the file is empty"),
    "some text": ("Plan 1234\n", "this is no JSON"),
}


@pytest.mark.parametrize(("text", "words"), OTHERS.values(), ids=OTHERS)
def test_another_file_is_told_as_what_it_is(tmp_path, text, words):
    file = tmp_path / "f"
    file.write_text(text)
    with pytest.raises(InputError) as raised:
        recorded_facts(str(file))
    assert str(raised.value).startswith(f"{file}:1:1: {words}")
    assert str(raised.value).endswith(AGAIN)


def test_a_plan_is_no_facts_and_facts_are_no_plan(tmp_path):
    file = tmp_path / "f.plan.json"
    file.write_text(RECORDED.read_text())
    with pytest.raises(InputError, match="these are facts of reconcile observe, no saved plan"):
        saved_plan(str(file))
    file.write_text(json.dumps({"format_version": "1", "id": "a1", "desired": {}}))
    with pytest.raises(InputError, match="this is a saved plan, no facts"):
        recorded_facts(str(file))


def test_what_another_shell_wrote_is_read_or_told_by_its_encoding(tmp_path):
    file = tmp_path / "f.json"
    file.write_bytes(b"\xef\xbb\xbf" + RECORDED.read_bytes())
    assert recorded_facts(str(file)) == recorded_facts(str(RECORDED))
    file.write_bytes(RECORDED.read_text().encode("utf-16"))
    with pytest.raises(InputError, match="this is UTF-16: iconv -f UTF-16 -t UTF-8 "):
        recorded_facts(str(file))
