"""How long an outage lasts: until the last of what it took is back."""

from dataclasses import replace

from reconciler.model.observed import Guest
from reconciler.planning.planner import plan_cluster
from tests.builders import converged, everywhere, spec, volume, with_facts

MOUNTED = spec(volumes=[volume()])
RETIMED = {"heartbeat": {"dead_threshold": 61}}
# Seconds that a plan allows for one of these.
STOP_GUEST, START_GUEST = 30, 15
STOP_CLUSTER, WRITE_FILE, START_CLUSTER = 4, 2, 8


def length(cluster, observed):
    (outage,) = plan_cluster(cluster, observed).outages
    return outage.seconds


def with_guests(**names):
    """The length of a window for new timeouts, with these guests on hosts."""
    served = volume(workloads={"guests": {"kind": "libvirt"}})
    seen = everywhere(
        converged(MOUNTED),
        packages=lambda f: replace(f.packages, commands=(*f.packages.commands, "virsh")),
    )
    for host, found in names.items():
        guests = tuple(Guest("/srv/images", name) for name in found)
        seen = with_facts(seen, host, guests=guests)
    return length(spec(volumes=[served], **RETIMED), seen)


def test_without_a_volume_it_lasts_until_the_clusters_are_online():
    seconds = length(spec(**RETIMED), converged(spec()))
    assert seconds == STOP_CLUSTER + WRITE_FILE + START_CLUSTER


def test_it_lasts_until_the_guests_run():
    assert with_guests(node01=["vm1"]) - with_guests() >= STOP_GUEST + START_GUEST


def test_guests_of_a_host_take_turns_and_those_of_two_hosts_do_not():
    alone = with_guests(node01=["vm1"])
    assert with_guests(node01=["vm1", "vm2"]) == alone + STOP_GUEST + START_GUEST
    assert with_guests(node01=["vm1"], node02=["vm2"]) == alone
