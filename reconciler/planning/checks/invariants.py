"""Named invariants, of I1 to I32, that every plan is checked for before it is shown.

Each returns the refusals of a plan that would break it; they repeat what the resources
already promise, on purpose: a bug there must not reach a disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, ActionKind, ClusterPlan
from reconciler.model.roles import involved_members, leaving, online, staying
from reconciler.planning import graph
from reconciler.planning.checks.device_binding import binding_problems, declaration_problems
from reconciler.planning.kinds import ENLARGES, LEAVES, MOUNTS, UNMOUNTED, having

Invariant = Callable[[Cluster, Observed, ClusterPlan], Iterator[Blocked]]


def format_only_blank(cluster: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """A format needs the device blank and of one size on every member (I6)."""
    hosts = set(staying(cluster))
    for action in _kind(plan, "format"):
        checked = {f.reading: set(f.hosts) for f in action.requires}
        if not hosts <= checked.get("blank", set()) & checked.get("device-size", set()):
            yield _broken(action, "format-only-blank", "it is not checked on every member")


def mount_after_lists_agree(
    cluster: Cluster, _o: Observed, plan: ClusterPlan
) -> Iterator[Blocked]:
    """No mount while the kernels' node lists may differ (I14)."""
    hosts = set(online(cluster))
    for action in plan.actions:
        if action.kind not in having(MOUNTS):
            continue
        agreed = [f for f in action.requires if f.reading == "live-nodes"]
        if not agreed or not hosts <= set(agreed[0].hosts):
            yield _broken(action, "mount-after-lists-agree", "the node lists are not compared")


