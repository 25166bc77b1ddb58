"""Every kind, every address of the golden plans and every key has its entry, and none another's."""

import json
from pathlib import Path

import pytest

from reconciler.loading.hints import key_name
from reconciler.model.plan import DECLARED
from reconciler.planning.kinds import KINDS
from reconciler.reports.explain import codes
from reconciler.reports.glossary import find_entries, is_general, words_known
from reconciler.reports.glossary.address_patterns import PATTERNS, matching
from reconciler.reports.glossary.file_keys import find_keys, keys
from reconciler.reports.glossary.kind_meanings import FINAL, MEANINGS, OUTAGE, risk_of
from tests.unit.manual.test_file_page import KEYS

PLANS = [json.loads(path.read_text()) for path in sorted(Path("tests/golden").glob("*.json"))]
ACTIONS = [a for plan in PLANS for c in plan["clusters"] for a in c["actions"]]
CHANGES = [a for plan in PLANS for c in plan["clusters"] for a in c["changes"]]


def test_every_kind_has_its_meaning_and_no_other_word_has():
    assert MEANINGS.keys() == DECLARED == KINDS.keys()
    assert all(text.endswith(".") and len(text) < 90 for text in MEANINGS.values())
    assert OUTAGE.keys() | FINAL <= DECLARED


def test_a_kind_is_changed_at_some_address():
    named = {kind for pattern in PATTERNS for kind in pattern.kinds}
    assert named == DECLARED


def test_the_risk_of_a_kind_is_what_plans_say():
    assert ACTIONS
    for action in ACTIONS:
        told = risk_of(action["kind"])
        assert action["risk"] in told, action
        assert ("cannot be undone" in told) == action["irreversible"], action


def test_every_address_of_a_plan_has_one_pattern():
    assert ACTIONS
    assert CHANGES
    for item in (*ACTIONS, *CHANGES):
        (pattern,) = matching(item["address"])
        if "kind" in item and pattern.has_aspect:
            assert item["kind"] in pattern.kinds, item
        if "truth" in item:
            assert item["truth"] == pattern.truth, item


def test_the_keys_are_those_of_the_manual_and_of_the_schema():
    assert {key.path for key in keys()} == KEYS.keys()
    assert all(key.meaning for key in keys())


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_found_by_what_hints_call_it(key):
    path = [part for word in key.split(".") for part in (word.removesuffix("[]"), 0)]
    assert key in {found.path for found in find_keys(key_name(tuple(path)))}
    assert len(find_keys(key)) == 1


def test_a_key_of_a_member_s_ssh_is_that_of_the_file():
    assert find_keys("members.ssh.port") == find_keys("ssh.port")
    assert find_keys("clusters.members.ssh.port") == find_keys("ssh.port")


def test_an_entry_of_a_key_has_meaning_type_default_and_example():
    (entry,) = find_entries("volumes.size")
    assert entry.document() == {
        "sort": "key",
        "name": "clusters[].volumes[].size",
        "meaning": "How much of the device the volume takes, or `fill`: all of it. It only grows.",
        "type": "size, or fill",
        "default": "required",
        "example": "size: 800GiB",
        "change": "safe, or outage if offline; refused if smaller",
        "notes": "Of the disk. Larger: the volume grows. Smaller: shrink-refused",
        "more": "reconcile manual file",
    }


@pytest.mark.parametrize(
    ("word", "sorts"),
    [
        ("mount", ["kind", "address", "key"]),
        ("unmount", ["kind"]),
        ("volume/LABEL/mount", ["address"]),
        ("volume/*/mount", ["address"]),
        ("member/node01/service/a.service/boot", ["address"]),
        ("cluster.conf", ["address", "address"]),
        ("heartbeat.dead_threshold", ["key"]),
        ("nonsense", []),
        ("volume/LABEL/nonsense", []),
        ("", []),
    ],
)
def test_a_word_means_what_it_names(word, sorts):
    assert [entry.sort for entry in find_entries(word)] == sorts


def test_what_names_something_real_needs_a_plan():
    assert not any(is_general(word) for word in ("volume/images/mount", "cluster.conf", "a/b"))
    assert all(is_general(word) for word in ("mount", "volume/LABEL/mount", "volumes.size"))


def test_every_word_that_is_offered_is_found_and_is_no_code():
    assert [word for word in words_known() if not find_entries(word)] == []
    assert set(words_known()) & set(codes()) == set()


def test_a_key_of_few_values_is_explained_by_each_of_them():
    (entry,) = find_entries("members.state")
    told = dict(entry.facts)
    assert told["drained"] == (
        "in the cluster, nothing mounted, now and at boot. Change to it: Its volumes are "
        "unmounted: outage for it"
    )
    assert {"present", "offline", "absent", "dead"} <= told.keys()
    assert not [e for key in keys() for e in (_words_of(key.name),) if "elow" in e]


def _words_of(name):
    return " ".join(
        v for e in find_entries(name) for w, v in e.facts if w in {"change", "notes"}
    )
