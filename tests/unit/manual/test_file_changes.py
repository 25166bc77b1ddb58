"""What the manual says of a changed key is what a plan of a running cluster then is."""

from __future__ import annotations

import copy
import re

import pytest

from reconciler.hosts.simulator.presets import Shape
from reconciler.model import plan
from tests.clock import drive
from tests.pages import page, quoted, rows
from tests.runs import Controller, members, of, volume, witnessed

CHANGE = {quoted(row[0])[0]: row[4] for row in rows(page("file"), "Key")}
RISKS = {*plan.RISKS}
COMMAND = {"host": "san01", "argv": ["/usr/local/bin/tool", "{wwid}"]}
PLAIN = {"host": "san01", "argv": ["/usr/local/bin/tool"]}
WORD = {"by": "J. Doe", "at": "2026-03-01T09:30:00Z"}
AWAY = {"state": "offline", "attested": {**WORD, "reason": "new mainboard"}}
GONE = {"state": "dead", "attested": {**WORD, "lun_access": "mapped"}}
MEMBER, VOLUME = "clusters[].members[].", "clusters[].volumes[]."
# Key; what is changed, at the cluster, its second member or its volume; the risk, or the refusal.
CASES = (
    ("clusters[].name", {"name": "other"}, "foreign-cluster"),
    ("clusters[].numbering", {"numbering": "compact"}, "none"),
    ("clusters[].max_unavailable", {"max_unavailable": "25%"}, "none"),
    ("clusters[].rollout", {"rollout": "window"}, "none"),
    ("clusters[].files", {"files": "kept"}, "none"),
    ("clusters[].policy.mode", {"policy": {"mode": "heal", "heal": ["files"]}}, "none"),
    ("clusters[].heartbeat.mode", {"heartbeat": {"mode": "global"}}, "not-supported-yet"),
    ("clusters[].heartbeat.dead_threshold", {"heartbeat": {"dead_threshold": 61}}, "outage"),
    (
        "clusters[].heartbeat.attested",
        {"heartbeat": {"attested": [{"number": 9, **WORD}]}},
        "none",
    ),
    ("clusters[].network.idle_timeout_ms", {"network": {"idle_timeout_ms": 60000}}, "outage"),
    (
        "clusters[].network.keepalive_delay_ms",
        {"network": {"keepalive_delay_ms": 999}},
        "outage",
    ),
    (
        "clusters[].network.reconnect_delay_ms",
        {"network": {"reconnect_delay_ms": 5000}},
        "safe",
    ),
    ("clusters[].packages.manage", {"packages": {"manage": False}}, "none"),
    ("clusters[].volumes", {"volumes": []}, "outage"),
    (f"{MEMBER}port", {"port": 7778}, "outage"),
    (f"{MEMBER}number", {"number": 9}, "outage"),
    (f"{MEMBER}ssh", {"ssh": {"user": "ops", "sudo": True}}, "none"),
    (f"{VOLUME}label", {"label": "pictures"}, "outage"),
    (f"{VOLUME}labelled", {"label": "pictures", "labelled": "images"}, "none"),
    (f"{VOLUME}device", {"device": "lun2"}, "mount-path-busy"),
    (f"{VOLUME}size", {"size": "512MiB"}, "shrink-refused"),
    (f"{VOLUME}slots", {"slots": 12}, "outage"),
    (f"{VOLUME}slots", {"slots": 4}, "none"),
    (f"{VOLUME}format", {"format": "never"}, "none"),
    (f"{VOLUME}features", {"features": {"type": "mail"}}, "none"),
    (f"{VOLUME}mount.path", {"mount": {"path": "/srv/other"}}, "outage"),
    (
        f"{VOLUME}mount.options",
        {"mount": {"path": "/srv/images", "options": ["noatime"]}},
        "safe",
    ),
    (f"{VOLUME}mount.options", {"mount": {"path": "/srv/images", "options": ["ro"]}}, "outage"),
    (
        f"{VOLUME}mount.options",
        {"mount": {"path": "/srv/images", "options": ["commit=9"]}},
        "safe",
    ),
    (f"{VOLUME}mount.at_boot", {"mount": {"path": "/srv/images", "at_boot": False}}, "safe"),
    (f"{VOLUME}mount.by", {"mount": {"path": "/srv/images", "by": "workload"}}, "safe"),
    (f"{VOLUME}growth", {"growth": "offline"}, "none"),
    (f"{VOLUME}backing", {"backing": {"command": COMMAND}}, "none"),
    (f"{VOLUME}access", {"access": {"revoke": COMMAND}}, "none"),
    (f"{VOLUME}backup", {"backup": PLAIN}, "none"),
    (f"{VOLUME}workloads.guests", {"workloads": {"guests": {"kind": "libvirt"}}}, "none"),
)
STATES = {
    "drained": ({"state": "drained"}, "outage"),
    "absent": ({"state": "absent"}, "outage"),
    "offline": (AWAY, "refused"),
    "dead": (GONE, "refused"),
}


@pytest.fixture(scope="module")
def running():
    """Two of three hosts have a volume mounted; no plan changes anything."""
    world = witnessed(3, Shape("san", luns=2))
    controller = Controller(world)
    first = document(world)
    assert drive(world, controller.apply(of(first))).word == "converged"
    return world, controller


def document(world):
    item = {**volume(world), "size": "1GiB"}
    names = ("node01", "node02")
    return {"name": "ocfs2", "members": members(world, *names), "volumes": [item]}


def planned(running, key, change):
    """The risk of the plan of a file with that change; or the codes that block it."""
    world, controller = running
    wish = copy.deepcopy(document(world))
    if change.get("device"):
        change = {"device": volume(world, change["device"])["device"]}
    place = wish
    if key.startswith(MEMBER):
        place = wish["members"][1]
    elif key.startswith(VOLUME):
        place = wish["volumes"][0]
    place.update(change)
    found = drive(world, controller.plan(of(wish)))
    return {blocked.code for blocked in found.blocked} or {found.risk}


@pytest.mark.parametrize(
    ("key", "change", "wanted"), CASES, ids=[f"{c[0]}-{c[2]}" for c in CASES]
)
def test_a_changed_key_is_what_the_page_says(running, key, change, wanted):
    assert wanted in planned(running, key, change)  # the risk alone, or one of the refusals
    told = CHANGE[key]
    assert (wanted if wanted in RISKS else "refused") in told


@pytest.mark.parametrize("state", STATES)
def test_a_changed_state_is_what_the_page_says(running, state):
    told = {quoted(row[0])[0]: row[2] for row in rows(page("file"), "`state`")}
    change, wanted = STATES[state]
    found = planned(running, f"{MEMBER}state", change)
    assert found == {"outage"} if wanted == "outage" else not found & RISKS
    assert re.search(wanted, told[state], re.IGNORECASE)


def test_a_member_joins_safely_and_leaves_with_an_outage(running):
    world, controller = running
    more = {**document(world), "members": members(world)}
    less = {**document(world), "members": members(world, "node01")}
    plans = [drive(world, controller.plan(of(wish))) for wish in (more, less)]
    assert [(one.risk, one.blocked) for one in plans] == [("safe", ()), ("outage", ())]
    assert {"safe", "outage"} <= set(CHANGE["clusters[].members"].replace(",", "").split())
