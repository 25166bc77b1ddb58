"""The product broken on purpose: each row takes a precaution away, and a law must see it.

Precautions stand one behind the other, so a row takes away as many as guard the same thing. A row's
history is one in which it matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import Any

import pytest

from reconciler.execution import executor, machine
from reconciler.gate import lease_decision
from reconciler.hosts.simulator import commands
from reconciler.hosts.simulator.gate import file_system, grow_device, heartbeats, verbs
from reconciler.hosts.simulator.gate import format as gate_format
from reconciler.hosts.simulator.gate.call import Call
from reconciler.hosts.simulator.kernel import live
from reconciler.hosts.simulator.state import lease_file
from reconciler.hosts.simulator.state.devices import Device
from reconciler.hosts.simulator.state.disk import EPOCH
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.machine import Machine
from reconciler.model.plan import Change as PlanChange
from reconciler.planning import order, planner, rollout
from reconciler.planning.checks import cluster_health, invariants, rehearsal
from reconciler.planning.kinds import LEAVES, having
from reconciler.resources import READINGS, RESOURCES, Resource
from reconciler.resources.growth import offline, sizes
from reconciler.resources.volumes import changes as volume_changes
from reconciler.resources.volumes import checks as volume_checks
from reconciler.resources.workloads import services
from tests import runs
from tests.simulation.changes import Change
from tests.simulation.history import Chapter, History, Trouble
from tests.simulation.player import play
from tests.simulation.shrink import law_of
from tests.simulation.stories import QUIET, place, start

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A ``patch`` of the product, the invariant whose ``law`` must break, in which history."""

    law: str
    patch: Patch
    history: History


def _trust_plans(patch: pytest.MonkeyPatch) -> None:
    """Nobody checks a plan: what is in it is carried out."""
    patch.setattr(invariants, "INVARIANTS", ())
    patch.setattr(runs, "foreseen", lambda *_: None)
    patch.setattr(rehearsal.Rehearsal, "_missing", lambda *_: ())


def _leave_out(*kinds: str, host: str = "") -> Patch:
    """Plans without actions of some kinds, on one host or on all, that nobody checks."""

    def patch(patch: pytest.MonkeyPatch) -> None:
        _forget(*kinds, host=host)(patch)
        _trust_plans(patch)

    return patch


def _forget(*kinds: str, host: str = "") -> Patch:
    """The planner has forgotten some kinds of actions, on one host or on all."""

    def patch(patch: pytest.MonkeyPatch) -> None:
        def actions(*asked: Any) -> Any:
            return (
                one
                for one in really(*asked)
                if one.kind not in kinds or (host and one.host != host)
            )

        really = planner._actions
        patch.setattr(planner, "_actions", actions)

    return patch


def _blind(patch: pytest.MonkeyPatch, *readings: str) -> None:
    """Facts of these readings hold whatever the hosts say."""

    def unmet(facts: Any, observed: Any) -> Any:
        return really([fact for fact in facts if fact.reading not in readings], observed)

    really = executor.unmet
    patch.setattr(executor, "unmet", unmet)


def _free_leases(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lease_decision, "EXPIRY", -1)
    patch.setitem(lease_decision.REFUSALS, lease_decision.Act, ())
    patch.setitem(lease_decision.REFUSALS, lease_decision.Renew, ())


def _lasting_leases(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lease_decision, "EXPIRY", 10**9)


