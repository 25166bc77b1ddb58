"""Desired states of a few changed members and volumes."""

from reconciler.model.desired import Desired

WWID = "36001405a1b2c3d4e5f60718293a4b5c6"
SINCE = {"by": "me", "at": "2026-03-01"}


def members(*changes):
    """Members node0, node1, … with distinct addresses, changed."""
    return [
        {"name": f"node{i}", "interconnect": f"10.0.0.{i + 1}", **change}
        for i, change in enumerate(changes)
    ]


def volumes(*changes):
    """Volumes v0, v1, … on distinct devices and directories, changed."""
    return [
        {
            "label": f"v{i}",
            "device": {"wwid": WWID[:-1] + str(i)},
            "size": "fill",
            "mount": {"path": f"/srv/v{i}"},
            **change,
        }
        for i, change in enumerate(changes)
    ]


def desired(*clusters, ssh=None):
    """Clusters c0, c1, … of one member each, changed."""
    listed = [
        {
            "name": f"c{i}",
            "members": [{"name": f"m{i}", "interconnect": f"10.9.0.{i + 1}"}],
            **c,
        }
        for i, c in enumerate(clusters)
    ]
    return Desired.model_validate({"version": 1, "ssh": ssh or {}, "clusters": listed})


def people(*changes, **cluster):
    return desired({"members": members(*changes), **cluster})


def attesting(*numbers):
    """Two members, of whom one has a fixed number, and attested heartbeats."""
    blocks = [{"number": number, **SINCE} for number in numbers]
    return people({"number": 4}, {}, heartbeat={"attested": blocks})


def storage(*changes):
    return desired({"volumes": volumes(*changes)})


def mount(**change):
    return {"mount": {"path": "/srv/v0", **change}}


def device(**names):
    return {"device": names}


def work(**change):
    return {"workloads": change}


def command(*argv):
    return {"backing": {"command": {"host": "san", "argv": list(argv)}}}
