"""The planner on what a host says: whatever it is, there is a plan, or there are refusals.

It takes milliseconds for an input, so it gets fewer of them than a parser alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from random import Random

from reconciler.hosts.observer import parse_facts
from reconciler.model.desired import Cluster
from reconciler.model.identity_cache import forget
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.planning.planner import make_plan
from reconciler.planning.review.drift import last_applied
from reconciler.probe.sections import NAMES
from reconciler.reports.visible import visible
from reconciler.resources import SECTIONS
from tests.builders import REF, UUID, converged, spec, volume
from tests.fuzz import record_targets
from tests.fuzz.changes import change_json, change_text
from tests.fuzz.probe_targets import section_seeds
from tests.fuzz.target import Target, check_shown, check_words

BETWEEN = b"\n@@@\n"  # a section's name, and what the host says in it


@cache
def _cluster() -> Cluster:
    work = {"services": ["a.service"], "guests": {"kind": "libvirt"}}
    return spec(["node01", "node02"], volumes=[volume(workloads=work, slots=4)])


@cache
def _seen() -> Observed:
    return converged(_cluster())


def parse_planned(data: bytes) -> None:
    """Every rule, with one section of one member as the input says it."""
    name, _, body = data.partition(BETWEEN)
    section = name.decode("utf-8", "replace")
    if section not in NAMES:
        return
    text = body.decode("utf-8", "replace")
    frame = f"@@reconcile-probe\t1\n@@begin\t{section}\n{text}\n@@end\t{section}\t0\n@@done\n"
    value = getattr(parse_facts(frame, SECTIONS), section)
    if isinstance(value, Unknown):
        return
    forget()
    seen = _seen()
    hosts = dict(seen.hosts)
    host = hosts["node01"]
    assert isinstance(host, HostFacts)
    hosts["node01"] = replace(host, **{section: value})
    world = Observed(hosts)
    plan = make_plan([(_cluster(), world)])
    for cluster in plan.clusters:
        for item in cluster.blocked:
            check_words(item.message, 8000)
            check_shown(visible(item.message))
    last_applied(_cluster(), world)


def _seeds() -> Sequence[bytes]:
    """Each section with every kind of row, and each record that a run leaves."""
    rows = {name: section_seeds(name)[-1] for name in NAMES}
    named = {name: rows[name].replace(b"path=/dev/x", REF.encode()) for name in NAMES}
    named["wanted"] = named["wanted"].replace(UUID.replace("-", "").encode(), UUID.encode())
    found = [name.encode() + BETWEEN + body for name, body in named.items()]
    return (*found, *map(_record, record_targets.TARGETS))


def _record(target: Target) -> bytes:
    """A record of a run as the section tells it."""
    name = FILES.get(target.name, "other.json")
    text = target.seeds()[0].decode()
    head = f"path\t/var/lib/reconcile/ocfs2/{name}\nstate\tpresent\nmode\t600\nowner\t0"
    lines = "".join(f"\n|{line}" for line in text.split("\n"))
    return b"records" + BETWEEN + f"{head}{lines}".encode()


def _change(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    """The section changed, its name kept; of a record mostly its document."""
    name, between, body = data.partition(BETWEEN)
    head, bar, text = body.partition(b"\n|")
    if name == b"records" and bar and chance.random() < 0.7:
        document = change_json(text.replace(b"\n|", b"\n"), chance, words)
        return name + between + head + bar + document.replace(b"\n", b"\n|")
    return name + between + change_text(body, chance, words)


FILES = {
    "record-applied": "applied.json",
    "record-bindings": "volumes.json",
    "record-heartbeats": "heartbeats.json",
    "record-quarantine": "quarantine.json",
    "record-members": "members.json",
    "record-stopped": "stopped.json",
    "record-backup": f"backup-{UUID}.json",
}
TARGETS = (
    Target("planned-facts", parse_planned, _seeds, _change, "reconciler.planning.planner:draft_plan",
           words=("ocfs2", "node01", "node02", "images", "/srv/images", REF, UUID, "8:16", "path",
                  "10.0.0.11", "10.0.0.12", "7777", "state\tabsent", "|", "nonl")),
)  # fmt: skip
