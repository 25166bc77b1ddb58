"""Rules about clusters, their members and how these are reached."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.loading.nodes import Path
from reconciler.loading.semantics.finding import (
    Finding,
    Rule,
    Use,
    all_members,
    clusters,
    members,
    repetitions,
)
from reconciler.model.cluster_settings import Network
from reconciler.model.desired import Cluster, Desired, Member
from reconciler.model.host_names import host_key
from reconciler.model.ssh_access import NO_HOST_KEYS, Ssh

_ATTESTED = {"offline": ("reason",), "dead": ("lun_access",)}
# What has to be attested -> how it is written, and what else it could be.
_SAID = {"reason": "reason: new mainboard", "lun_access": "lun_access: mapped"}
_SAID_MORE = {
    "reason": "with your own words",
    "lun_access": "or lun_access: revoked, once the storage shows it the LUN no more",
}


def cluster_names_are_unique(desired: Desired) -> Iterator[Finding]:
    """Names become directories and stamps; those that differ by case only invite mistakes."""
    uses = (Use(c.name.casefold(), (*path, "name"), c.name) for path, c in clusters(desired))
    for use, first in repetitions(uses):
        spelt = f", as '{first.owner}'" if first.owner != use.owner else ""
        message = f"the cluster '{use.owner}' is there already{spelt}"
        hint = "put its members and volumes into the first, or give this one another name"
        yield Finding(use.path, "duplicate-cluster", message, hint)


# What the gate keeps beside the directories of clusters (gate/parts/head.sh, STATE).
_TAKEN = frozenset({"beats", "busy", "lease", "lock", "paused", "tables"})


def cluster_names_are_free(desired: Desired) -> Iterator[Finding]:
    """A cluster's records and its lease on a storage host have a directory of its name."""
    for path, cluster in clusters(desired):
        if cluster.name in _TAKEN:
            message = f"'{cluster.name}' is a name that reconcile keeps on the hosts for itself"
            hint = "give the cluster another name"
            yield Finding((*path, "name"), "cluster-name-taken", message, hint)


def a_host_is_one_member(desired: Desired) -> Iterator[Finding]:
    """o2cb compares names without case, and a host has one live cluster (nodemanager.c)."""
    uses = (
        Use(host_key(member.name), (*path, "name"), cluster.name)
        for path, cluster, member in all_members(desired)
    )
    for use, first in repetitions(uses):
        yield _same_host(use, first, f"the host '{use.key}' is a member")


def a_host_is_reached_once(desired: Desired) -> Iterator[Finding]:
    """Two members behind one ssh address are one host."""
    names: set[str] = set()
    uses = []
    for path, cluster, member in _living(desired):
        if host_key(member.name) not in names:
            uses.append(Use(_reached(desired, member), _ssh_path(path, member), cluster.name))
        names.add(host_key(member.name))
    for use, first in repetitions(uses):
        yield _same_host(use, first, "the same ssh host and port are a member's")


def interconnects_are_unique(desired: Desired) -> Iterator[Finding]:
    """o2nm refuses an address twice (EEXIST); between clusters it would be the same host."""
    uses = (
        Use(member.interconnect, (*path, "interconnect"), member.name)
        for path, _, member in _living(desired)
    )
    for use, first in repetitions(uses):
        message = f"{use.key} is the interconnect of '{first.owner}' already"
        yield Finding(
            use.path, "duplicate-address", message, "each member needs its own address"
        )


def interconnects_are_hosts(desired: Desired) -> Iterator[Finding]:
    """A member listens on it and others connect to it."""
    for path, _, member in all_members(desired):
        address = member.interconnect
        unusable = address.is_unspecified or address.is_loopback or address.is_multicast
        if unusable or address.is_reserved or int(address) < 1 << 24:
            message = f"{address} is not the address of a host that others can reach"
            hint = "give the host's own address on the cluster network"
            yield Finding((*path, "interconnect"), "bad-address", message, hint)


