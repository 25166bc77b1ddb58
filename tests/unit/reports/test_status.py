"""What `status` says of hosts: nothing unread is absent, and what is wrong is said by name."""

import json
from dataclasses import replace

import pytest

from reconciler.model.observed import (
    Beat,
    Lease,
    Observed,
    Pause,
    Slot,
    TextFile,
    Unknown,
    Unreachable,
)
from reconciler.reports.status import status_document
from reconciler.reports.status_text import status_lines
from tests.builders import GIB, converged, spec, volume, with_facts

HOLDER = json.dumps({"user": "ops", "controller": "desk", "pid": 4711, "machine": "m"})
THREE = ("node01", "node02", "node03")


def running(cluster, silent=()):
    """Every member with its volumes mounted, each with its slot and its heartbeat."""
    numbers = {m.name: n for n, m in enumerate(cluster.members)}
    beats = tuple(Beat(n, f"{n}", "9") for n in numbers.values())
    slots = tuple(Slot(n, n) for n in numbers.values())
    alive = tuple(n for name, n in numbers.items() if name not in silent)
    hosts = {
        name: replace(
            facts,
            wanted=tuple(
                replace(view, beats=beats, slot_map=slots, advancing=alive)
                for view in facts.wanted
            ),
            mounts=tuple(replace(m, size=GIB, free=GIB // 4) for m in facts.mounts),
        )
        for name, facts in converged(cluster).hosts.items()
    }
    return Observed(hosts)


def seen(observed, cluster=None, width=80):
    document = status_document([(cluster or CLUSTER, observed)], "2026-11-22T12:00:00Z")
    json.dumps(document)
    text = "\n".join(line for _style, line in status_lines(document, width))
    return document["clusters"][0], text


CLUSTER = spec(volumes=[volume()])


def test_a_healthy_cluster_fits_a_narrow_terminal():
    document, text = seen(running(CLUSTER))
    assert text == (
        "cluster ocfs2  3/3 hosts read  healthy\n"
        "  member  node  o2cb    images\n"
        "  node01  0     online  slot 0, beats\n"
        "  node02  1     online  slot 1, beats\n"
        "  node03  2     online  slot 2, beats\n"
        "  volume  size   used           slots  mounted by\n"
        "  images  1 GiB  0.8 GiB, 75 %  3/8    3"
    )
    assert (document["healthy"], document["problems"]) == (True, [])


def test_many_members_and_volumes_are_told_in_tables_that_fit():
    names = [f"storage{n:02}" for n in range(1, 33)]
    labels = [f"volume-{n}" for n in range(4)]
    volumes = [volume(label=label, mount={"path": f"/srv/{label}"}) for label in labels]
    cluster = spec(names, volumes=volumes)
    _document, text = seen(running(cluster), cluster)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("  storage17") for line in lines) == 2
    _document, text = seen(running(cluster), cluster, width=120)
    assert sum(line.startswith("  storage17") for line in text.splitlines()) == 1


def test_what_was_not_read_is_unknown_and_the_host_is_named():
    lost = Unreachable("node02", "host-unreachable", "no answer within 10 s")
    document, text = seen(Observed({**running(CLUSTER).hosts, "node02": lost}))
    member = document["members"][1]
    assert (document["read"], document["hosts"], document["healthy"]) == (2, 3, False)
    assert (member["o2cb"], member["volumes"]["images"]["mounted"]) == ("unknown", None)
    assert "NOT READ  node02: host-unreachable: no answer within 10 s" in text
    assert "  node02  1     NOT READ  ?\n" in text
    document, text = seen(with_facts(running(CLUSTER), "node03", mounts=Unknown("I/O error")))
    assert document["members"][2]["volumes"]["images"]["mounted"] is None
    assert "not mounted" not in text


@pytest.mark.parametrize(
    ("more", "cell", "told"),
    [
        (None, "NOT MOUNTED", "images is not mounted on node02"),
        ({"options": ("ro",)}, "slot 1, beats, READ-ONLY", "images is read-only on node02"),
        ({"pid": 99}, "slot 1, beats, HIDDEN", "in a namespace of its own only on node02"),
    ],
)
def test_what_is_wrong_with_a_mount_is_said(more, cell, told):
    observed = running(CLUSTER)
    mounts = observed.hosts["node02"].mounts
    found = () if more is None else tuple(replace(mount, **more) for mount in mounts)
    document, text = seen(with_facts(observed, "node02", mounts=found))
    assert (document["healthy"], cell in text, told in text) == (False, True, True)


def test_a_heartbeat_that_stands_still_is_told_and_one_seen_once_is_not_judged():
    _document, text = seen(running(CLUSTER, silent=("node03",)))
    assert "slot 2, SILENT" in text
    assert "images: the heartbeat stands still on node03" in text
    views = tuple(replace(v, advancing=None) for v in running(CLUSTER).hosts["node01"].wanted)
    _document, text = seen(with_facts(running(CLUSTER), "node01", wanted=views))
    assert "slot 0, beats?" in text
    assert "stands still" not in text


def test_a_writer_that_is_no_member_is_told():
    observed = running(CLUSTER)
    hosts = {
        name: replace(
            facts,
            wanted=tuple(
                replace(v, beats=(*v.beats, Beat(9, "1", "7")), advancing=(*v.advancing, 9))
                for v in facts.wanted
            ),
        )
        for name, facts in observed.hosts.items()
    }
    _document, text = seen(Observed(hosts), width=120)
    assert "node 9 writes its heartbeat to images" in text


def test_leases_and_what_runs_have_left_are_told_with_their_hosts():
    owed = json.dumps({"services": ["agent.service"], "disabled": []})
    begun = json.dumps({"began": 7, "ended": None})
    files = (
        TextFile("/var/lib/reconcile/ocfs2/stopped.json", owed, "1"),
        TextFile("/var/lib/reconcile/ocfs2/backup-1.json", begun, "2"),
    )
    observed = running(CLUSTER)
    for host in ("node01", "node02"):
        leases = (Lease("20261122T120000Z-abc", HOLDER, 12.0),)
        observed = with_facts(observed, host, leases=leases, records=files)
    document, text = seen(observed, width=200)
    (lease,) = document["leases"]
    assert (lease["hosts"], lease["holder"]["user"], lease["age"]) == (
        ["node01", "node02"],
        "ops",
        12.0,
    )
    assert "of ops@desk pid 4711 on node01, node02, renewed 12 s ago" in text
    assert "has ended without" not in text
    leases = (Lease("20261122T120000Z-abc", HOLDER, 700.0),)
    assert (document["healthy"], document["state"]) == (False, "at-work")
    assert "3/3 hosts read  A RUN IS AT WORK\n" in text
    document, old = seen(with_facts(running(CLUSTER), "node01", leases=leases), width=200)
    assert (document["healthy"], document["state"]) == (False, "unfinished")
    assert "3/3 hosts read  UNFINISHED: a run left something to be done\n" in old
    assert "renewed 700 s ago: it has ended without giving it back" in old
    assert "node01, node02: a backup was begun and did not end" in text
    assert "agent.service" in text


def test_what_still_runs_of_a_lease_is_told_also_when_the_run_has_given_it_back():
    works = Lease("r1", HOLDER, 700.0, action="grow images", running="4711 tunefs.ocfs2")
    observed = with_facts(running(CLUSTER), "node01", leases=(works,))
    left = Lease("", "", 0.0, running="yes")
    document, text = seen(with_facts(observed, "node02", leases=(left,)), width=200)
    first, second = document["leases"]
    assert first["running"] == {"node01": "4711 tunefs.ocfs2"}
    assert first["began"] == {"node01": "grow images"}
    assert (second["run"], second["holder"], second["running"]) == (
        None,
        None,
        {"node02": "yes"},
    )
    assert "is cut off (reconcile unlock r1); node01 still runs 4711 tunefs.ocfs2" in text
    assert "LEASE  of a run that has ended: node02 still runs something" in text
    assert document["state"] == "unfinished"
    sealed = Lease("r1", HOLDER, 700.0, sealed=True)
    document, text = seen(with_facts(running(CLUSTER), "node01", leases=(sealed,)), width=200)
    assert "it starts nothing more, and the next run takes its place" in text
    assert (document["healthy"], document["state"]) == (True, "healthy")


@pytest.mark.parametrize("what", ["leases", "records"])
def test_a_cluster_of_which_nobody_knows_whether_a_run_is_left_is_not_healthy(what):
    unread = Unknown("garbled")
    document, text = seen(with_facts(running(CLUSTER), "node01", **{what: unread}), width=200)
    assert (document["healthy"], document["state"]) == (False, "unfinished")
    assert "UNFINISHED  node01: " in text


def test_what_a_run_has_left_to_be_done_is_not_healthy():
    owed = json.dumps({"services": ["agent.service"], "disabled": []})
    file = TextFile("/var/lib/reconcile/ocfs2/stopped.json", owed, "1")
    document, _text = seen(with_facts(running(CLUSTER), "node01", records=(file,)))
    assert (document["healthy"], document["state"]) == (False, "unfinished")


def test_a_pause_is_told_with_who_why_and_until_when_and_one_unread_is_not_none():
    pause = Pause("ocfs2", "the SAN moves", "alice@desk", 1700000000, 1700003600)
    observed = running(CLUSTER)
    for host, since in (("node01", 0), ("node03", 1)):
        told = (replace(pause, since=pause.since + since),)
        observed = with_facts(observed, host, pauses=told)
    observed = with_facts(observed, "node02", pauses=Unknown("garbled"))
    document, text = seen(observed, width=200)
    told, unread = document["paused"]
    assert (told["hosts"], told["reason"]) == (["node01", "node03"], "the SAN moves")
    assert unread == {"hosts": ["node02"], "unknown": "garbled"}
    assert document["healthy"]
    assert (
        "  PAUSED  node01, node03: the SAN moves (by alice@desk since 2023-11-14T22:13:20+00:00, "
        "until 2023-11-14T23:13:20+00:00)\n"
    ) in text
    assert "  PAUSED  perhaps node02: garbled" in text


def test_who_is_away_by_the_file_is_not_held_against_the_cluster():
    members = [{"name": n, "interconnect": f"10.0.0.{10 + i}"} for i, n in enumerate(THREE, 1)]
    told = {"by": "J. Doe", "at": "2026-03-01T09:30:00Z", "reason": "repair"}
    members[2] |= {"state": "offline", "attested": told}
    cluster = spec(members=members, volumes=[volume()])
    hosts = {name: running(CLUSTER, ("node03",)).hosts[name] for name in THREE[:2]}
    document, text = seen(Observed(hosts), cluster)
    assert "  node03  2     offline  ?\n" in text
    assert (document["members"][2]["read"], document["problems"]) == ("not asked", [])
    _document, text = seen(
        Observed({**hosts, "node01": running(CLUSTER).hosts["node01"]}), cluster
    )
    assert "node 2 (node03, offline by the file) writes its heartbeat to images" in text


def test_what_is_not_yet_as_the_file_says_is_no_illness():
    members = [{"name": n, "interconnect": f"10.0.0.{10 + i}"} for i, n in enumerate(THREE, 1)]
    members[1]["state"] = "absent"
    document, text = seen(running(CLUSTER), spec(members=members, volumes=[volume()]))
    assert (document["healthy"], document["problems"]) == (True, [])
    assert "DIFFERS  images is mounted, and the file does not want it on node02\n" in text
    assert "  node02  1     online (absent)  slot 1, beats\n" in text


def test_the_same_on_several_hosts_is_told_once():
    names = [f"node0{n}" for n in range(1, 7)]
    cluster = spec(names, volumes=[volume()])
    hosts = dict(running(cluster).hosts)
    for name in names[:4]:
        hosts[name] = Unreachable(name, "host-unreachable", f"{name} port 22: no answer")
    for name in names[4:]:
        hosts[name] = replace(hosts[name], mounts=())
    _document, text = seen(Observed(hosts), cluster, width=200)
    assert "  NOT READ  node[01-04]: host-unreachable: node[01-04] port 22: no answer; " in text
    assert "  WRONG  images is not mounted on node05, node06\n" in text


def test_two_long_names_are_never_shown_alike():
    labels = [f"production-virtual-machine-images-{n}-of-the-farm" for n in (1, 2)]
    volumes = [volume(label=label, mount={"path": f"/srv/{label}"}) for label in labels]
    _document, text = seen(running(spec(volumes=volumes)), spec(volumes=volumes), width=200)
    assert all(label in text for label in labels)


def test_a_mounted_volume_whose_device_cannot_be_read_is_not_healthy():
    observed = running(CLUSTER)
    views = tuple(
        replace(v, unread="no path is up", slot_map=None, beats=None, advancing=None)
        for v in observed.hosts["node02"].wanted
    )
    document, text = seen(with_facts(observed, "node02", wanted=views))
    assert document["state"] == "unwell"
    assert "WRONG  images: its device cannot be read on node02" in text
    assert "slot ?, beats?, UNREAD" in text


@pytest.mark.parametrize("section", ["wanted", "mounts"])
def test_a_member_of_which_it_is_not_known_what_it_has_mounted_is_not_healthy(section):
    document, text = seen(with_facts(running(CLUSTER), "node02", **{section: Unknown("EIO")}))
    assert document["state"] == "unwell"
    assert "WRONG  images: whether it is mounted cannot be read on node02" in text


def test_a_path_that_is_down_is_told_by_its_name():
    observed = running(CLUSTER)
    (disk,) = (d for d in observed.hosts["node01"].disks if d.links)
    sda = replace(disk, name="sda", links=())
    disks = (
        replace(disk, slaves=("sda", "sdb")),
        sda,
        replace(sda, name="sdb", down="transport-offline"),
    )
    document, text = seen(with_facts(observed, "node01", disks=disks), width=200)
    told = "of the disk of images, 1 of 2 paths is down: sdb (transport-offline)"
    assert f"NOTICE  path-down  member/node01: {told}" in text
    assert document["state"] == "healthy"
