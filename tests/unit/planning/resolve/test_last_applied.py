"""What counts as remembered of a volume, and what does not."""

import json
from dataclasses import replace

import pytest

from reconciler.model.last_applied import LastApplied
from reconciler.model.observed import Unknown
from reconciler.planning.resolve.last_applied import with_last_applied
from tests.builders import LUN, converged, file, spec, volume

RECORD = "/var/lib/reconcile/ocfs2/applied.json"
NEW = {"path": "/srv/new"}


def applied(**more):
    old = volume(**{"mount": {"path": "/srv/images", "options": ["ro"]}, **more})
    return json.dumps({"clusters": [{"name": "ocfs2", "members": [], "volumes": [old]}]})


def past(text, fstab=None, hosts=("node01",)):
    """Of a volume that moves and gets a new label, where these hosts have this record."""
    cluster = spec(volumes=[volume(label="pictures", mount=NEW)])
    observed = converged(spec(volumes=[volume()]))
    for host in hosts:
        facts = replace(observed.hosts[host], records=(file(RECORD, text),))
        observed.hosts[host] = facts
    for host, facts in observed.hosts.items():
        lines = facts.fstab.text.splitlines()[:1] if fstab is None else [fstab]
        observed.hosts[host] = replace(facts, fstab=file("/etc/fstab", "\n".join(lines)))
    (found,) = with_last_applied(cluster, observed).volumes
    return found.last_applied


def test_the_last_record_tells_path_label_and_options():
    assert past(applied()) == LastApplied(("/srv/images",), ("images",), ("ro",))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"clusters": 7}', '{"clusters": [{"name": "ocfs2", "volumes": [7]}]}'],
)
def test_a_garbled_record_tells_nothing(text):
    assert past(text) == LastApplied()


def test_the_record_of_another_device_tells_nothing():
    assert past(applied(device={"path": "/dev/disk/by-id/lab-lun2"})) == LastApplied()


def test_what_an_agent_mounted_was_not_ours():
    text = applied(mount={"path": "/srv/images", "by": "workload"})
    assert past(text).paths == ()


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        (f"{LUN} /srv/old ocfs2 _netdev 0 0", ()),
        (f"{LUN} /srv/old ocfs2", ()),
        (
            f"{LUN} /srv/old ocfs2 defaults,_netdev,x-systemd.after=o2cb.service,"
            "x-systemd.before=ocfs2.service 0 0",
            ("/srv/old",),
        ),
    ],
)
def test_of_fstab_only_a_line_that_a_run_wrote_counts(line, paths):
    assert past("", fstab=line).paths == paths


@pytest.mark.parametrize("unread", ["records", "fstab", "wanted", "disks"])
def test_of_records_and_lines_one_tells_where_the_other_was_not_read(unread):
    """The path stands in both, the options that a run gave in the record alone."""
    cluster = spec(volumes=[volume(label="pictures", mount=NEW)])
    observed = converged(spec(volumes=[volume()]))
    for host, facts in observed.hosts.items():
        found = replace(facts, records=(file(RECORD, applied()),))
        observed.hosts[host] = replace(found, **{unread: Unknown("cut off")})
    (found,) = with_last_applied(cluster, observed).volumes
    assert found.last_applied.paths == ("/srv/images",)
    assert found.last_applied.options == (() if unread == "records" else ("ro",))
