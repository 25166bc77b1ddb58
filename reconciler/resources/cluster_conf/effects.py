"""The file after an action."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.effect import BARRIER, Effects, on_host, written_file
from reconciler.model.observed import HostFacts, TextFile
from reconciler.model.plan import Action
from reconciler.resources.cluster_conf.changes import PATH


def _written(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    return replace(facts, cluster_conf=written_file(action))


def _archived(_c: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    return replace(facts, cluster_conf=TextFile(PATH, None))


EFFECTS: Effects = {
    "write-cluster-conf": on_host(_written),
    "archive-cluster-conf": on_host(_archived),
    "same-cluster-conf": BARRIER,
}
