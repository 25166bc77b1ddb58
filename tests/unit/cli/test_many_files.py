"""A directory of many files: each is read once, and one cluster at a time is in memory."""

import gc
import json
import os
from collections import Counter
from pathlib import Path

import pytest
import yaml

from reconciler.cli import run, run_records
from reconciler.cli.commands import plan as planning
from reconciler.model.observed import HostFacts
from reconciler.model.plan import ClusterPlan, Plan

FACTS = json.loads(Path("tests/golden/facts/running.json").read_text())
COUNT = 12
# What was asked of hosts that may join: whether they reach one another.
CONNECT = ["10.0.0.11:7777", "10.0.0.12:7777"]


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Clusters of two hosts, a file each, and the facts of all in one document."""
    monkeypatch.chdir(tmp_path)
    Path("site").mkdir()
    (cluster,) = FACTS["clusters"]
    document = {**FACTS, "clusters": [], "hosts": {}}
    for number in range(COUNT):
        name = f"c{number}"
        keys = {host: f"{name}/{host}" for host in cluster["hosts"]}
        asked = {**cluster["asked"], "connect": CONNECT}
        document["clusters"].append({**cluster, "name": name, "hosts": keys, "asked": asked})
        document["hosts"] |= dict.fromkeys(keys.values(), FACTS["hosts"]["node01"])
        members = [
            {"name": host, "interconnect": f"10.0.0.{place}"}
            for place, host in enumerate(cluster["hosts"], 11)
        ]
        text = yaml.safe_dump({"version": 1, "clusters": [{"name": name, "members": members}]})
        Path(f"site/{name}.yaml").write_text(text)
    Path("facts.json").write_text(json.dumps(document))
    return tmp_path


def living():
    """Hosts whose facts are in memory, of whatever cluster; what is frozen is in no list of the collector."""
    gc.unfreeze()
    gc.collect()
    return sum(isinstance(found, HostFacts) for found in gc.get_objects())


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_of_many_clusters_one_at_a_time_is_in_memory(site, capsys, monkeypatch, form):
    plan, counts = planning.plan_from_facts, []

    def counted(*given, **more):
        counts.append(living())
        return plan(*given, **more)

    monkeypatch.setattr(planning, "plan_from_facts", counted)
    run(["plan", "site", "--facts", "facts.json", "--format", form])
    assert len(counts) == COUNT
    # What other tests left goes with the first; the record of the last is kept.
    found = counts[1:]
    assert 0 < max(found) <= min(found) + 2 * len(FACTS["hosts"])


def test_each_file_is_read_once_and_each_host_twice(site, capsys, monkeypatch):
    files, bytes_read = Counter(), []
    read, pread, opening = planning.read_text, os.pread, os.open

    def counted_read(path):
        files[Path(path).name] += 1
        return read(path)

    def counted_open(path, *more):
        files[Path(path).name] += 1
        return opening(path, *more)

    def counted_pread(*place):
        found = pread(*place)
        bytes_read.append(len(found))
        return found

    monkeypatch.setattr(planning, "read_text", counted_read)
    monkeypatch.setattr(os, "open", counted_open)
    monkeypatch.setattr(os, "pread", counted_pread)
    run(["plan", "site", "--facts", "facts.json", "-q"])
    names = ["facts.json", *(f"c{number}.yaml" for number in range(COUNT))]
    assert {name: files[name] for name in names} == dict.fromkeys(names, 1)
    # Once to find the hosts, once to plan.
    assert sum(bytes_read) < 2.2 * Path("facts.json").stat().st_size


def test_each_record_of_a_run_is_read_once_for_all_plans(tmp_path, monkeypatch):
    runs = tmp_path / "runs"
    runs.mkdir(mode=0o700)
    tmp_path.chmod(0o700)
    for name in "123":
        (runs / f"{name}.jsonl").touch(mode=0o600)
    read, load_run = [], run_records._load_run

    def counted(path):
        read.append(path.stem)
        return load_run(path)

    monkeypatch.setattr(run_records, "_load_run", counted)
    past = run_records.PastFailures(str(tmp_path))
    for name in "abc":
        plan = Plan("", (ClusterPlan(name, (), (), (), ()),), "")
        assert past.tell(plan) == plan
    assert read == ["3", "2", "1"]
