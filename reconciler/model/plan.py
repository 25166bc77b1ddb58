"""Changes, actions and plans: plain data, in the order of their making."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal, TypeGuard, get_args

from reconciler.frozen import frozen
from reconciler.model.gate_call import GateCall, gate_call
from reconciler.model.outcome import Blocked, Finding

Risk = Literal["none", "safe", "outage", "data"]
RISKS: tuple[Risk, ...] = ("none", "safe", "outage", "data")
Truth = Literal["file", "kernel", "disk", "package", "service", "mount", "boot"]
# Every kind of action; what each is, is said in ``planning.kinds``.
ActionKind = Literal[
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
]
DECLARED: frozenset[ActionKind] = frozenset(get_args(ActionKind))
MINUTE = 60.0
# The fourth word of a command whose third is a program of ours, sent along each time.
TRAVELLING = (("gate",), ("probe",))


def declared_kind(word: str) -> ActionKind:
    """A kind that was put together from words. Raises ValueError for one that is not declared."""
    if not _is_declared(word):
        raise ValueError(f"{word} is no kind of action")
    return word


def _is_declared(word: str) -> TypeGuard[ActionKind]:
    return word in DECLARED


@frozen
class Command:
    """What runs on a host: ``argv`` without a shell, ``timeout`` in seconds.

    ``references`` are words in it that stand for secrets (``model.secrets``). Where those are
    filled in, ``shown_as`` is the argv that people see. ``look`` is a look at the host, the probe's
    argv, which travels along and begins when the command has ended, however that was. ``then`` are
    commands that travel along, too: each begins where the one before has ended with 0.
    """

    argv: tuple[str, ...]
    stdin: str = ""
    timeout: float = MINUTE
    references: tuple[str, ...] = ()
    shown_as: tuple[str, ...] = ()
    look: tuple[str, ...] = ()
    then: tuple[Command, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The command as a person would type it, without the program that travels along."""
        argv = self.shown_as or self.argv
        if argv[:2] != ("sh", "-c") or argv[3:4] not in TRAVELLING:
            return argv
        call = gate_call(argv)
        if call is None:
            return (f"reconcile-{argv[3]}", *argv[4:])
        if call.verb in SHOWN:
            return SHOWN[call.verb](call)
        node = (call.target.node,) if call.target else ()
        return ("reconcile-gate", call.verb, *node, *call.arguments)


def _mount(call: GateCall) -> tuple[str, ...]:
    path, options = call.arguments
    return ("mount", "-t", "ocfs2", "-o", options, _node(call), path)


def _node(call: GateCall) -> str:
    return call.target.node if call.target else "-"


def _words(place: int) -> Callable[[GateCall], tuple[str, ...]]:
    """A command that the gate gets as one argument, a word a line."""
    return lambda call: tuple(call.arguments[place].split("\n"))


# What a verb of the gate runs, of its arguments; how it checks and waits is the gate's own.
SHOWN: Mapping[str, Callable[[GateCall], tuple[str, ...]]] = {
    "do": lambda call: call.arguments,
    "format": lambda call: call.arguments[1:],
    "unmount": lambda call: ("umount", *call.arguments),
    "mount": _mount,
    "stop-guest": _words(3),
    "migrate-guest": _words(3),
    "start-guest": _words(4),
}


@frozen
class Completed:
    """How a command ended; ``seconds`` is its duration as the controller saw it.

    ``look`` is what a look that travelled along has told, within ``look_seconds`` at the end; empty
    if it did not come to it. ``then`` has the ends of commands that travelled along and began.
    """

    status: int
    stdout: str
    stderr: str
    seconds: float = 0.0
    look: str = ""
    look_seconds: float = 0.0
    then: tuple[Completed, ...] = ()


@frozen
class Fact:
    """On every one of ``hosts``, ``reading`` of ``subject`` is ``value``.

    With ``value`` None the hosts must agree on a reading that is not absent. The readings
    are named in ``resources.READINGS``.
    """

    hosts: tuple[str, ...]
    reading: str
    subject: str
    value: str | None


@frozen
class Change:
    """One difference between file and reality; ``truth`` says which reality."""

    address: str
    host: str
    truth: Truth
    before: object
    after: object
    because: str


@frozen
class Action:
    """One step on one host; a barrier has no command and no host.

    ``requires`` must hold on fresh facts just before, ``expects`` is what proves it.
    Where one of ``unless`` holds then, there is nothing to do. ``needs`` are the ids of
    actions that come first; ``seconds`` is a rough estimate.
    """

    id: str
    kind: ActionKind
    host: str
    address: str
    summary: str
    because: str
    risk: Risk
    command: Command | None
    expects: tuple[Fact, ...]
    requires: tuple[Fact, ...] = ()
    unless: tuple[Fact, ...] = ()
    needs: tuple[str, ...] = ()
    irreversible: bool = False
    device: str = ""
    preview: str = ""
    seconds: float = 2.0


@frozen
class Outage:
    """A window in which something in use is taken away; ``seconds`` is a rough estimate.

    It is None where what is taken away does not come back.
    """

    hosts: tuple[str, ...]
    volumes: tuple[str, ...]
    workloads: tuple[str, ...]
    processes: tuple[str, ...]
    because: str
    seconds: float | None = None


@frozen
class ClusterPlan:
    """The plan of one cluster; it is carried out only when nothing is ``blocked``.

    ``notes`` are what an operator should know and nothing acts upon, ``findings`` what the
    next boot or a difference between members will lead to.
    """

    name: str
    changes: tuple[Change, ...]
    actions: tuple[Action, ...]
    outages: tuple[Outage, ...]
    blocked: tuple[Blocked, ...]
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@frozen
class Plan:
    """All clusters of a file; ``id`` is a digest of actions and the facts beneath.

    ``facts`` are those facts in plain values: by cluster, host and section.
    """

    id: str
    clusters: tuple[ClusterPlan, ...]
    facts_digest: str
    facts: Mapping[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)

    @property
    def actions(self) -> tuple[Action, ...]:
        """Every action of every cluster, blocked or not."""
        return tuple(action for cluster in self.clusters for action in cluster.actions)

    @property
    def blocked(self) -> tuple[Blocked, ...]:
        """Every refusal of every cluster."""
        return tuple(item for cluster in self.clusters for item in cluster.blocked)

    @property
    def risk(self) -> Risk:
        """The highest risk of the actions, ``none`` without any."""
        return max((a.risk for a in self.actions), key=RISKS.index, default="none")

    @property
    def irreversible(self) -> bool:
        """Whether one of the actions cannot be undone."""
        return any(action.irreversible for action in self.actions)
