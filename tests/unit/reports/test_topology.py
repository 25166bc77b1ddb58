"""The picture shows what is there, and by an arrow what the plan makes of it."""

from dataclasses import replace

import pytest

from reconciler.model.desired import Desired
from reconciler.model.observed import Observed, Unknown
from reconciler.planning.planner import make_plan
from reconciler.reports.topology import topology
from tests.builders import bare, converged, spec, volume
from tests.golden.scenes import SCENES

CLUSTER = spec(volumes=[volume()])


def drawn(cluster, observed):
    (plan,) = make_plan([(cluster, observed)]).clusters
    return topology(cluster, observed, plan)


def shelf(cluster, observed):
    return drawn(cluster, observed).shelves[0]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("create", "no OCFS2 \u2192 1GiB"),
        ("grow-online", "1GiB \u2192 2GiB"),
        ("leave", "1GiB"),
    ],
)
def test_the_size_is_that_of_the_file_system(name, size):
    at = SCENES[name]()
    ((cluster, observed),) = at.pairs
    assert topology(cluster, observed, at.plan.clusters[0]).shelves[0].size == size


def test_what_the_file_asks_for_is_not_there_while_nothing_makes_it():
    asked = spec(volumes=[volume(size="900TiB")])
    assert shelf(asked, converged(CLUSTER)).size == "1GiB"


def test_what_could_not_be_read_has_no_size():
    found = converged(CLUSTER)
    unread = Observed({n: replace(f, wanted=Unknown("x")) for n, f in found.hosts.items()})
    assert shelf(CLUSTER, unread).size == "size unknown"


def test_the_path_is_where_it_is_mounted():
    moved = spec(volumes=[volume(mount={"path": "/srv/other"})])
    assert shelf(moved, converged(CLUSTER)).path == "/srv/images \u2192 /srv/other"
    assert shelf(CLUSTER, converged(CLUSTER)).path == "/srv/images"
    assert shelf(CLUSTER, bare(CLUSTER)).path == "/srv/images"


def test_an_address_is_the_one_that_the_kernels_have():
    text = CLUSTER.model_dump(mode="json", exclude_defaults=True)
    text["members"][1]["interconnect"] = "10.0.0.99"
    moved = Desired.model_validate({"version": 1, "clusters": [text]}, strict=False).clusters[0]
    addresses = [seat.address for seat in drawn(moved, converged(CLUSTER)).seats]
    assert addresses == [
        "10.0.0.11:7777",
        "10.0.0.12:7777 \u2192 10.0.0.99:7777",
        "10.0.0.13:7777",
    ]
