"""Why a volume is not mounted on a host, or not taken away: on facts of one host."""

from dataclasses import replace

from reconciler.model.observed import Unknown
from reconciler.resources.mounts.checks import busy, check
from tests.builders import REF, converged, mount, spec, volume, with_facts

CLUSTER = spec(("node01",), volumes=[volume()])


def tell(found):
    return [(refusal.code, refusal.subject) for refusal in found]


def test_a_mount_in_a_namespace_of_its_own_is_told_with_its_process():
    hidden = replace(mount(), pid=4711)
    seen = with_facts(converged(CLUSTER), "node01", mounts=(mount(), hidden))
    (refusal,) = check(CLUSTER, seen)
    assert (refusal.code, refusal.subject) == ("mount-hidden", "member/node01")
    assert refusal.remedy.endswith("nsenter -t 4711 -m umount /srv/images")


def test_a_volume_is_not_unmounted_where_nobody_knows_who_uses_it():
    leaves = CLUSTER.model_copy(
        update={"members": (CLUSTER.members[0].model_copy(update={"state": "absent"}),)}
    )
    seen = converged(CLUSTER)
    assert list(busy(leaves, seen)) == []
    unread = with_facts(seen, "node01", processes=Unknown("no fuser"))
    (refusal,) = busy(leaves, unread)
    assert (refusal.code, refusal.subject) == ("section-unread", "member/node01")
    assert refusal.message == "processes could not be read: no fuser"
    gone = with_facts(unread, "node01", mounts=())
    assert list(busy(leaves, gone)) == []


def test_a_device_without_a_lasting_name_is_not_mounted():
    wwid = "360014050000000000000000000000000a"
    cluster = spec(("node01",), volumes=[volume(device={"wwid": wwid})])
    seen = converged(CLUSTER)
    (view,) = seen.hosts["node01"].wanted
    seen = with_facts(seen, "node01", wanted=(replace(view, ref=f"wwid={wwid}"),))
    named = with_facts(
        seen,
        "node01",
        disks=tuple(
            replace(disk, links=(f"/dev/disk/by-id/wwn-0x{wwid[1:]}",))
            for disk in seen.hosts["node01"].disks
        ),
    )
    assert REF not in {v.ref for v in seen.hosts["node01"].wanted}
    nameless = with_facts(
        seen,
        "node01",
        disks=tuple(replace(disk, links=()) for disk in seen.hosts["node01"].disks),
    )
    assert tell(check(cluster, nameless)) == [("no-stable-path", "volume/images")]
    assert tell(check(cluster, named)) == []
