"""Values that tests start from: a file's cluster, a bare host's facts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from reconciler.model.desired import Cluster
from reconciler.model.observed import (
    Address,
    Disk,
    HostFacts,
    Identity,
    Kernel,
    Live,
    LiveCluster,
    LiveNode,
    MountPoint,
    Observed,
    Ordering,
    Packages,
    Space,
    Superblock,
    TextFile,
    Unit,
    WantedDevice,
)
from reconciler.model.roles import mounting
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.resources.cluster_conf.changes import wanted_file
from reconciler.resources.mounts.fstab import fstab_line
from reconciler.resources.o2cb import changes as o2cb
from reconciler.resources.o2cb.parsing import render_settings
from reconciler.resources.ordering import words as ordering
from reconciler.resources.ordering.changes import path_of, text_of

LUN = "/dev/disk/by-id/lab-lun1"
REF = f"path={LUN}"
GIB = 1 << 30
UUID = "11111111-2222-3333-4444-555555555555"
SETTINGS = "O2CB_ENABLED=false\nO2CB_BOOTCLUSTER=ocfs2\n"


def spec(names: Sequence[str] = ("node01", "node02", "node03"), **more: Any) -> Cluster:
    """A cluster of these members at 10.0.0.11 and on, without volumes unless given."""
    members = [
        {"name": name, "interconnect": f"10.0.0.{10 + place}"}
        for place, name in enumerate(names, 1)
    ]
    return Cluster.model_validate({"name": "ocfs2", "members": members, **more})


def volume(**more: Any) -> dict[str, Any]:
    """The lab's volume as a file says it."""
    return {
        "label": "images",
        "device": {"path": LUN},
        "size": "1GiB",
        "format": "if-blank",
        "mount": {"path": "/srv/images"},
        **more,
    }


def file(path: str, text: str | None) -> TextFile:
    """A text file as observed."""
    digest = hashlib.sha256(text.encode()).hexdigest() if text is not None else ""
    return TextFile(path, text, digest, "644" if text is not None else "")


def facts(name: str, place: int, **more: Any) -> HostFacts:
    """A bare host with the tools, the module, one blank disk and no OCFS2 configuration."""
    disk = Disk(
        name="ubdb",
        device="98:16",
        size=GIB,
        sector=512,
        read_only=False,
        partition=None,
        start=None,
        parent=None,
        dm_name=None,
        dm_uuid=None,
        wwid=None,
        slaves=(),
        holders=(),
        links=(LUN,),
    )
    bare = HostFacts(
        identity=Identity(
            name, f"boot-{name}", name, "debian", "12", "6.1.0", "x86_64", 0, 9.0, 1
        ),
        kernel=Kernel("6.1.0", None, "ocfs2.ko", "", None, (), 0, 0),
        packages=Packages(
            "dpkg",
            {"ocfs2-tools": "1.8.7"},
            (
                "mkfs.ocfs2",
                "debugfs.ocfs2",
                "tunefs.ocfs2",
                "o2cb",
                "blkid",
                "wipefs",
                "systemctl",
                "multipathd",
                "parted",
                "partprobe",
                "sgdisk",
            ),
        ),
        addresses=(Address("eth0", f"10.0.0.{10 + place}", 24),),
        cluster_conf=file("/etc/ocfs2/cluster.conf", None),
        o2cb_config=file("/etc/default/o2cb", SETTINGS),
        live=Live("", (), ()),
        services=tuple(
            Unit(f"{unit}.service", "loaded", "active", "exited", True)
            for unit in ("o2cb", "ocfs2")
        ),
        ordering=Ordering((), ()),
        mounts=(),
        disks=(disk,),
        wanted=(
            WantedDevice(
                REF, ("ubdb",), "ubdb", "98:16", GIB, disk_found=True, zeros=True, beats=()
            ),
        ),
        fstab=file("/etc/fstab", "/dev/ubda / ext4 defaults 0 0\n"),
        processes=(),
        space=(Space("/etc", GIB, 1000), Space("/var/lib", GIB, 1000)),
        records=(),
        leases=(),
        pauses=(),
        log=(),
        automounts=(),
        interconnect=(),
        guests=(),
    )
    return replace(bare, **more)


def bare(cluster: Cluster) -> Observed:
    """Every member bare."""
    return Observed({m.name: facts(m.name, n) for n, m in enumerate(cluster.members, 1)})


def superblock(label: str = "images", cluster: str = "ocfs2", slots: int = 8) -> Superblock:
    """A superblock of one GiB."""
    return Superblock(UUID, label, slots, 4096, 4096, GIB // 4096, "o2cb", cluster)


def live(cluster: Cluster, local: str) -> Live:
    """The kernel of ``local`` with the cluster online and all members numbered in order."""
    nodes = tuple(
        LiveNode(m.name, n, str(m.interconnect), m.port, m.name == local)
        for n, m in enumerate(cluster.members)
    )
    found = LiveCluster(cluster.name, nodes, 30000, 2000, 2000, 31, "local", "reset", ())
    return Live("o2cb", (found,), ())


def mount(path: str = "/srv/images") -> MountPoint:
    """The lab's volume mounted."""
    return MountPoint(path, "/dev/ubdb", "98:16", ("rw",), 1)


def converged(cluster: Cluster) -> Observed:
    """Every member as ``cluster`` says."""
    cluster = with_numbers(cluster, bare(cluster))
    hosts: dict[str, HostFacts] = {}
    for name, facts in bare(cluster).hosts.items():
        lines = [fstab_line(v, v.device.path) for v in cluster.volumes]
        fstab = "".join(f"{line}\n" for line in ["/dev/ubda / ext4 defaults 0 0", *lines])
        views = tuple(
            replace(view, zeros=None, signature={"TYPE": "ocfs2"}, superblock=superblock())
            for view in facts.wanted
        )
        found = replace(
            facts,
            kernel=replace(facts.kernel, loaded=("ocfs2",)),
            cluster_conf=file("/etc/ocfs2/cluster.conf", wanted_file(cluster)),
            o2cb_config=file(
                "/etc/default/o2cb",
                render_settings(facts.o2cb_config.text, o2cb.wanted_settings(cluster)),
            ),
            live=live(cluster, name),
            mounts=(mount(),) if cluster.volumes else (),
            fstab=file("/etc/fstab", fstab),
            wanted=views,
        )
        hosts[name] = ordered(cluster, name, found)
    return Observed(hosts)


def ordered(cluster: Cluster, host: str, found: HostFacts) -> HostFacts:
    """A host whose systemd has read every order that it should have."""
    units = ordering.wanted_drop_ins(cluster, found)
    words = [(unit, word) for unit, lines in units.items() for word in lines]
    volumes = cluster.volumes if host in mounting(cluster) else ()
    words += [(u, "After=o2cb.service") for u in ordering.wanted_mounts(volumes, found)]
    files = tuple(file(path_of(u), text_of(cluster, lines)) for u, lines in units.items())
    return replace(found, ordering=Ordering(tuple(sorted(words)), files))


def with_facts(observed: Observed, host: str, **sections: Any) -> Observed:
    """What was observed, with these sections of one host."""
    facts = observed.hosts[host]
    assert isinstance(facts, HostFacts)
    return Observed({**observed.hosts, host: replace(facts, **sections)})


def everywhere(observed: Observed, **sections: Callable[[HostFacts], Any]) -> Observed:
    """What was observed, with these sections of every host made of what it has."""
    hosts = observed.answering_hosts()
    made = {name: {k: of(facts) for k, of in sections.items()} for name, facts in hosts.items()}
    return Observed({name: replace(facts, **made[name]) for name, facts in hosts.items()})
