"""What was recorded comes back as it was observed."""

import json
from pathlib import Path

import pytest

from reconciler.hosts.observer import parse_facts
from reconciler.loading.saved import recorded_facts
from reconciler.model.observed import Observed, Unknown, Unreachable
from reconciler.reports.documents import facts_document
from reconciler.resources import SECTIONS
from tests.builders import facts, spec

PROBES = sorted(Path("tests/probes").glob("*/*.txt"))
MOMENT = "2026-11-26T10:00:00+00:00"


def again(tmp_path, pairs, change=lambda document: None):
    asked = {cluster.name: {"want": ("a", "b"), "connect": ()} for cluster, _seen in pairs}
    document = facts_document(pairs, asked, MOMENT)
    change(document)
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(document))
    return recorded_facts(str(path)).clusters


@pytest.mark.parametrize("probe", PROBES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_real_host_comes_back(tmp_path, probe):
    host = parse_facts(probe.read_text(), SECTIONS)
    found = again(tmp_path, [(spec(["node01"]), Observed({"node01": host}))])["ocfs2"]
    assert found.hosts == {"node01": host}
    assert found.asked == {"want": frozenset({"a", "b"}), "connect": frozenset()}


def test_a_host_of_two_clusters_is_told_apart_and_one_without_an_answer_too(tmp_path):
    lost = Unreachable("node02", "host-key-changed", "its key is another one")
    one = spec(["node01"], name="one"), Observed({"node01": facts("node01", 1)})
    moved = facts("node01", 7)
    two = spec(["node02"], name="two"), Observed({"node02": lost, "node01": moved})
    found = again(tmp_path, [one, two])
    assert found["one"].hosts == one[1].hosts
    assert found["two"].hosts == two[1].hosts


def test_a_section_that_is_missing_is_unknown(tmp_path):
    seen = Observed({"node01": facts("node01", 1)})
    found = again(
        tmp_path,
        [(spec(["node01"]), seen)],
        lambda document: document["hosts"]["node01"].pop("logical_volumes"),
    )
    volumes = found["ocfs2"].hosts["node01"].logical_volumes
    assert volumes == Unknown("it is not among the recorded facts")


def test_of_a_storage_host_only_what_it_was_asked_for_is_kept(tmp_path):
    host = facts("san", 1)
    seen = Observed({}, {"san": host})
    kept = again(tmp_path, [(spec(["node01"]), seen)])["ocfs2"].storage["san"]
    assert (kept.identity, kept.logical_volumes) == (host.identity, host.logical_volumes)
    assert isinstance(kept.mounts, Unknown)
