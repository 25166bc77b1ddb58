"""What a plan tells without acting upon it: risks that only an operator can judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reconciler.model.desired import Cluster
from reconciler.model.devices import still_mapped
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.roles import LISTED, leaving, left_members, restrict_to, staying
from reconciler.model.software import unpackaged_module
from reconciler.resources.growth.visibility_notes import visibility_notes
from reconciler.resources.quarantine.entries import Entry, entries, known_members
from reconciler.resources.workloads.obligations import StoppedWorkloads, forgotten_workloads

# Seconds by which members' clocks may differ before times of files confuse people and tools.
CLOCKS_APART = 5


def advisories(cluster: Cluster, observed: Observed) -> Iterator[str]:
    """Everything worth a line, in a stable order."""
    stays = restrict_to(observed, staying(cluster)).answering_hosts()
    yield from _at_work(stays)
    yield from _still_mapped(cluster, observed)
    for item in observed.unreachable():
        if item.host in leaving(cluster):
            yield f"{item.host} does not answer, so what it has is unknown ({item.code})"
    for entry in quarantined_hosts(cluster, observed):
        yield (
            f"{entry.name} (node {entry.number}) is in quarantine: it was dropped and never "
            "cleaned"
        )
    for host, facts in stays.items():
        if (
            not isinstance(facts.records, Unknown)
            and (left := forgotten_workloads(cluster, facts)) != StoppedWorkloads()
        ):
            yield (
                f"{host}: {left.words} was stopped for a volume, and the file names it no more: "
                "start it by hand (a service: unmask and enable it before), or name it again"
            )
        if name := unpackaged_module(cluster, facts):
            yield (
                f"{host}: its ocfs2 module is not of the package {name}, so no version of it is "
                "installed: install it by hand, or take kernel_module_version out of the file"
            )
    clocks = {
        h: f.identity.clock for h, f in stays.items() if not isinstance(f.identity, Unknown)
    }
    if clocks and max(clocks.values()) - min(clocks.values()) > CLOCKS_APART:
        slow, fast = min(clocks, key=clocks.__getitem__), max(clocks, key=clocks.__getitem__)
        yield f"the clocks of {slow} and {fast} are more than {CLOCKS_APART} s apart"
    yield from visibility_notes(cluster, observed)


def _at_work(stays: Mapping[str, HostFacts]) -> Iterator[str]:
    """Runs that hold a lease: what they are half through is no state to plan from."""
    runs: dict[str, list[tuple[str, float]]] = {}
    for host, facts in stays.items():
        for lease in () if isinstance(facts.leases, Unknown) else facts.leases:
            if lease.run and not lease.sealed:
                runs.setdefault(lease.run, []).append((host, lease.age))
    for run, seen in runs.items():
        ages = round(min(age for _host, age in seen))
        yield (
            f"run {run} holds the lease on {', '.join(host for host, _age in seen)}, renewed "
            f"{ages} s ago: where it is at work, plan again when it has ended"
        )


def quarantined_hosts(cluster: Cluster, observed: Observed) -> tuple[Entry, ...]:
    """Who is in quarantine on any member; nobody where the record is garbled."""
    try:
        return entries(cluster, observed)
    except ValueError:
        return ()  # refused by the quarantine's own check


def fencing(cluster: Cluster, observed: Observed) -> Iterator[str]:
    """What would go wrong when a member fences itself or oopses."""
    for what, test in FENCING.items():
        stays = restrict_to(observed, staying(cluster)).answering_hosts()
        if hosts := [host for host, facts in stays.items() if test(cluster, facts)]:
            yield f"{', '.join(hosts)}: {what}"


def _still_mapped(cluster: Cluster, observed: Observed) -> Iterator[str]:
    """Hosts that left and still see the disk: only the storage can take it from them."""
    asked = restrict_to(observed, left_members(cluster)).answering_hosts()
    for host, facts in asked.items():
        for label in still_mapped(cluster, facts):
            yield f"{host} is out of the cluster and still sees the LUN of {label}: unmap it"
    named = {host_key(m.name) for m in cluster.members if m.name in asked or m.role in LISTED}
    for name, item in known_members(cluster, observed).items():
        if item.mapped and name not in named:
            words = ", ".join(item.mapped)
            yield (
                f"{name} left, and when last asked it still saw the LUN of {words}: unmap it "
                "(to have it looked at again, list it with state: absent)"
            )


def _never_returns(cluster: Cluster, facts: HostFacts) -> bool:
    fences = _fence_method(cluster, facts) == "panic"
    return fences and not isinstance(facts.kernel, Unknown) and facts.kernel.panic == 0


def _lives_on(cluster: Cluster, facts: HostFacts) -> bool:
    running = _fence_method(cluster, facts) != ""
    return running and not isinstance(facts.kernel, Unknown) and facts.kernel.panic_on_oops == 0


def _fence_method(cluster: Cluster, facts: HostFacts) -> str:
    """How the host's kernel fences itself; empty without the cluster."""
    live = None if isinstance(facts.live, Unknown) else facts.live.cluster(cluster.name)
    return live.fence_method if live else ""


FENCING: Mapping[str, Callable[[Cluster, HostFacts], bool]] = {
    (
        "fences by panic while kernel.panic is 0: it would not come back; set seconds there, by "
        "a file in /etc/sysctl.d and sysctl --system"
    ): _never_returns,
    (
        "kernel.panic_on_oops is 0: after an oops it would go on heartbeating; set it to 1, by a "
        "file in /etc/sysctl.d and sysctl --system"
    ): _lives_on,
}