def mount_after_files_agree(_c: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """A run that writes cluster.conf mounts only after all members have it (I14, I15)."""
    yield from _after(plan, "mount", "write-cluster-conf", "mount-after-files-agree")


def register_after_barrier(_c: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """Kernels learn of a node only when every file has it."""
    yield from _after(plan, "register-nodes", "write-cluster-conf", "register-after-barrier")


def no_restart_under_mount(_c: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """o2cb is restarted only where nothing is mounted, checked just before (I12)."""
    for action in _kind(plan, "start-cluster"):
        if not any(f.reading == "ocfs2-mounts" and f.value == "none" for f in action.requires):
            yield _broken(action, "no-restart-under-mount", "mounts are not checked")


def stop_only_unmounted(_c: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """o2cb is stopped only with no mount, region or domain, checked just before (I12)."""
    for action in _kind(plan, "stop-cluster"):
        checked = {f.reading for f in action.requires if f.value == "none"}
        if not {"ocfs2-mounts", "regions"} <= checked:
            yield _broken(action, "stop-only-unmounted", "mounts and regions are not checked")


def unmount_only_unused(_c: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """Nothing is unmounted that a process uses, checked just before."""
    for action in _kind(plan, "unmount"):
        if not any(f.reading == "users" and f.value == "none" for f in action.requires):
            yield _broken(action, "unmount-only-unused", "its users are not checked")


def left_before_dropped(cluster: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """A leaver is unmounted, stopped and archived before any list drops it (I11)."""
    leavers = set(leaving(cluster))
    needs = {action.id: frozenset(action.needs) for action in plan.actions}
    ends = {a.id for a in plan.actions if a.host in leavers and a.kind in having(LEAVES)}
    drops = (*_kind(plan, "write-cluster-conf"), *_kind(plan, "register-nodes"))
    waits = graph.find_reached(needs, frozenset(ends)) if ends else {}
    for action in drops if ends else ():
        missing = ends - waits[action.id]
        if missing:
            words = f"it does not wait for {', '.join(sorted(missing))}"
            yield _broken(action, "left-before-dropped", words)


def quarantine_before_drop(_c: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """Nobody uncleaned is dropped before it is on record on all members (I32)."""
    yield from _after(plan, "write-cluster-conf", "write-quarantine", "quarantine-before-drop")
    yield from _after(plan, "register-nodes", "write-quarantine", "quarantine-before-drop")


def grow_after_room(cluster: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """No file system becomes larger than any member's view of its device (I8)."""
    hosts = set(staying(cluster))
    for kind in having(ENLARGES):
        for action in _kind(plan, kind):
            checked = {f.reading: set(f.hosts) for f in action.requires}
            if not hosts <= checked.get("device-room", set()):
                yield _broken(action, "grow-after-room", "not every member's room is checked")


def window_is_proven(cluster: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """What needs the volume unmounted everywhere proves just before that it is (I2, I3)."""
    hosts = set(staying(cluster))
    for kind in having(UNMOUNTED):
        for action in _kind(plan, kind):
            checked = {f.reading: set(f.hosts) for f in action.requires}
            if not hosts <= checked.get("released", set()) or "heartbeats" not in checked:
                yield _broken(
                    action, "window-is-proven", "mounts or heartbeats are not checked"
                )
    for label in dict.fromkeys(a.address for a in _kind(plan, "check-grown")):
        yield from _after(plan, "mount", "check-grown", "window-is-proven", label)


def backup_before_growth(
    cluster: Cluster, _o: Observed, plan: ClusterPlan
) -> Iterator[Blocked]:
    """Nothing grows offline before the backup that the file asks for is proven (I18)."""
    wanted = {volume_address(v.label) for v in cluster.volumes if v.backup}
    for action in _kind(plan, "grow-unmounted"):
        if action.address in wanted and not any(f.reading == "backup" for f in action.requires):
            yield _broken(action, "backup-before-growth", "no backup is proven")


def guest_runs_once(
    cluster: Cluster, observed: Observed, plan: ClusterPlan
) -> Iterator[Blocked]:
    """No guest starts unless every other member is seen not to run it, just before."""
    hosts = set(involved_members(cluster)) & set(observed.answering_hosts())
    for action in _kind(plan, "start-guest"):
        absent = [f for f in action.requires if (f.reading, f.value) == ("guest", "absent")]
        if not hosts - {action.host} <= {host for fact in absent for host in fact.hosts}:
            yield _broken(action, "guest-runs-once", "the other members are not checked")


def device_is_bound(
    cluster: Cluster, observed: Observed, plan: ClusterPlan
) -> Iterator[Blocked]:
    """What mounts or writes names its disk, its file system and the heartbeats beside it."""
    for action in plan.actions:
        for why in binding_problems(cluster, observed, action):
            yield _broken(action, "device-is-bound", why)


def kind_is_declared(_c: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """Of every kind it is said what it does to a device."""
    for action in plan.actions:
        for why in declaration_problems(action):
            yield _broken(action, "kind-is-declared", why)


def one_format_per_device(_c: Cluster, _o: Observed, plan: ClusterPlan) -> Iterator[Blocked]:
    """A device is formatted once, by one member."""
    seen: set[str] = set()
    for action in _kind(plan, "format"):
        if action.address in seen:
            yield _broken(action, "one-format-per-device", "it is formatted twice")
        seen.add(action.address)


# What the codes of broken invariants begin with.
INVARIANT = "invariant-"
INVARIANTS: tuple[Invariant, ...] = (
    format_only_blank,
    mount_after_lists_agree,
    mount_after_files_agree,
    register_after_barrier,
    no_restart_under_mount,
    stop_only_unmounted,
    unmount_only_unused,
    left_before_dropped,
    quarantine_before_drop,
    grow_after_room,
    window_is_proven,
    backup_before_growth,
    guest_runs_once,
    one_format_per_device,
    device_is_bound,
    kind_is_declared,
)


def violations(cluster: Cluster, observed: Observed, plan: ClusterPlan) -> tuple[Blocked, ...]:
    """Every broken invariant of a plan; none is expected, ever."""
    return tuple(b for rule in INVARIANTS for b in rule(cluster, observed, plan))


def _kind(plan: ClusterPlan, kind: ActionKind) -> tuple[Action, ...]:
    return tuple(action for action in plan.actions if action.kind == kind)


def _after(
    plan: ClusterPlan, kind: ActionKind, earlier: ActionKind, code: str, of: str = ""
) -> Iterator[Blocked]:
    """Whether each of ``kind`` waits for all ``earlier``; of one address, where ``of`` is given."""
    needs = {action.id: frozenset(action.needs) for action in plan.actions}
    writes = {a.id for a in _kind(plan, earlier) if of in {"", a.address}}
    waiting = [a for a in _kind(plan, kind) if of in {"", a.address}]
    waits = graph.find_reached(needs, frozenset(writes)) if writes and waiting else {}
    for action in waiting if writes else ():
        missing = writes - waits[action.id]
        if missing:
            yield _broken(action, code, f"it does not wait for {', '.join(sorted(missing))}")


def _broken(action: Action, code: str, message: str) -> Blocked:
    return Blocked(
        f"{INVARIANT}{code}",
        action.address,
        f"{action.id}: {message}",
        "this is a bug of the product: please report it; nothing was changed",
    )
