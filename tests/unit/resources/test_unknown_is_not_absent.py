"""Whatever a fact rests on: unread, it is unknown, and no action takes it for anything (I30)."""

from dataclasses import replace

import pytest

from reconciler.model.devices import use_subject
from reconciler.model.observed import (
    Beat,
    Connection,
    Guest,
    Live,
    ModuleBuild,
    Observed,
    Region,
    Unit,
    Unknown,
)
from reconciler.model.plan import Fact
from reconciler.model.reading import UNKNOWN
from reconciler.planning.conditions import read, unmet
from reconciler.planning.planner import plan_cluster
from reconciler.probe.sections import NAMES
from reconciler.resources import READINGS
from tests.builders import GIB, REF, UUID, bare, converged, spec, volume

CLUSTER = spec(volumes=[volume()])
USED = use_subject("/srv/images", REF, UUID)
BACKUP = f"ocfs2 {UUID} {GIB} {'0' * 64}"
PEERS = "10.0.0.12:7777"
AGENT = "agent.service"
# Its own, which goes on, and that of one who left.
BEATS = (Beat(0, f"{1:016x}", f"{7:016x}", dead_ms=62_000), Beat(1, "0" * 16, "0" * 16))


def whole():
    """A member of which everything was read; nothing is in use there."""
    facts = converged(CLUSTER).hosts["node01"]
    view = replace(facts.wanted[0], beats=BEATS, slot_map=())
    disk = replace(facts.disks[0], capacity=GIB, start=2048)
    size = replace(facts.mounts[0], size=GIB)
    agent = Unit(AGENT, "loaded", "active", "running", enabled=True, since_boot="ran")
    return replace(
        facts,
        wanted=(view,),
        disks=(disk,),
        mounts=(size,),
        live=replace(facts.live, links=()),
        kernel=replace(facts.kernel, builds=(ModuleBuild("ocfs2", "a", "a"),)),
        services=(*facts.services, agent),
        interconnect=(Connection(PEERS, "open"),),
        guests=(Guest("/srv/images", "vm1"),),
    )


def free():
    """The same with nothing mounted."""
    facts = whole()
    view = replace(facts.wanted[0], beats=BEATS[1:])
    return replace(facts, mounts=(), wanted=(view,))


def blank():
    """One without a file system on the device."""
    return bare(CLUSTER).hosts["node01"]


# By reading: the host that it is read of, and the subject; it has a value there.
SUBJECTS = {
    "package": (whole, "ocfs2-tools"),
    "running-kernel": (whole, ""),
    "module-file": (whole, "6.1.0"),
    "module-package": (whole, "ocfs2-kmp=1"),
    "loaded-module": (whole, "ocfs2"),
    "module": (whole, "ocfs2"),
    "cluster-conf": (whole, ""),
    "o2cb-config": (whole, ""),
    "unit-at-boot": (whole, AGENT),
    "live-timeouts": (whole, "ocfs2"),
    "live-nodes": (whole, "ocfs2"),
    "regions": (whole, "ocfs2"),
    "reaches": (whole, PEERS),
    "file-system": (whole, REF),
    "file-system-uuid": (whole, REF),
    "device-size": (whole, REF),
    "blank": (blank, REF),
    "capacity": (whole, f"{REF} {GIB}"),
    "disk-room": (whole, f"{REF} {GIB}"),
    "device-room": (whole, f"{REF} {GIB}"),
    "partition-start": (whole, REF),
    "device-covers": (whole, REF),
    "file-system-size": (whole, REF),
    "mounted-size": (whole, "/srv/images"),
    "backup": (whole, BACKUP),
    "label": (whole, REF),
    "slots": (whole, f"{REF} 4"),
    "heartbeats": (whole, f"{REF} -"),
    "mounted": (whole, f"/srv/images {REF}"),
    "serving": (whole, f"/srv/images {REF}"),
    "unmounted": (free, USED),
    "released": (free, USED),
    "mount-options": (whole, "/srv/images nodev"),
    "automount": (whole, "unit srv-images.mount x"),
    "users": (whole, "/srv/images"),
    "ocfs2-mounts": (whole, ""),
    "boot-mount": (whole, "/srv/images"),
    "fstab": (whole, ""),
    "service": (whole, AGENT),
    "unit-load": (whole, AGENT),
    "since-boot": (whole, AGENT),
    "guests": (whole, "/srv/images"),
    "guest": (whole, "/srv/images vm1"),
    "record": (whole, "ocfs2/stopped.json"),
    "order": (whole, "o2cb.service Before=remote-fs.target"),
    "drop-in": (whole, "o2cb.service"),
    "lun": (whole, REF),
    "boot": (whole, ""),
    "healthy": (whole, "ocfs2 - -"),
}