def numbers_are_unique(desired: Desired) -> Iterator[Finding]:
    """A number is a heartbeat block: two hosts with one overwrite each other."""
    for place, cluster in clusters(desired):
        uses = (
            Use(member.number, (*path, "number"), member.name)
            for path, member in members(cluster, place)
            if member.number is not None and member.state != "dead"
        )
        for use, first in repetitions(uses):
            message = f"the number {use.key} belongs to '{first.owner}' already"
            yield Finding(
                use.path, "duplicate-number", message, "choose another or leave it out"
            )


def compact_numbering_has_no_pins(desired: Desired) -> Iterator[Finding]:
    """Who renumbers cannot keep a number."""
    for path, cluster, member in all_members(desired):
        if cluster.numbering == "compact" and member.number is not None:
            message = "a fixed number contradicts 'numbering: compact'"
            hint = "remove the number, or use 'numbering: stable'"
            yield Finding((*path, "number"), "pin-with-compact", message, hint)


def someone_is_in_the_cluster(desired: Desired) -> Iterator[Finding]:
    """Nothing can be done on a cluster without a member to do it on."""
    for path, cluster in clusters(desired):
        if not any(member.state in {"present", "drained"} for member in cluster.members):
            message = f"no member of '{cluster.name}' is present"
            yield Finding((*path, "members"), "no-member", message, "keep one member at least")


def attestations_are_complete(desired: Desired) -> Iterator[Finding]:
    """What nobody can probe, somebody must have said."""
    for path, _, member in all_members(desired):
        needed = _ATTESTED.get(member.state)
        if needed and member.attested is None:
            message = f"the state '{member.state}' needs somebody's word"
            hint = f"add attested: {{by: NAME, at: 2026-03-01T09:30:00Z, {_SAID[needed[0]]}}}"
            yield Finding((*path, "state"), "attestation-missing", message, hint)
        elif needed and getattr(member.attested, needed[0]) is None:
            message = f"the attestation of '{member.state}' has no '{needed[0]}'"
            hint = f"add {_SAID[needed[0]]} to it; {_SAID_MORE[needed[0]]}"
            yield Finding((*path, "attested"), "attestation-missing", message, hint)


def attestations_are_needed(desired: Desired) -> Iterator[Finding]:
    """A word for what a probe can see would only hide the truth."""
    for path, _, member in all_members(desired):
        if member.attested is None:
            continue
        if member.state not in _ATTESTED:
            message = f"the state '{member.state}' is observed, not attested"
            hint = "remove it; only 'offline' and 'dead' are attested"
            yield Finding((*path, "attested"), "attestation-needless", message, hint)
        elif member.state == "offline" and member.attested.lun_access is not None:
            message = "'lun_access' is attested for the state 'dead' only"
            place = (*path, "attested", "lun_access")
            yield Finding(place, "attestation-needless", message, "remove it")


def attested_heartbeats_are_nobodys(desired: Desired) -> Iterator[Finding]:
    """A block is attested once, and never that of a member, who writes it."""
    for place, cluster in clusters(desired):
        owners = {m.number: m.name for m in cluster.members if m.number is not None}
        items = [
            ((*place, "heartbeat", "attested", i, "number"), item.number)
            for i, item in enumerate(cluster.heartbeat.attested)
        ]
        for use, _first in repetitions(Use(n, path, str(n)) for path, n in items):
            message = f"the heartbeat of number {use.key} is attested already"
            yield Finding(use.path, "duplicate-attestation", message, "remove one of them")
        for path, number in items:
            if number in owners:
                message = f"number {number} is {owners[number]}'s: its heartbeat is its own"
                hint = "attest only blocks of hosts that are in the file no more"
                yield Finding(path, "attestation-needless", message, hint)


def ssh_defaults_name_no_host(desired: Desired) -> Iterator[Finding]:
    """A default host would make all members one host."""
    if desired.ssh.host is not None:
        message = "a host cannot be the default of all members"
        hint = f"remove it here, and at its member write ssh: {{host: {desired.ssh.host}}}"
        yield Finding(("ssh", "host"), "ssh-host-for-all", message, hint)


