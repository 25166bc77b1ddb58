"""What an apply leaves on the members: the desired state last applied, and who they were."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from reconciler.errors import ActionFailed
from reconciler.execution import leases
from reconciler.execution.locks import FRESH, Held
from reconciler.gate import gate_command
from reconciler.hosts import Host
from reconciler.model.bindings import VOLUMES, bindings_text, bound_now
from reconciler.model.desired import Cluster, Desired
from reconciler.model.gate_call import permit_program
from reconciler.model.heartbeat_owners import MEMBERS
from reconciler.model.observed import Observed, Unknown
from reconciler.model.records import DIRECTORY, MODE, record
from reconciler.model.roles import restrict_to, staying
from reconciler.planning.resolve.last_applied import APPLIED
from reconciler.planning.resolve.member_record import roster_text
from reconciler.resources.workloads.programs import PROGRAMS, approved_digests, programs_text

# A host's clock, and when by our own it said so, at the latest.
Sighted = tuple[leases.Now, float]
# Host, then record, to the hash of what the host has.
Stale = Mapping[str, Mapping[str, str]]


def applied_text(desired: Desired, name: str) -> str:
    """The record of the desired state of one cluster."""
    clusters = tuple(c.for_hosts() for c in desired.clusters if c.name == name)
    one = desired.model_copy(update={"clusters": clusters})
    return json.dumps(one.model_dump(mode="json", exclude_defaults=True), indent=1) + "\n"


def records(desired: Desired, numbered: Cluster, observed: Observed) -> Mapping[str, str]:
    """The text of every record of a cluster, by name.

    What looking may run is approved by actions; here it is only cleared of what was.
    """
    text, bound = programs_text(numbered), bound_now(numbered, observed)
    return {
        APPLIED: applied_text(desired, numbered.name),
        MEMBERS: roster_text(numbered, observed),
        **({VOLUMES: bindings_text(bound)} if bound else {}),
        **({PROGRAMS: text} if _has_programs(text, numbered, observed) else {}),
    }


def _has_programs(text: str, numbered: Cluster, observed: Observed) -> bool:
    """Whether there are any, or a host still has some."""
    hosts = restrict_to(observed, staying(numbered)).answering_hosts().values()
    return bool(text) or any(approved_digests(numbered, facts) for facts in hosts)


def stale_records(texts: Mapping[str, str], cluster: Cluster, observed: Observed) -> Stale:
    """Members whose records are not ``texts``."""
    found: dict[str, dict[str, str]] = {}
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        if isinstance(facts.records, Unknown):
            continue
        for name, text in texts.items():
            have = record(facts, cluster.name, name).sha256 or "absent"
            if have != _digest(text):
                found.setdefault(host, {})[name] = have
    return found


async def leave_records(
    texts: Mapping[str, str],
    held: Held,
    hosts: Mapping[str, Host],
    stale: Stale,
    seen: Mapping[str, Sighted],
) -> None:
    """Leave ``texts`` on the members where they are ``stale``; ``seen`` are their clocks.

    Raises HostUnreachable, LockHeld or ActionFailed; the hosts are as the file says by then.
    """
    ended = await asyncio.gather(
        *(_leave(texts, held, hosts[name], old, seen.get(name)) for name, old in stale.items()),
        return_exceptions=True,  # the lease is held until the last of them has ended
    )
    if failed := next((one for one in ended if isinstance(one, BaseException)), None):
        raise failed


def clocks_of(observed: Observed, began: float) -> Mapping[str, Sighted]:
    """The hosts' clocks as a look has told them, which began then."""
    return {
        host: (leases.Now(facts.identity.boot_id, int(facts.identity.uptime)), began)
        for host, facts in observed.answering_hosts().items()
        if not isinstance(facts.identity, Unknown)
    }


async def _leave(
    texts: Mapping[str, str],
    held: Held,
    host: Host,
    stale: Mapping[str, str],
    seen: Sighted | None,
) -> None:
    """All of a host's in one exchange: a write that rests on no facts but those that it checks."""
    if seen is None or asyncio.get_running_loop().time() - seen[1] > FRESH / 2:
        seen = await held.now(host.name), 0.0
    commands = []
    for number, (name, old) in enumerate(stale.items(), 1):
        path, text = f"{DIRECTORY}/{held.claim.cluster}/{name}", texts[name]
        words = ("write-file", path, MODE, old, _digest(text))
        until = seen[0].uptime + number * FRESH  # a slow host gets as long for each
        permit = held.permit(host.name, f"record {name}", seen[0].boot, until)
        command = gate_command(*words, stdin=text)
        commands.append(replace(command, argv=permit_program(command.argv, permit)))
    ended = await host.run(replace(commands[0], then=tuple(commands[1:])))
    for name, one in zip(stale, (ended, *ended.then), strict=False):
        if one.status != 0:
            path = f"{DIRECTORY}/{held.claim.cluster}/{name}"
            raise ActionFailed(f"{host.name}: {path}", one.stderr.strip())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