def _ignore_heartbeats(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(heartbeats, "_look", lambda *_: iter(()))
    patch.setattr(heartbeats, "refuse_our_number", lambda *_: None)


def _believe_paths(patch: pytest.MonkeyPatch) -> None:
    """The path is the disk: its WWID is not asked for, nor its content."""
    patch.setattr(Machine, "wwids", lambda _self, device: (device.dm_uuid[6:],))


def _format_anything(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(READINGS, "blank", READINGS["blank"].__class__((), lambda *_: "blank"))
    for module in (volume_changes, volume_checks):
        patch.setattr(module, "blank", lambda *_: "blank")
    patch.setattr(gate_format, "_blank", lambda *_: None)


def _grow_early(patch: pytest.MonkeyPatch) -> None:
    """The file system grows while the kernel of node02 knows the old size of the device."""
    _leave_out("rescan", host="node02")(patch)
    _blind(patch, "device-size", "device-room")


def _move_partitions(patch: pytest.MonkeyPatch) -> None:
    def move(disk: Device, number: int, _start: int, _end: int) -> None:
        disk.lun.partitions[number].start += 1 << 20

    patch.setattr(grow_device, "_refuse_move", move)


def _mount_early(patch: pytest.MonkeyPatch) -> None:
    lists = ("same-live-nodes", "same-timeouts", "peers-connect")
    dropped = {("start-cluster", "register-nodes"), *(("mount", one) for one in lists)}
    kept = tuple(edge for edge in order.ORDER if edge[:2] not in dropped)
    added = [("mount", "start-cluster"), ("register-nodes", "mount")]
    rows = tuple((*edge, order._anywhere) for edge in added)
    patch.setattr(order, "ORDER", (*kept, *rows))
    patch.setattr(order, "EDGES", order._by_kind((*kept, *rows)))
    _trust_plans(patch)
    _blind(patch, "live-nodes", "reaches")


def _write_torn(patch: pytest.MonkeyPatch) -> None:
    """A file is written in place: what is cut short leaves half of it."""

    def torn(call: Call) -> None:
        path = call.args[0]
        call.machine.files.by_path[path] = File(call.stdin[: len(call.stdin) // 2])
        call.machine.record("wrote", f"{path} torn")

    patch.setitem(verbs.HALVES, "write-file", torn)


def _try_again(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(machine.NEXT, ("running", "fail"), "pending")
    patch.setattr(executor.Executor, "failed", property(lambda _: False, lambda _, __: None))


def _be_restless(patch: pytest.MonkeyPatch) -> None:
    """Something differs for ever."""

    def differs(_cluster: Any, _observed: Any) -> Any:
        yield PlanChange("cluster/ocfs2", "node01", "file", None, None, "for ever")

    restless = Resource("restless", (), lambda *_: (), differs, lambda *_: ())
    patch.setattr(planner, "RESOURCES", (*RESOURCES, restless))


def _forget_mounts(patch: pytest.MonkeyPatch) -> None:
    kept = [one for one in RESOURCES if one.name not in {"mounts", "ordering"}]
    patch.setattr(planner, "RESOURCES", tuple(kept))


def _forget_quarantine(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(planner, "stale_host_violations", lambda *_: ())
    patch.setattr(planner, "taken_numbers", lambda *_: ())
    _trust_plans(patch)


def _stay_mounted(patch: pytest.MonkeyPatch) -> None:
    """Who leaves unmounts nothing, and nobody asks whether it did, not even its kernel."""
    _leave_out("unmount")(patch)
    _blind(patch, "ocfs2-mounts", "regions", "unmounted")
    patch.setattr(commands, "refuse_use", lambda _machine: None)
    patch.setattr(live, "in_use", lambda *_: False)


def _drop_orders(*dropped: tuple[str, str]) -> Patch:
    """Plans without the edges between some kinds, that nobody checks."""

    def patch(patch: pytest.MonkeyPatch) -> None:
        kept = tuple(edge for edge in order.ORDER if edge[:2] not in dropped)
        patch.setattr(order, "ORDER", kept)
        patch.setattr(order, "EDGES", order._by_kind(kept))
        _trust_plans(patch)

    return patch


def _lift_refusal(code: str) -> Patch:
    """The gate begins commands for which it had a code."""

    def patch(patch: pytest.MonkeyPatch) -> None:
        rows = lease_decision.REFUSALS[lease_decision.Act]
        kept = tuple(row for row in rows if row[0] != code)
        patch.setitem(lease_decision.REFUSALS, lease_decision.Act, kept)

    return patch


def _overlook_interruptions(patch: pytest.MonkeyPatch) -> None:
    _leave_out("check-file-system")(patch)
    for module in (offline, sizes):
        patch.setattr(module, "in_progress", lambda _block: False)
    patch.setattr(file_system, "_refuse_interrupted", lambda *_: None)


def _make_no_backup(patch: pytest.MonkeyPatch) -> None:
    _leave_out("begin-backup", "back-up", "note-backup")(patch)
    _blind(patch, "backup")


def _take_all_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rollout, "take_turns", lambda names, *_: (tuple(names),) if names else ())


def _read_wall_clocks(patch: pytest.MonkeyPatch) -> None:
    """The gate takes the host's date for the time since its boot."""

    def moment(host: Machine, scope: str) -> lease_decision.Moment:
        seconds = host.world.clock(host) - EPOCH - int(host.running.since)
        return replace(really(host, scope), uptime=seconds)

    really = lease_file.moment
    patch.setattr(lease_file, "moment", moment)


def _overlook_illness(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cluster_health, "guard_actions", lambda _c, _o, actions: tuple(actions))
    patch.setattr(cluster_health, "check", lambda *_: iter(()))


def _chapter(*changes: Change, troubles: tuple[Trouble, ...] = ()) -> Chapter:
    return Chapter(changes, troubles, mended=True)


def _history(hosts: int, *chapters: Chapter, storage: Any = "plain", **more: Any) -> History:
    return History(place(hosts, storage), start(more.pop("members", hosts), **more), chapters)


def _deed(name: str, host: int, at: int, command: str, by: int = -1) -> Trouble:
    return Trouble("deed", name, host, at, command, by)


# What tells files and kernels of another list.
LISTS = ("write-cluster-conf", "register-nodes")
SLOTS = Change("slots", "lun1", 12)
MUTANTS: Mapping[str, Mutant] = MappingProxyType(
    {
        "a command begins however old its facts are": Mutant(
            "5",
            _lift_refusal("facts-stale"),
            _history(2, _chapter(troubles=(Trouble("trick", "stunned", 1, 14),))),
        ),
        "a run gives its facts more time": Mutant(
            "5",
            lambda patch: patch.setattr(executor, "FRESH", 300),
            _history(2, _chapter(troubles=(Trouble("trick", "stunned", 1, 14),))),
        ),
        "a command begins in a boot that nobody has looked at": Mutant(
            "5",
            _lift_refusal("rebooted"),
            _history(2, _chapter(troubles=(_deed("reset", 1, 1, "gate mount"),))),
        ),
        "nobody mounts beside a heartbeat": Mutant(
            "3",
            _ignore_heartbeats,
            _history(
                3, _chapter(troubles=(_deed("stranger", 2, 1, "gate mount", by=1),)), members=2
            ),
        ),
        "who uses a volume may start while it is worked on": Mutant(
            "7",
            _leave_out("mask-service"),
            _history(2, QUIET, _chapter(Change("services", "lun1", True)), _chapter(SLOTS)),
        ),
        "mounted while it is worked on": Mutant(
            "7",
            _drop_orders(
                *(("mount", kind) for kind in ("add-slots", "check-file-system", "mount"))
            ),
            _history(2, QUIET, _chapter(SLOTS)),
        ),
        "what was cut short is gone on with": Mutant(
            "9",
            _overlook_interruptions,
            _history(
                2,
                QUIET,
                _chapter(
                    Change("size", "lun1", 1),
                    troubles=(Trouble("fault", "crash during", 0, 1, "gate grow-fs"),),
                ),
                storage="san",
                gib=1,
                growth="offline",
            ),
        ),
        "dropped before it has unmounted": Mutant(
            "11",
            _drop_orders(*product(LISTS, having(LEAVES))),
            _history(
                3, QUIET, _chapter(Change("state", 2, "drained")), _chapter(Change("drop", 1))
            ),
        ),
        "grown without its backup": Mutant(
            "18",
            _make_no_backup,
            _history(
                2,
                QUIET,
                _chapter(Change("size", "lun1", 1)),
                storage="san",
                gib=1,
                growth="offline",
                backup=True,
            ),
        ),
        "all members in one turn": Mutant(
            "21",
            _take_all_at_once,
            _history(3, QUIET, _chapter(Change("path", "lun1", "/srv/new"))),
        ),
        "the date tells for how long facts are good": Mutant(
            "22", _read_wall_clocks, replace(_history(2, QUIET), twin=True)
        ),
        "the next host is touched whatever the cluster is like": Mutant(
            "29",
            _overlook_illness,
            _history(
                3,
                QUIET,
                _chapter(
                    Change("path", "lun1", "/srv/new"),
                    troubles=(Trouble("deed", "read-only", 2), Trouble("pause", at=130)),
                ),
            ),
        ),
        "leases bind nobody": Mutant(
            "1",
            _free_leases,
            _history(2, _chapter(troubles=(Trouble("rival", "same file", 0, 0),))),
        ),
        "the gate does not look at heartbeats": Mutant(
            "2",
            _ignore_heartbeats,
            _history(
                3,
                QUIET,
                _chapter(SLOTS, troubles=(_deed("stranger", 2, 1, "gate add-slots", by=0),)),
                members=2,
            ),
        ),
        "a path is believed": Mutant(
            "4",
            _believe_paths,
            _history(
                2, _chapter(troubles=(_deed("swapped", 0, 1, "gate format"),)), storage="san"
            ),
        ),
        "anything is formatted": Mutant(
            "6",
            _format_anything,
            _history(
                1, _chapter(troubles=(Trouble("fault", "crash during", 0, 1, "gate format"),))
            ),
        ),
        "a file system grows before its peers see the device": Mutant(
            "8",
            _grow_early,
            _history(2, QUIET, _chapter(Change("size", "lun1", 1)), storage="san", gib=1),
        ),
        "a partition begins elsewhere when it has grown": Mutant(
            "10",
            _move_partitions,
            History(
                place(2, "san", "gpt"),
                start(2, gib=1),
                (QUIET, _chapter(Change("size", "lun1", 1))),
            ),
        ),
        "a plan leads nowhere, and its checks see it": Mutant(
            "19",
            _forget("rescan"),
            _history(2, QUIET, _chapter(Change("size", "lun1", 1)), storage="san", gib=1),
        ),
        "mounted before the lists agree": Mutant(
            "14",
            _mount_early,
            _history(3, QUIET, _chapter(Change("join", 2)), members=2),
        ),
        "files are written in place": Mutant(
            "15",
            _write_torn,
            _history(
                2,
                QUIET,
                _chapter(
                    Change("number", 1, 9),
                    troubles=(Trouble("fault", "crash during", 0, 1, "gate write-file"),),
                ),
            ),
        ),
        "what failed is tried again in the same run": Mutant(
            "16",
            _try_again,
            _history(
                1, _chapter(troubles=(Trouble("fault", "fails before", 0, 1, "modprobe"),))
            ),
        ),
        "who leaves stays mounted": Mutant(
            "12", _stay_mounted, _history(3, QUIET, _chapter(Change("drop", 2)))
        ),
        "nobody writes down what is stopped": Mutant(
            "17",
            _leave_out("note-stopped"),
            _history(2, QUIET, _chapter(Change("services", "lun1", True), SLOTS)),
        ),
        "a service that missed its start at boot is nobody's business": Mutant(
            "17",
            lambda patch: patch.setattr(services, "why_missed", lambda *_: ""),
            _history(
                2,
                _chapter(Change("services", "lun1", True)),
                _chapter(
                    troubles=tuple(Trouble("deed", d, 1) for d in ("disable o2cb", "reset"))
                ),
            ),
        ),
        "something differs for ever": Mutant("27", _be_restless, _history(1, QUIET)),
        "a dead run keeps its lease": Mutant(
            "28",
            _lasting_leases,
            _history(1, _chapter(troubles=(Trouble("kill", "before", at=9),))),
        ),
        "mounts are nobody's business": Mutant("13", _forget_mounts, _history(2, QUIET)),
        "boots mount within a window": Mutant(
            "31",
            _leave_out("clear-fstab", "disable-o2cb"),
            _history(2, QUIET, _chapter(SLOTS)),
        ),
        "who was dropped is forgotten": Mutant(
            "32",
            _forget_quarantine,
            _history(
                4,
                QUIET,
                _chapter(Change("state", 2, "dead")),
                _chapter(Change("join", 3)),
                _chapter(Change("drop", 0), Change("drop", 1)),
                members=3,
            ),
        ),
    }
)


def kill_mutants() -> dict[str, list[str]]:
    """The laws that saw each mutant."""
    found = {}
    for name, mutant in MUTANTS.items():
        with pytest.MonkeyPatch.context() as patch:
            mutant.patch(patch)
            broken = {law_of(wrong) for wrong in play(mutant.history).wrongs}
        found[name] = sorted(broken & {mutant.law}, key=int)
    return found
