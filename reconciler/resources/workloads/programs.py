"""Programs of the file that looking runs: what lists guests, and only once an apply approved it.

``programs`` on each member holds a digest a line. The probe there runs nothing else of the
file, whatever it is asked: a plan of a file that nobody has approved only looks.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.gate.action_builders import digest, write
from reconciler.model.addresses import parse_address, volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.effect import on_host, record_written
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.records import record
from reconciler.model.roles import is_withdrawn, staying
from reconciler.resources.resource import Resource
from reconciler.resources.workloads.parsing import UNAPPROVED

PROGRAMS = "programs"
Words = tuple[str, ...]


def program_of(volume: Volume) -> Words:
    """What lists a volume's guests; empty without guests, and where libvirt is asked."""
    guests = volume.workloads.guests if volume.workloads else None
    return (guests.list or ()) if guests else ()


def programs_text(cluster: Cluster) -> str:
    """The record of what the file has run by looking."""
    return _text({_digest(words) for _volume, words in _programs(cluster)})


def approved_digests(cluster: Cluster, facts: HostFacts) -> frozenset[str]:
    """The digests in a host's record; none where it is unread."""
    if isinstance(facts.records, Unknown):
        return frozenset()
    return frozenset((record(facts, cluster.name, PROGRAMS).text or "").split())


def is_unapproved(facts: HostFacts) -> bool:
    """Whether guests are unknown on a host only because nobody has approved the question."""
    return isinstance(facts.guests, Unknown) and facts.guests.reason.startswith(UNAPPROVED)


def check(_cluster: Cluster, _observed: Observed) -> Iterator[Blocked]:
    """Nothing of now: who needs what is not approved yet refuses (``guests.unstoppable``)."""
    return iter(())


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Programs that a host has not been told to run; each once."""
    for host, facts in observed.answering_hosts().items():
        known = set(approved_digests(cluster, facts))
        for volume, words in _programs(cluster):
            if _digest(words) not in known:
                known.add(_digest(words))
                yield Change(
                    volume_address(volume.label, PROGRAMS),
                    host,
                    "file",
                    _before(cluster, volume, facts),
                    shlex.join(words),
                    f"once it is approved, each look runs it as root, to list the guests of {volume.label}",
                )


def _before(cluster: Cluster, volume: Volume, facts: HostFacts) -> str:
    """What was run until now."""
    old = [
        w for w in volume.last_applied.lists if _digest(w) in approved_digests(cluster, facts)
    ]
    return shlex.join(old[0]) if old else "not approved"


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """One for each program: the record with one line more."""
    programs = {volume.label: words for volume, words in _programs(cluster)}
    for host, facts in observed.answering_hosts().items():
        file, known = (
            record(facts, cluster.name, PROGRAMS),
            set(approved_digests(cluster, facts)),
        )
        for change in (change for change in changes if change.host == host):
            label = parse_address(change.address).name
            known.add(_digest(programs[label]))
            text = _text(known)
            name = (cluster.name, "approve-programs", label)
            yield _approved(cluster, change, write(change, name, "record", file, text))
            file = replace(file, text=text, sha256=digest(text))


def _approved(cluster: Cluster, change: Change, action: Action) -> Action:
    subject = f"{cluster.name}/{PROGRAMS}"
    old, new = (fact.value for fact in (*action.requires, *action.expects))
    return replace(
        action,
        summary=f"let looking run {change.after}",
        requires=(Fact((action.host,), "record", subject, old),),
        expects=(Fact((action.host,), "record", subject, new),),
    )


def _programs(cluster: Cluster) -> Iterator[tuple[Volume, Words]]:
    """Of a volume that the file does not have any more only hosts tell: nobody approves that."""
    for volume in cluster.volumes:
        words = program_of(volume)
        if words and not is_withdrawn(volume):
            yield volume, words


def _digest(words: Words) -> str:
    return digest("\n".join(words))


def _text(digests: set[str]) -> str:
    return "".join(f"{item}\n" for item in sorted(digests))


NEEDS = ("records",)
RESOURCE = Resource(
    "programs",
    needs=NEEDS,
    check=check,
    diff=diff,
    actions=actions,
    scope=staying,
    effects={"approve-programs": on_host(record_written)},
)
