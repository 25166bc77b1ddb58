"""What could not be done on a host of the storage is refused before anything is begun."""

from dataclasses import replace

import pytest

from reconciler.gate import gate_command
from reconciler.model.observed import LogicalVolume, Observed, Unknown, Unreachable
from reconciler.model.plan import Action, Command
from reconciler.planning.checks.storage_hosts import check, hosts_to_probe
from tests.builders import bare, facts, spec, volume

CLUSTER = spec(volumes=[volume()])
EXTENT = 4 << 20
PLAIN = LogicalVolume("vg0/lun1", size=100 * EXTENT, free=10 * EXTENT, extent=EXTENT)
THIN = replace(PLAIN, free=0, pool="vg0/pool", data=50.0, metadata=80.0)


def act(command, host="san"):
    values = {"summary": "", "because": "", "risk": "safe", "expects": ()}
    return Action("a", "grow-backing", host, "volume/images", command=command, **values)


def extend(extents, host="san"):
    """The action that makes the logical volume so large."""
    return act(gate_command("extend-lv", "vg0", "lun1", str(extents * EXTENT)), host)


def found(storage, *actions):
    observed = Observed(bare(CLUSTER).hosts, storage={"san": storage})
    return [(b.code, b.subject) for b in check(CLUSTER, observed, actions)]


def san(*volumes, **more):
    return facts("san", 9, logical_volumes=volumes, **more)


def test_a_host_that_does_not_answer_is_refused_by_the_code_of_the_reason():
    lost = Unreachable("san", "host-unreachable", "no route")
    assert found(lost, extend(101)) == [("host-unreachable", "storage/san")]


def test_a_host_that_was_not_looked_at_yet_is_not_judged():
    assert list(check(CLUSTER, bare(CLUSTER), [extend(101)])) == []


def test_a_host_on_which_nothing_is_done_is_not_judged():
    assert found(Unreachable("san", "host-unreachable", "no route")) == []


def test_who_is_not_root_there_can_do_nothing():
    someone = san(PLAIN)
    someone = replace(someone, identity=replace(someone.identity, uid=1000))
    assert found(someone, act(Command(("unmap",)))) == [("not-root", "storage/san")]
    silent = replace(someone, identity=Unknown("cut off"))
    assert found(silent, act(Command(("unmap",)))) == [("not-root", "storage/san")]


def test_another_command_needs_no_logical_volume():
    assert found(san(), act(Command(("unmap",)))) == []


def test_what_lvm_has_is_unknown():
    unread = replace(san(), logical_volumes=Unknown("lvs failed"))
    assert found(unread, extend(101)) == [("section-unread", "storage/san")]


@pytest.mark.parametrize("volumes", [(), (replace(PLAIN, missing="no such volume"),)])
def test_a_logical_volume_that_is_not_there_is_not_extended(volumes):
    assert found(san(*volumes), extend(101)) == [("backing-missing", "volume/images")]


@pytest.mark.parametrize(
    ("extents", "codes"), [(90, []), (100, []), (110, []), (111, ["no-space"])]
)
def test_a_volume_group_has_to_have_the_room(extents, codes):
    assert [code for code, _ in found(san(PLAIN), extend(extents))] == codes


@pytest.mark.parametrize(
    ("data", "metadata", "codes"),
    [
        (50.0, 80.0, []),
        (80.1, 10.0, ["thin-pool-full"]),
        (10.0, 80.1, ["thin-pool-full"]),
        (None, 10.0, ["thin-pool-full"]),
    ],
)
def test_a_thin_volume_asks_its_pool_whatever_the_group_has(data, metadata, codes):
    volume = replace(THIN, data=data, metadata=metadata)
    assert [code for code, _ in found(san(volume), extend(200))] == codes


def test_a_member_is_looked_at_beside_only_where_it_extends_a_volume():
    inside, beside = extend(101, "node01"), act(Command(("unmap",)))
    other = act(Command(("true",)), "node02")
    asked = hosts_to_probe(CLUSTER, [inside, beside, other])
    assert asked == {"node01": ("vg0/lun1",), "san": ()}
