"""Operations: which of them a plan contains."""

import re
from dataclasses import replace

import pytest

from reconciler.model.observed import Observed
from reconciler.model.plan import DECLARED
from reconciler.passport.operations import OPERATIONS, operations
from reconciler.planning.planner import plan_cluster
from reconciler.reports.manual import manual_page
from tests.builders import bare, converged, spec, volume
from tests.golden.scenes import SCENES, THREE

IN_SCENES = {
    "create": ("create", "mount"),
    "leave": ("leave", "renumber", "mount"),
    "empty": (),
    "join": ("join", "mount", "install"),
    "grow-online": ("grow-online",),
    "grow-offline": ("grow-offline", "mount"),
    "guests": ("mount",),
    "renumber": ("leave", "renumber", "mount"),
    "dead": ("dead",),
    "forecast": (),
}


@pytest.mark.parametrize("name", IN_SCENES)
def test_a_plan_contains(name):
    scene = SCENES[name]()
    ((cluster, _observed),) = scene.pairs
    assert operations(scene.plan.clusters[0], cluster) == IN_SCENES[name]


def of(cluster, observed):
    return operations(plan_cluster(cluster, observed), cluster)


def test_a_member_of_a_running_cluster_that_was_offline_joins_again():
    cluster = spec(volumes=[volume()])
    observed = converged(cluster)
    away = replace(observed.hosts["node02"], live=bare(cluster).hosts["node02"].live, mounts=())
    assert of(cluster, Observed({**observed.hosts, "node02": away})) == ("join", "mount")


def test_a_cluster_of_which_nobody_runs_is_made_anew():
    cluster = spec(volumes=[volume()])
    hosts = {
        name: replace(facts, live=bare(cluster).hosts[name].live, mounts=())
        for name, facts in converged(cluster).hosts.items()
    }
    assert of(cluster, Observed(hosts)) == ("create", "mount")


def test_the_last_member_leaves():
    only = {"name": "node01", "interconnect": "10.0.0.11"}
    before = spec(members=[only], volumes=[volume()])
    gone = spec(members=[{**only, "state": "absent"}], volumes=[volume()])
    assert of(gone, converged(before)) == ("leave", "mount")


def test_another_address_is_a_new_place_in_the_list():
    cluster = spec(volumes=[volume()])
    moved = [
        {"name": name, "interconnect": f"10.0.0.1{n}", **({"port": 7778} if n == 3 else {})}
        for n, name in enumerate(THREE, 1)
    ]
    assert "renumber" in of(spec(members=moved, volumes=[volume()]), converged(cluster))


def test_timeouts_of_running_kernels_change():
    slower = spec(volumes=[volume()], network={"idle_timeout_ms": 40000})
    found = of(slower, converged(spec(volumes=[volume()])))
    assert found[0] == "timeouts"
    assert "create" not in found


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"slots": 12}, ("slots", "mount")),
        ({"mount": {"path": "/srv/new"}}, ("move-path", "mount")),
        ({"mount": {"path": "/srv/images", "options": ["noatime"]}}, ("mount",)),
    ],
)
def test_a_volume_changes(more, found):
    before = spec(volumes=[volume()])
    assert of(spec(volumes=[volume(**more)]), converged(before)) == found


def test_another_version_of_the_tools_is_an_upgrade():
    wanted = spec(volumes=[volume()], packages={"tools_version": "1.8.8-1"})
    assert "upgrade" in of(wanted, converged(spec(volumes=[volume()])))


def test_the_table_has_kinds_that_there_are_each_in_one_row():
    kinds = [kind for operation in OPERATIONS.values() for kind in operation.kinds]
    assert {*kinds} <= DECLARED
    assert len(kinds) == len({*kinds})


def test_the_manual_has_the_same_operations_in_the_same_words():
    page = manual_page("passport")
    shown = dict(re.findall(r"^\|`([a-z-]+)`\|([a-z].*)\|$", page, re.MULTILINE))
    assert shown == {name: one.words for name, one in OPERATIONS.items()}
