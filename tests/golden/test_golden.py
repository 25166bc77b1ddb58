"""Plans as people and machines see them, byte for byte; UPDATE_GOLDEN=1 rewrites them."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model.desired import Desired
from reconciler.model.observed import Observed, Process, Unit, Unknown, Unreachable
from reconciler.pipeline import answered
from reconciler.planning.planner import make_plan
from reconciler.reports.documents import facts_document, plan_document
from reconciler.reports.text import plan_lines
from tests.builders import bare, converged, spec, volume

HERE = Path(__file__).parent


def create():
    cluster = spec(volumes=[volume()])
    return cluster, bare(cluster)


def blocked():
    cluster = spec(volumes=[volume(size="2GiB")])
    lost = Unreachable("node03", "host-key-changed", "its key is not the one in known_hosts")
    return cluster, Observed({**bare(cluster).hosts, "node03": lost})


def leave():
    """Who has number 0 leaves, the others close the gap one after the other; one is in use."""
    three = spec(volumes=[volume()])
    agent = Process(4711, "qemu", "/srv/images/a.img", "agent.service")
    hosts = {
        name: replace(
            facts,
            services=(
                *facts.services,
                Unit("agent.service", "loaded", "active", "running", True),
            ),
            processes=(agent,) if name == "node02" else (),
        )
        for name, facts in converged(three).hosts.items()
    }
    served = volume(workloads={"services": ["agent"]})
    members = [{"name": f"node0{n}", "interconnect": f"10.0.0.1{n}"} for n in (1, 2, 3)]
    members[0]["state"] = "absent"
    return spec(members=members, volumes=[served], numbering="compact"), Observed(hosts)


SCENES = {"create": create, "blocked": blocked, "leave": leave}


def matches(name, text):
    path = HERE / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("detail", [0, 1])
@pytest.mark.parametrize("name", SCENES)
def test_the_text_of_a_plan(name, detail):
    cluster, observed = SCENES[name]()
    plan = make_plan([(cluster, observed)])
    lines = plan_lines(plan, {cluster.name: observed}, detail)
    text = "".join(f"{line}\n" for _style, line in lines)
    matches(f"{name}{'-verbose' * detail}.txt", text)


@pytest.mark.parametrize("name", SCENES)
def test_the_document_of_a_plan(name):
    cluster, observed = SCENES[name]()
    plan = make_plan([(cluster, observed)])
    desired = Desired(version=1, clusters=(cluster,))
    document = plan_document(plan, desired, [], "0" * 64)
    matches(f"{name}.json", json.dumps(document, indent=1) + "\n")


def test_the_document_of_facts():
    cluster = spec(["node01", "node02"], volumes=[volume()])
    found = replace(converged(cluster).hosts["node01"], log=Unknown("dmesg: not permitted"))
    lost = Unreachable("node02", "host-unreachable", "no route to host")
    seen = Observed({"node01": found, "node02": lost})
    asked = {"ocfs2": answered(cluster, seen)}
    document = facts_document([(cluster, seen)], asked, "2026-11-26T10:00:00+00:00")
    matches("facts/running.json", json.dumps(document, indent=1) + "\n")
