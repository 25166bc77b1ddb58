"""What takes a volume away, and what shall prove it: on facts of one host."""

from dataclasses import replace

from reconciler.model.devices import use_subject
from reconciler.model.observed import Region
from reconciler.planning.prediction import predict
from reconciler.resources.mounts.actions import actions
from reconciler.resources.mounts.changes import diff
from tests.builders import REF, UUID, converged, spec, volume, with_facts

CLUSTER = spec(("node01",), volumes=[volume()])
PLAIN = UUID.replace("-", "").upper()


def unread(*regions):
    """The host has the volume mounted, and no link of its disk any more."""
    seen = converged(CLUSTER)
    facts = seen.hosts["node01"]
    (view,), (live,) = facts.wanted, facts.live.clusters
    gone = replace(view, nodes=(), node=None, device=None, signature={}, superblock=None)
    live = replace(facts.live, clusters=(replace(live, regions=regions),))
    return with_facts(seen, "node01", wanted=(gone,), live=live)


def unmount(seen, *others):
    """What takes the volume from the only member; the file may have other volumes, too."""
    (member,) = CLUSTER.members
    drained = member.model_copy(update={"state": "drained"})
    volumes = (*CLUSTER.volumes, *others)
    cluster = CLUSTER.model_copy(update={"members": (drained,), "volumes": volumes})
    found = actions(cluster, seen, tuple(diff(cluster, seen)))
    return next(action for action in found if action.kind == "unmount")


def test_the_region_beneath_a_mount_tells_the_uuid_that_nobody_reads():
    seen = unread(Region("A" * 32, "ubdc"), Region(PLAIN, "ubdb"))
    (fact,) = unmount(seen).expects
    assert fact.subject == use_subject("/srv/images", REF, UUID)


def test_what_no_region_tells_stays_untold():
    (fact,) = unmount(unread(Region("A" * 32, "ubdc"))).expects
    assert fact.subject == use_subject("/srv/images", REF, "")


def test_what_lies_over_the_path_and_is_another_volume_tells_nothing_of_this_one():
    seen = unread(Region(PLAIN, "ubdb"))
    (gone,) = seen.hosts["node01"].wanted
    (whole,) = converged(CLUSTER).hosts["node01"].wanted
    over = replace(whole, ref="path=/dev/disk/by-id/other")
    device = {"path": "/dev/disk/by-id/other"}
    other = volume(label="mail", device=device, mount={"path": "/srv/mail"})
    (mail,) = spec(("node01",), volumes=[other]).volumes
    both = with_facts(seen, "node01", wanted=(gone, over))
    (fact,) = unmount(both, mail).expects
    assert fact.subject == use_subject("/srv/images", REF, "")


def test_a_predicted_mount_has_its_region_on_the_kernels_name_of_its_device():
    seen = with_facts(converged(CLUSTER), "node01", mounts=())
    planned = tuple(actions(CLUSTER, seen, tuple(diff(CLUSTER, seen))))
    after = predict(CLUSTER, seen, planned).hosts["node01"]
    assert after.live.clusters[0].regions == (Region(PLAIN, "ubdb"),)
