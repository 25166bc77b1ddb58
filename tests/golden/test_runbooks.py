"""Runbooks as people read them, byte for byte; UPDATE_GOLDEN=1 rewrites them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.loading import read
from reconciler.model.roles import with_member_states
from reconciler.reports.runbook import runbook_document, runbook_lines
from tests.builders import converged
from tests.golden.scenes import SCENES, built
from tests.golden.test_golden import matches, scene
from tests.unit.resources.growth.test_growth import GIB, MIB, layers, seen, wish

GUIDE = str(Path(__file__).parents[2] / "examples/classic-guide.yaml")


def guide_join():
    """The guide's first cluster: flexnode01 has been created, flexnode02 joins."""
    (cluster,) = read(GUIDE).clusters
    alone = cluster.model_copy(update={"members": cluster.members[:1]})
    hosts = dict(converged(cluster).hosts)
    first = converged(alone).hosts["flexnode01"]
    bare = replace(
        hosts["flexnode02"],
        addresses=hosts["flexnode02"].addresses,
        cluster_conf=replace(hosts["flexnode02"].cluster_conf, text=None, sha256="", mode=""),
        live=replace(hosts["flexnode02"].live, stack="", clusters=()),
    )
    return cluster, _placed(cluster, {"flexnode01": first, "flexnode02": bare})


def guide_remove():
    """The guide's removal of flexnode01, of its cluster of two."""
    (cluster,) = read(GUIDE).clusters
    observed = _placed(cluster, converged(cluster).hosts)
    return with_member_states(cluster, {"flexnode01": "absent"}), observed


def _placed(cluster, hosts):
    """Each host has the address that the file gives it."""
    at = {m.name: str(m.interconnect) for m in cluster.members}
    return type(converged(cluster))(
        {
            name: replace(facts, addresses=(replace(facts.addresses[0], ip=at[name]),))
            for name, facts in hosts.items()
        }
    )


def guide_grow():
    """The guide's growth: a partition on a LUN with two paths, which storage has enlarged."""
    cluster = wish("2GiB", partition=1)
    part = (MIB, GIB - 2 * MIB)
    return cluster, seen(cluster, all=layers(part, paths=(GIB, GIB), told=2 * GIB))


GUIDES = {
    "guide-join": guide_join,
    "guide-remove": guide_remove,
    "guide-grow": guide_grow,
}


@pytest.mark.parametrize("name", [*SCENES, *GUIDES])
def test_the_runbook_of_a_plan(name):
    at = scene(name) if name in SCENES else built(*GUIDES[name]())
    json.dumps(runbook_document(at.plan, at.pairs))
    text = "".join(f"{line}\n" for _style, line in runbook_lines(at.plan, at.pairs))
    matches(f"{name}-runbook.md", text)