def ssh_hosts_are_hosts_alone(desired: Desired) -> Iterator[Finding]:
    """With a port in it, it is the name of no host; one colon is in no IPv6 address."""
    for path, _, member in all_members(desired):
        host, colon, port = (member.ssh.host or "").partition(":")
        if colon and ":" not in port:
            message = f"'{member.ssh.host}' is more than a host"
            hint = f"write host: {host}, and the port as a key of its own: 'port: {port}'"
            yield Finding((*path, "ssh", "host"), "ssh-host-form", message, hint)


def host_keys_are_checked(desired: Desired) -> Iterator[Finding]:
    """asyncssh and OpenSSH check nothing where the known hosts are nowhere."""
    everywhere: list[tuple[Path, Ssh]] = [(("ssh",), desired.ssh)]
    everywhere += [((*path, "ssh"), member.ssh) for path, _, member in all_members(desired)]
    for path, ssh in everywhere:
        if ssh.known_hosts is not None and ssh.known_hosts.lower() in NO_HOST_KEYS:
            message = f"'{ssh.known_hosts}' would switch off the check of host keys"
            hint = "name a file of known hosts, or leave it out"
            yield Finding((*path, "known_hosts"), "host-keys-unchecked", message, hint)


def timeouts_are_consistent(desired: Desired) -> Iterator[Finding]:
    """The kernel refuses an idle timeout that is not above the keepalive delay (o2nm)."""
    for path, cluster in clusters(desired):
        network = cluster.network
        if network.idle_timeout_ms <= network.keepalive_delay_ms:
            given = "keepalive_delay_ms" in network.model_fields_set
            key = "keepalive_delay_ms" if given else "idle_timeout_ms"
            message = (
                f"a keepalive every {network.keepalive_delay_ms} ms cannot keep up a connection "
                f"that is dropped after {network.idle_timeout_ms} ms of silence"
            )
            hint = _timeout_hint(network, key)
            yield Finding((*path, "network", key), "timeouts-inconsistent", message, hint)


def _timeout_hint(network: Network, key: str) -> str:
    """What to write; a number of seconds is what small ones of milliseconds mostly are."""
    value: int = getattr(network, key)
    if key == "idle_timeout_ms" and value * 1000 > network.keepalive_delay_ms:
        return f"write {value * 1000} if seconds are meant: idle_timeout_ms is in milliseconds"
    if key == "idle_timeout_ms":
        return f"write more than {network.keepalive_delay_ms}; 30000 is usual"
    return f"write less than {network.idle_timeout_ms}; 2000 is usual"


def _living(desired: Desired) -> Iterator[tuple[Path, Cluster, Member]]:
    """Members that may still be somewhere: another may stand in for a dead one."""
    return (found for found in all_members(desired) if found[2].state != "dead")


def _reached(desired: Desired, member: Member) -> tuple[str, int, str]:
    """What ssh connects to, as far as the file says."""
    host = member.ssh.host or member.name
    return (
        host_key(host),
        member.ssh.port or desired.ssh.port or 22,
        member.ssh.jump or desired.ssh.jump or "",
    )


def _ssh_path(path: Path, member: Member) -> Path:
    return (*path, "ssh", "host") if member.ssh.host else (*path, "name")


def _same_host(use: Use, first: Use, what: str) -> Finding:
    if use.owner == first.owner:
        hint = "remove one of the two, or correct this one: each host is one member"
        return Finding(use.path, "duplicate-member", f"{what} twice", hint)
    message = f"{what} of '{first.owner}' already"
    hint = f"a host is in one cluster; to move it, evict it from '{first.owner}' first"
    return Finding(use.path, "host-in-two-clusters", message, hint)


RULES: tuple[Rule, ...] = (
    cluster_names_are_unique,
    cluster_names_are_free,
    a_host_is_one_member,
    a_host_is_reached_once,
    interconnects_are_unique,
    interconnects_are_hosts,
    numbers_are_unique,
    compact_numbering_has_no_pins,
    someone_is_in_the_cluster,
    attestations_are_complete,
    attestations_are_needed,
    attested_heartbeats_are_nobodys,
    ssh_defaults_name_no_host,
    ssh_hosts_are_hosts_alone,
    host_keys_are_checked,
    timeouts_are_consistent,
)