def viewed(**more):
    return lambda facts: replace(facts, wanted=(replace(facts.wanted[0], **more),))


def lived(**more):
    def change(facts):
        (live,) = facts.live.clusters
        return replace(facts, live=replace(facts.live, clusters=(replace(live, **more),)))

    return change


NOT_ASKED = lambda facts: replace(facts, wanted=())  # noqa: E731  # one of a table
NO_BLOCK = viewed(superblock=None)
SHUT = viewed(
    unread="blkid ended with 1", superblock=None, signature={}, beats=None, slot_map=None,
    zeros=None,
)  # fmt: skip
NO_BEATS = viewed(beats=None)
NO_DISK = lambda facts: replace(facts, disks=())  # noqa: E731  # one of a table
NO_UNITS = lambda facts: replace(facts, services=())  # noqa: E731  # one of a table
BLOCK = (NOT_ASKED, NO_BLOCK, SHUT)
# What of a section may be unread while the rest of it is there.
PARTS = {
    "loaded-module": (
        lambda f: replace(
            f, kernel=replace(f.kernel, builds=(ModuleBuild("ocfs2", None, "a"),))
        ),
    ),
    "unit-at-boot": (NO_UNITS,),
    "service": (NO_UNITS,),
    "unit-load": (NO_UNITS,),
    "since-boot": (
        NO_UNITS,
        lambda f: replace(f, services=(replace(f.services[-1], since_boot=""),)),
    ),
    "live-timeouts": tuple(
        lived(**{key: None})
        for key in (
            *("idle_timeout_ms", "keepalive_delay_ms", "reconnect_delay_ms"),
            "dead_threshold",
        )
    ),
    "reaches": (
        lambda f: replace(f, interconnect=(Connection(PEERS, "unknown"),)),
        lambda f: replace(f, interconnect=()),
    ),
    "file-system": BLOCK,
    "file-system-uuid": BLOCK,
    "file-system-size": BLOCK,
    "device-covers": BLOCK,
    "label": BLOCK,
    "slots": BLOCK,
    "device-size": (NOT_ASKED, viewed(node=None, size=None, nodes=("sda", "sdb"))),
    "device-room": (NOT_ASKED, viewed(node=None, size=None, nodes=("sda", "sdb"))),
    "blank": (NOT_ASKED, SHUT, viewed(zeros=None)),
    "capacity": (
        NOT_ASKED,
        lambda f: replace(f, disks=(replace(f.disks[0], capacity=None),)),
    ),
    "disk-room": (
        NOT_ASKED,
        lambda f: replace(
            f, disks=(replace(f.disks[0], dm_uuid="mpath-3600", slaves=("sda",)),)
        ),
    ),
    "partition-start": (NOT_ASKED,),
    "mounted-size": (lambda f: replace(f, mounts=(replace(f.mounts[0], size=None),)),),
    "heartbeats": (NOT_ASKED, NO_BEATS, SHUT),
    "unmounted": (NO_BEATS,),
    "healthy": (
        NO_BEATS,
        viewed(slot_map=None),
        lambda f: replace(f, live=replace(f.live, links=None)),
    ),
    "lun": (NOT_ASKED, SHUT),
}


def value(reading, facts):
    return read(Fact(("node01",), reading, SUBJECTS[reading][1], ""), facts)


def test_every_reading_is_tried():
    assert SUBJECTS.keys() == READINGS.keys()


@pytest.mark.parametrize("reading", SUBJECTS)
def test_what_was_read_has_a_value(reading):
    assert not value(reading, SUBJECTS[reading][0]()).startswith(UNKNOWN)


@pytest.mark.parametrize(
    ("reading", "section"), [(name, s) for name, r in READINGS.items() for s in r.sections]
)
def test_without_one_of_its_sections_a_reading_is_unknown(reading, section):
    facts = replace(SUBJECTS[reading][0](), **{section: Unknown("no answer")})
    said = value(reading, facts)
    # Where no section but this is needed for the answer, it may still be told by the others.
    if (reading, section) not in TOLD_BY_OTHERS:
        assert said.startswith(UNKNOWN), said


