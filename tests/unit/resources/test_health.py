"""What of a kernel's messages means trouble, and which are new."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model.observed import Beat, Observed, Slot, Unknown
from reconciler.planning.checks.cluster_health import TOUCHES, guard_actions, since
from reconciler.planning.kinds import KINDS
from reconciler.planning.planner import plan_cluster
from reconciler.resources.health.log import newer, trouble
from reconciler.resources.health.readings import health
from tests.builders import bare, converged, spec, volume

RECORDED = sorted((Path(__file__).parents[2] / "probes").rglob("*.txt"))
TROUBLES = [
    "(mount.ocfs2,900,0):dlm_send_nodeinfo:1255 ERROR: node mismatch -22, node 1",
    "OCFS2: ERROR (device sdb): ocfs2_validate_inode_block: bad signature",
    "OCFS2: File system is now read-only.",
    "o2net: Connection to node node02 (num 1) at 10.0.0.12:7777 has been idle for 30.60 secs.",
    "o2net: No connection established with node 1 after 30.0 seconds, check network and",
    "o2hb: Unable to write to device, heartbeat write timeout to device sdb",
    "o2dlm: Begin recovery on domain 3A83413814C148F8B806F86334225BAC for node 1",
    "ocfs2: Begin replay journal (node 1, slot 1) on device (8,16)",
    "sd 2:0:0:1: [sdb] tag#4 FAILED Result: hostbyte=DID_NO_CONNECT driverbyte=DRIVER_OK",
    "blk_update_request: I/O error, dev sdb, sector 2048 op 0x1:(WRITE)",
    "Buffer I/O error on dev dm-0, logical block 0, async page read",
    "sd 2:0:0:1: rejecting I/O to offline device",
    "device-mapper: multipath: 254:0: Failing path 8:16.",
]
CALM = [
    "ocfs2: Mounting device (254,2) on (node 2, slot 1) with ordered data mode.",
    "ocfs2: Unmounting device (98,16) on (node 2)",
    "o2dlm: Joining domain 7B4D24F7872A4F6B888D798C1C9BE483 ",
    "o2dlm: Leaving domain 3A83413814C148F8B806F86334225BAC",
    "o2dlm: Node 2 leaves domain 3A83413814C148F8B806F86334225BAC ( 0 1 ) 2 nodes",
    "o2net: Connected to node node01 (num 1) at 10.88.1.11:7777",
    "o2net: No longer connected to node node01 (num 1) at 10.88.1.11:7777",
    "o2net: Connection to node node01 (num 1) at 10.88.1.11:7777 shutdown, state 8",
    "o2hb: Heartbeat mode set to local",
    "sd 0:0:0:1: [sdb] 4194304 512-byte logical blocks: (2.15 GB/2.00 GiB)",
    "sd 0:0:0:1: [sdb] Optimal transfer size 126976 bytes",
    "sdb: detected capacity change from 2097152 to 4194304",
    "device-mapper: multipath service-time: version 0.3.0 loaded",
]


@pytest.mark.parametrize("line", TROUBLES)
def test_an_error_is_trouble(line):
    assert trouble([*CALM, line]) == line


def test_what_goes_well_is_none():
    assert trouble(CALM) == ""


def test_of_the_hosts_that_were_recorded_only_one_was_in_trouble():
    logs = {
        path.stem: re.findall(r"^log\t(.*)$", path.read_text(errors="replace"), re.MULTILINE)
        for path in RECORDED
    }
    assert sum(map(len, logs.values())) > 100
    assert {name for name, lines in logs.items() if trouble(lines)} == {"no-path"}


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ((), ("a", "b"), ("a", "b")),
        (("a",), ("a", "b"), ("b",)),
        (("a", "b"), ("b", "c"), ("c",)),
        (("a", "a"), ("a", "a", "b"), ("b",)),
        (("a",), ("b",), ("b",)),  # a boot, or more lines than are kept
        (("a",), ("a",), ()),
    ],
)
def test_a_run_is_told_of_what_came_since_it_began(before, now, new):
    assert newer(before, now) == new


def test_a_host_that_was_not_read_at_first_has_all_its_messages():
    facts = replace(bare(spec()).hosts["node01"], log=("a", "b"))
    began = Observed({"node01": replace(facts, log=Unknown("dmesg failed"))})
    assert since(began, Observed({"node01": facts})).hosts["node01"].log == ("a", "b")
    assert since(Observed({}), Observed({"node01": facts})).hosts["node01"].log == ("a", "b")
    unread = Observed({"node01": replace(facts, log=Unknown("x"))})
    assert since(began, unread) == unread


def test_whatever_touches_a_host_asks_all_members_first():
    cluster = spec(volumes=[volume()])
    wish = spec(volumes=[volume()], network={"idle_timeout_ms": 9000})
    plan = plan_cluster(wish, converged(cluster))
    touching = [a for a in plan.actions if a.kind in TOUCHES]
    assert {a.kind for a in touching} == {"unmount", "stop-cluster"}
    for action in touching:
        (asked,) = (f for f in action.requires if f.reading == "healthy")
        assert (asked.hosts, asked.value) == (("node01", "node02", "node03"), "well")
    assert KINDS.keys() >= TOUCHES
    assert guard_actions(wish, converged(cluster), ()) == ()


SELF = Beat(0, f"{1:016x}", f"{7:016x}", dead_ms=62_000)
OTHER = replace(SELF, node=1)
HERE = (Slot(0, 0), Slot(1, 1))


def mounting(clock=1, **seen):
    """node01 beside node02, which beats and is connected, but for what is given."""
    facts = converged(spec(("node01", "node02"), volumes=[volume()])).hosts["node01"]
    links = seen.pop("links", ("node02",))
    log, options = seen.pop("log", ()), seen.pop("options", ("rw",))
    view = replace(facts.wanted[0], **{"beats": (SELF, OTHER), "slot_map": HERE, **seen})
    return replace(
        facts,
        identity=replace(facts.identity, clock=clock),
        live=replace(facts.live, links=links),
        mounts=tuple(replace(m, options=options) for m in facts.mounts),
        wanted=(view,),
        log=log,
    )


WELL_AS_SEEN = [
    ({}, "well"),
    ({"clock": 16}, "well"),
    (
        {"log": (TROUBLES[1],)},
        f"not well (since the run began its kernel logged: {TROUBLES[1]})",
    ),
    ({"options": ("ro",)}, "not well (/srv/images is read-only)"),
    ({"clock": 17}, "not well (its heartbeat on the volume of /srv/images is 16 s old)"),
    (
        {"beats": (SELF,)},
        "not well (node02 has a slot of /srv/images and no heartbeat: recovery",
    ),
    ({"links": ()}, "not well (no connection to node02, which has /srv/images mounted)"),
    ({"slot_map": None}, "unknown (the slot map of the volume of /srv/images was not read"),
    ({"beats": None}, "unknown (the heartbeats on the volume of /srv/images were not read"),
    (
        {"beats": (OTHER,)},
        "unknown (its own heartbeat on the volume of /srv/images was not seen",
    ),
    ({"links": None}, "unknown (its connections were not read"),
]


@pytest.mark.parametrize(("seen", "words"), WELL_AS_SEEN)
def test_a_host_is_well_only_if_nothing_speaks_against_it(seen, words):
    assert health(mounting(**seen), "ocfs2 - -").startswith(words)
