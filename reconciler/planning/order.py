"""What comes before what.

There are two mechanisms, and no third:

- *Edges* between kinds of actions, each with a scope: ``ORDER``, and nothing else. Where they
  leave the order free, a plan is in the order of ``kinds``. An edge from a kind to itself is one
  at a time, in plan order.
- *Steps* of a rollout (``follow``): a step begins when the one before is done. They are no edges
  since a step is planned from the facts that the one before leads to: a member is told its new
  number once it has nothing mounted, and none of what is asked of a bare host is known before
  its packages are there. So what is installed is a step, the first of all (``installation``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from reconciler.model.addresses import parse_address
from reconciler.model.plan import Action, ActionKind
from reconciler.planning import graph
from reconciler.planning.kinds import PLACES, RESUMES, UNMOUNTED, having

Scope = Callable[[Action, Action], bool]
Edge = tuple[ActionKind, ActionKind, Scope]


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


def _each(
    kinds: Sequence[ActionKind], needed: Sequence[ActionKind], scope: Scope
) -> Iterator[Edge]:
    """All of ``kinds`` need all of ``needed``."""
    return ((kind, need, scope) for kind, need in product(kinds, needed))


# (kind, what it needs, where). The whole path of a join can be read off it:
# files on all members, one hash, registered in the running kernels, then the new one starts.
ORDER: tuple[Edge, ...] = (
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
    *_each((*having(UNMOUNTED), "mount", "grow-file-system"), ("attest-heartbeat",), _anywhere),
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
    *_each(
        ("note-stopped", "stop-guest", "stop-service", "clear-fstab", "disarm", "unmount"),
        ("back-up", "note-backup"),
        _anywhere,
    ),
    # Unmounted everywhere: the tools lock against those on the running kernels' lists.
    *_each(
        ("check-file-system", "set-label"),
        (*("same-live-nodes", "same-timeouts", "peers-connect"), "unmount", "start-cluster"),
        _anywhere,
    ),
    *_each(
        (
            *("add-slots", "set-label", "grow-backing", "rescan", "grow-partition"),
            *("grow-unmounted", "mount"),
        ),
        ("check-file-system",),
        _same_volume,
    ),
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
    *_each(
        ("same-size",),
        ("grow-backing", "rescan", "grow-partition", "reread-partition"),
        _same_volume,
    ),
    ("mount", "same-size", _same_volume),
    ("grow-file-system", "same-size", _same_volume),
    ("grow-file-system", "mount", _same_volume),
    ("grow-file-system", "unmount", _same_volume),
    ("write-fstab", "mount", _same_place),
    ("write-fstab", "same-file-system", _same_volume),
    # systemd reads what is written; while something of ours still runs it keeps its order.
    *_each(
        ("reload-units",),
        ("write-order", "archive-order", "write-fstab", "clear-fstab"),
        _same_host,
    ),
    *_each(
        ("archive-order",),
        ("stop-service", "disable-service", "unmount", "stop-cluster"),
        _same_host,
    ),
    ("start-service", "reload-units", _same_host),
    # An agent may mount the volume itself: it starts when we ourselves would mount.
    *_each(
        having(RESUMES),
        (
            *("same-cluster-conf", "same-live-nodes", "same-timeouts", "peers-connect"),
            *(*having(UNMOUNTED), "same-size"),
        ),
        _anywhere,
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
    # One at a time.
    ("mount", "mount", _anywhere),
    # A rescan may stall I/O; two at once could fence (hazard 26).
    ("rescan", "rescan", _anywhere),
    # Of lines in one file, each is written beside what the others wrote.
    ("clear-fstab", "clear-fstab", _same_host),
    ("write-fstab", "clear-fstab", _same_host),
    ("write-fstab", "write-fstab", _same_host),
    ("approve-programs", "approve-programs", _same_host),
    # Whether it runs elsewhere is looked at just before: of two at once neither would see it.
    ("start-guest", "start-guest", _same_guest),
)


def _by_kind(edges: Sequence[Edge]) -> Mapping[ActionKind, Sequence[tuple[ActionKind, Scope]]]:
    found: dict[ActionKind, list[tuple[ActionKind, Scope]]] = {}
    for kind, needed, scope in edges:
        found.setdefault(kind, []).append((needed, scope))
    return found


# The same edges, by the kind that needs another.
EDGES = _by_kind(ORDER)


def link(actions: Sequence[Action]) -> tuple[Action, ...]:
    """The actions of a step in an order that respects the edges, each with the fewest ``needs``.

    Raises KeyError for an action of a kind that ``kinds`` does not declare.
    """
    actions = sorted(actions, key=lambda action: PLACES[action.kind])
    needs = {action.id: set(action.needs) for action in actions}
    of: dict[ActionKind, list[Action]] = {}
    for action in actions:
        of.setdefault(action.kind, []).append(action)
    for kind, seconds in of.items():
        for needed, scope in EDGES.get(kind, ()):
            firsts = of.get(needed, [])
            for place, second in enumerate(seconds if firsts else ()):
                earlier = firsts[:place] if kind == needed else firsts
                needs[second.id] |= {a.id for a in earlier if scope(a, second)}
    reduced = graph.reduce({name: frozenset(need) for name, need in needs.items()})
    by_id = {action.id: action for action in actions}
    return tuple(
        _with_needs(by_id[name], tuple(sorted(reduced[name]))) for name in graph.order(reduced)
    )


def _with_needs(action: Action, needs: tuple[str, ...]) -> Action:
    return action if action.needs == needs else replace(action, needs=needs)


def follow(actions: tuple[Action, ...], before: tuple[Action, ...]) -> tuple[Action, ...]:
    """``actions`` of a step, of which the first wait for the last of the step ``before``."""
    needed = {need for action in before for need in action.needs}
    last = tuple(sorted(action.id for action in before if action.id not in needed))
    return tuple(a if a.needs else replace(a, needs=last) for a in actions)