# The first of these that has an answer gives it: what is mounted or runs is not undone by what
# else could not be read. Disks tell what a mount is of where the volume itself is not seen.
TOLD_BY_OTHERS = {
    *(("guest", "mounts"), ("guest", "live")),
    *(("unmounted", "disks"), ("released", "disks")),
}


@pytest.mark.parametrize(
    ("reading", "part"),
    [
        pytest.param(name, part, id=f"{name}-{place}")
        for name, parts in PARTS.items()
        for place, part in enumerate(parts)
    ],
)
def test_without_a_part_that_it_rests_on_a_reading_is_unknown(reading, part):
    said = value(reading, part(SUBJECTS[reading][0]()))
    assert said.startswith(UNKNOWN), said


@pytest.mark.parametrize("reading", SUBJECTS)
def test_a_reading_rests_on_no_section_that_it_does_not_name(reading):
    """The look that proves a fact asks for no more; a file system that is missing is one, too."""
    unasked = dict.fromkeys(set(NAMES) - set(READINGS[reading].sections), Unknown("unasked"))
    parts = [part(SUBJECTS[reading][0]()) for part in PARTS.get(reading, ())]
    for facts in (whole(), free(), blank(), *parts):
        assert "unasked" not in value(reading, replace(facts, **unasked))


@pytest.mark.parametrize("what", ["regions", "domains", "cut"])
@pytest.mark.parametrize("part", [NO_BLOCK, SHUT, viewed(node=None, device=None, nodes=())])
def test_a_kernel_that_still_has_a_volume_has_not_released_it_though_nobody_reads_it(
    part, what
):
    plain = UUID.replace("-", "").upper()
    facts = part(free())
    (live,) = facts.live.clusters
    if what == "regions":
        live = replace(live, regions=(Region(plain, "ubdb"),))
    # Older kernels tell eleven letters of it where there is no debugfs.
    domains = {"regions": (), "domains": (plain,), "cut": (plain[:11],)}[what]
    facts = replace(facts, live=Live("o2cb", (live,), domains))
    assert value("released", facts).endswith("is active")
    assert value("unmounted", facts).endswith("is active")


def test_without_a_uuid_any_region_may_be_the_volumes():
    subject = use_subject("/srv/images", REF, "")
    facts = lived(regions=(Region("A" * 32, "ubdb"),))(free())
    fact = Fact(("node01",), "released", subject, "released")
    assert unmet((fact,), Observed({"node01": facts}))
    assert not unmet((fact,), Observed({"node01": free()}))


def test_a_mount_of_what_nobody_identified_may_be_the_volumes():
    facts = viewed(node=None, device=None, nodes=())(whole())
    elsewhere = replace(facts.mounts[0], path="/mnt", device="8:0")
    facts = replace(facts, mounts=(elsewhere,))
    assert value("released", facts).startswith(UNKNOWN)
    for disks in ((replace(facts.disks[0], name="sda", device="8:0"),), Unknown("no answer")):
        known = lived(regions=(Region("A" * 32, "sdb"),))(replace(facts, disks=disks))
        assert value("released", known).startswith(UNKNOWN)


def test_a_mount_of_what_nobody_identified_is_anothers_where_its_region_is():
    facts = viewed(node=None, device=None, nodes=())(whole())
    elsewhere = replace(facts.mounts[0], path="/mnt", device="8:0")
    disk = replace(facts.disks[0], name="sda", device="8:0")
    facts = replace(facts, mounts=(elsewhere,), disks=(disk,))
    others, own = Region("A" * 32, "sda"), Region(UUID.replace("-", "").upper(), "sda")
    assert value("released", lived(regions=(others,))(facts)) == "released"
    assert value("released", lived(regions=(own,))(facts)) == "its heartbeat region is active"


def test_an_unread_timeout_is_no_ground_to_stop_the_cluster():
    observed = converged(CLUSTER)
    hosts = {**observed.hosts, "node02": lived(idle_timeout_ms=None)(observed.hosts["node02"])}
    plan = plan_cluster(CLUSTER, Observed(hosts))
    assert {(b.code, b.subject) for b in plan.blocked} == {("section-unread", "member/node02")}


def test_a_service_that_was_not_looked_at_blocks():
    cluster = spec(volumes=[volume(workloads={"services": ["agent"]})])
    plan = plan_cluster(cluster, converged(cluster))
    assert {b.code for b in plan.blocked} == {"section-unread"}
