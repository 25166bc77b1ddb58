"""What comes before what: one table over kinds of actions, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reconciler.model.addresses import parse_address
from reconciler.model.plan import Action
from reconciler.planning import graph

Scope = Callable[[Action, Action], bool]


def _anywhere(_first: Action, _second: Action) -> bool:
    return True


def _same_host(first: Action, second: Action) -> bool:
    return first.host == second.host


def _same_volume(first: Action, second: Action) -> bool:
    return first.address == second.address


def _same_place(first: Action, second: Action) -> bool:
    return first.host == second.host and first.address == second.address


def _same_guest(first: Action, second: Action) -> bool:
    return parse_address(first.address).last == parse_address(second.address).last


# What gives workloads back.
GIVEN_BACK = ("unmask-service", "enable-service", "start-service", "start-guest")
# (kind, what it needs, where). The whole path of a join can be read off it:
# files on all members, one hash, registered in the running kernels, then the new one starts.
ORDER: tuple[tuple[str, str, Scope], ...] = (
    # Away: written down, stopped, kept from coming back at boot, unmounted; then offline.
    ("unmount", "write-quarantine", _anywhere),
    ("stop-cluster", "write-quarantine", _anywhere),
    ("stop-service", "note-stopped", _same_host),
    ("stop-guest", "note-stopped", _same_host),
    ("migrate-guest", "note-stopped", _same_host),
    # Guests before the services, which may be what runs them; and after them when they start.
    ("stop-service", "stop-guest", _same_host),
    ("stop-service", "migrate-guest", _same_host),
    ("start-guest", "start-service", _same_host),
    ("start-guest", "mount", _same_host),
    # Only then it is known whether a guest runs on another member.
    ("start-guest", "migrate-guest", _anywhere),
    ("start-guest", "stop-guest", _anywhere),
    ("disable-service", "note-stopped", _same_host),
    ("disable-service", "stop-service", _same_host),
    ("mask-service", "stop-service", _same_host),
    # Of a masked unit systemctl disable does nothing and says so to nobody.
    ("mask-service", "disable-service", _same_host),
    ("enable-service", "unmask-service", _same_host),
    ("start-service", "enable-service", _same_host),
    ("unmount", "mask-service", _same_host),
    ("unmount", "stop-service", _same_host),
    # A guest that does not stop ends the run: then nobody has lost the volume yet.
    ("unmount", "stop-guest", _anywhere),
    ("unmount", "migrate-guest", _anywhere),
    ("unmount", "disable-service", _same_host),
    ("unmount", "clear-fstab", _same_host),
    ("unmount", "disarm", _same_host),
    # Beneath a unit's file may be the one that systemd makes of fstab.
    ("disarm", "clear-fstab", _same_host),
    ("stop-cluster", "unmount", _same_host),
    ("upgrade-packages", "stop-cluster", _same_host),
    ("upgrade-module", "stop-cluster", _same_host),
    ("upgrade-module", "upgrade-packages", _same_host),
    ("reload-module", "stop-cluster", _same_host),
    ("reload-module", "upgrade-module", _same_host),
    ("disable-o2cb", "stop-cluster", _same_host),
    ("write-o2cb-settings", "stop-cluster", _same_host),
    ("archive-cluster-conf", "stop-cluster", _same_host),
    ("archive-cluster-conf", "disable-o2cb", _same_host),
    ("archive-cluster-conf", "write-o2cb-settings", _same_host),
    # Who has no such file any more is not ours to tidy up: that goes last.
    ("archive-cluster-conf", "archive-order", _same_host),
    ("archive-cluster-conf", "reload-units", _same_host),
    ("archive-cluster-conf", "strike-stopped", _same_host),
    ("revoke-access", "archive-cluster-conf", _anywhere),
    ("revoke-access", "unmount", _anywhere),
    # Nobody is dropped from a list before it is out, and none without a record of it.
    ("write-cluster-conf", "unmount", _anywhere),
    ("write-cluster-conf", "stop-cluster", _anywhere),
    ("write-cluster-conf", "archive-cluster-conf", _anywhere),
    ("write-cluster-conf", "write-quarantine", _anywhere),
    ("register-nodes", "archive-cluster-conf", _anywhere),
    ("register-nodes", "write-quarantine", _anywhere),
    ("write-cluster-conf", "load-module", _anywhere),
    ("write-cluster-conf", "write-o2cb-settings", _same_host),
    ("same-cluster-conf", "write-cluster-conf", _anywhere),
    ("register-nodes", "same-cluster-conf", _anywhere),
    ("enable-o2cb", "write-o2cb-settings", _same_host),
    ("enable-o2cb", "same-cluster-conf", _anywhere),
    ("start-cluster", "enable-o2cb", _same_host),
    ("start-cluster", "load-module", _same_host),
    ("start-cluster", "write-o2cb-settings", _same_host),
    ("start-cluster", "same-cluster-conf", _anywhere),
    ("start-cluster", "register-nodes", _anywhere),
    ("same-live-nodes", "register-nodes", _anywhere),
    ("same-live-nodes", "start-cluster", _anywhere),
    ("set-reconnect-delay", "write-o2cb-settings", _same_host),
    ("same-timeouts", "start-cluster", _anywhere),
    ("same-timeouts", "set-reconnect-delay", _anywhere),
    ("peers-connect", "start-cluster", _anywhere),
    ("peers-connect", "same-live-nodes", _anywhere),
    ("peers-connect", "same-timeouts", _anywhere),
    # What is accepted beside a tool is on record before.
    *(
        (kind, "attest-heartbeat", _anywhere)
        for kind in (
            *("mount", "check-file-system", "add-slots", "set-label", "grow-unmounted"),
            *("check-grown", "grow-file-system"),
        )
    ),
    ("format", "peers-connect", _anywhere),
    ("mount", "peers-connect", _anywhere),
    ("format", "same-live-nodes", _anywhere),
    ("format", "same-timeouts", _anywhere),
    ("same-file-system", "format", _same_volume),
    ("mount", "same-cluster-conf", _anywhere),
    ("mount", "same-live-nodes", _anywhere),
    ("mount", "same-timeouts", _anywhere),
    ("mount", "same-file-system", _same_volume),
    # A device may be larger than its file system, never the reverse: that grows last, and
    # nobody mounts meanwhile whose kernel has not seen the room.
    ("back-up", "begin-backup", _same_volume),
    ("note-backup", "back-up", _same_volume),
    # Nothing is taken from anybody before every backup is made and known of.
    *(
        (kind, done, _anywhere)
        for kind in (
            *("note-stopped", "stop-guest", "stop-service", "clear-fstab", "disarm", "unmount"),
        )
        for done in ("back-up", "note-backup")
    ),
    # Unmounted everywhere: the tools lock against those on the running kernels' lists.
    *(
        ("check-file-system", kind, _anywhere)
        for kind in ("same-live-nodes", "same-timeouts", "peers-connect", "unmount")
    ),
    ("check-file-system", "start-cluster", _anywhere),
    *(
        (kind, "check-file-system", _same_volume)
        for kind in (
            *("add-slots", "set-label", "grow-backing", "rescan", "grow-partition", "mount"),
        )
    ),
    *(
        ("set-label", kind, _anywhere)
        for kind in ("same-live-nodes", "same-timeouts", "peers-connect", "unmount")
    ),
    ("set-label", "start-cluster", _anywhere),
    ("set-label", "add-slots", _same_volume),
    ("grow-unmounted", "set-label", _same_volume),
    ("mount", "set-label", _same_volume),
    ("reread-partition", "check-file-system", _same_volume),
    ("grow-unmounted", "same-size", _same_volume),
    ("grow-unmounted", "add-slots", _same_volume),
    ("check-grown", "grow-unmounted", _same_volume),
    ("mount", "add-slots", _same_volume),
    ("mount", "check-grown", _same_volume),
    ("mount", "grow-unmounted", _same_volume),
    ("rescan", "grow-backing", _same_volume),
    ("grow-partition", "rescan", _same_volume),
    ("reread-partition", "rescan", _same_volume),
    ("reread-partition", "grow-partition", _same_volume),
    *(
        ("same-size", kind, _same_volume)
        for kind in ("grow-backing", "rescan", "grow-partition", "reread-partition")
    ),
    ("mount", "same-size", _same_volume),
    ("grow-file-system", "same-size", _same_volume),
    ("grow-file-system", "mount", _same_volume),
    ("grow-file-system", "unmount", _same_volume),
    ("write-fstab", "mount", _same_place),
    ("write-fstab", "same-file-system", _same_volume),
    # systemd reads what is written; while something of ours still runs it keeps its order.
    *(
        ("reload-units", kind, _same_host)
        for kind in ("write-order", "archive-order", "write-fstab", "clear-fstab")
    ),
    *(
        ("archive-order", kind, _same_host)
        for kind in ("stop-service", "disable-service", "unmount", "stop-cluster")
    ),
    ("start-service", "reload-units", _same_host),
    # An agent may mount the volume itself: it starts when we ourselves would mount.
    *(
        (given, barrier, _anywhere)
        for given in GIVEN_BACK
        for barrier in (
            "same-cluster-conf",
            "same-live-nodes",
            "same-timeouts",
            "peers-connect",
        )
    ),
    *(
        (given, kind, _anywhere)
        for given in GIVEN_BACK
        for kind in (
            "check-file-system",
            "add-slots",
            "set-label",
            "same-size",
            "grow-unmounted",
            "check-grown",
        )
    ),
    ("unmask-service", "mount", _same_host),
    ("enable-service", "mount", _same_host),
    ("start-service", "mount", _same_host),
    ("start-service", "unmask-service", _same_host),
    ("strike-stopped", "start-service", _same_host),
    ("strike-stopped", "enable-service", _same_host),
    ("strike-stopped", "start-guest", _same_host),
    ("strike-stopped", "migrate-guest", _same_host),
    ("strike-stopped", "note-stopped", _same_host),
    ("lift-quarantine", "write-quarantine", _same_host),
    ("lift-quarantine", "archive-cluster-conf", _anywhere),
    ("lift-quarantine", "same-live-nodes", _anywhere),
    ("lift-quarantine", "mount", _anywhere),
)
# Where the order is free, a plan reads best in this one.
STAGES = (
    "approve-programs",
    "install-packages",
    "install-module",
    "load-module",
    "fetch-packages",
    "fetch-module",
    "begin-backup",
    "back-up",
    "note-backup",
    "attest-heartbeat",
    "write-quarantine",
    "note-stopped",
    "migrate-guest",
    "stop-guest",
    "stop-service",
    "disable-service",
    "mask-service",
    "clear-fstab",
    "disarm",
    "unmount",
    "stop-cluster",
    "upgrade-packages",
    "upgrade-module",
    "reload-module",
    "disable-o2cb",
    "write-o2cb-settings",
    "archive-cluster-conf",
    "revoke-access",
    "write-cluster-conf",
    "same-cluster-conf",
    "enable-o2cb",
    "register-nodes",
    "start-cluster",
    "set-reconnect-delay",
    "same-live-nodes",
    "same-timeouts",
    "peers-connect",
    "format",
    "same-file-system",
    "check-file-system",
    "add-slots",
    "set-label",
    "grow-backing",
    "rescan",
    "grow-partition",
    "reread-partition",
    "same-size",
    "grow-unmounted",
    "check-grown",
    "mount",
    "remount",
    "write-fstab",
    "archive-order",
    "write-order",
    "reload-units",
    "grow-file-system",
    "unmask-service",
    "enable-service",
    "start-service",
    "start-guest",
    "strike-stopped",
    "lift-quarantine",
)
# Kinds of which only one runs at a time, in plan order, within the scope.
CHAINS: tuple[tuple[frozenset[str], Scope], ...] = (
    (frozenset({"mount"}), _anywhere),
    # A rescan may stall I/O; two at once could fence (hazard 26).
    (frozenset({"rescan"}), _anywhere),
    (frozenset({"clear-fstab", "write-fstab"}), _same_host),
    (frozenset({"approve-programs"}), _same_host),  # each a line more in one file
    # Whether it runs elsewhere is looked at just before: of two at once neither would see it.
    (frozenset({"start-guest"}), _same_guest),
)


def link(actions: Sequence[Action]) -> tuple[Action, ...]:
    """The actions in an order that respects the table, each with the fewest ``needs``."""
    actions = sorted(actions, key=lambda action: STAGES.index(action.kind))
    needs = {action.id: set(action.needs) for action in actions}
    for kind, needed, scope in ORDER:
        for second in (a for a in actions if a.kind == kind):
            needs[second.id] |= {a.id for a in actions if a.kind == needed and scope(a, second)}
    for kinds, scope in CHAINS:
        links = [a for a in actions if a.kind in kinds]
        for place, second in enumerate(links):
            needs[second.id] |= {a.id for a in links[:place] if scope(a, second)}
    reduced = graph.reduce({name: frozenset(need) for name, need in needs.items()})
    by_id = {action.id: action for action in actions}
    return tuple(
        replace(by_id[name], needs=tuple(sorted(reduced[name])))
        for name in graph.order(reduced)
    )
