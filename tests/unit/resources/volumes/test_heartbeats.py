"""Whom the survivors of a member's death have recovered, by what could be read."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Observed, Slot
from reconciler.resources.volumes.heartbeats import check
from tests.builders import converged, spec, volume

DEAD = {
    "state": "dead",
    "attested": {"by": "alice", "at": "2026-11-01", "lun_access": "revoked"},
}


def after_the_death(slot_map):
    """node03 (number 2) is attested dead; the survivors still list and have the volume."""
    cluster = spec(volumes=[volume()])
    observed = converged(cluster)
    members = [item.model_copy() for item in cluster.members]
    members[2] = members[2].model_validate({**members[2].model_dump(exclude_none=True), **DEAD})
    members = [item.model_copy(update={"number": n}) for n, item in enumerate(members)]
    hosts = {}
    for name in ("node01", "node02"):
        facts = observed.hosts[name]
        views = tuple(
            replace(view, beats=(), advancing=(), slot_map=slot_map) for view in facts.wanted
        )
        hosts[name] = replace(facts, wanted=views)
    return cluster.model_copy(update={"members": tuple(members)}), Observed(hosts)


@pytest.mark.parametrize(
    ("slot_map", "said"),
    [
        (None, ["could not be read"]),
        ((Slot(0, 0), Slot(1, 1), Slot(2, 2)), ["still has a slot"]),
        ((Slot(0, 0), Slot(1, 1)), []),
    ],
)
def test_who_died_is_recovered_only_where_the_slots_say_so(slot_map, said):
    found = [b for b in check(*after_the_death(slot_map)) if b.code == "recovery-unfinished"]
    assert [words in blocked.message for words, blocked in zip(said, found, strict=True)] == [
        True for _ in said
    ]
