"""Digests: the same actions on the same relevant facts give the same plan id.

What is relevant is said here alone, for the digest and for telling what changed since.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.model.desired import Cluster
from reconciler.model.gate_call import gate_call
from reconciler.model.identity_cache import HOSTS, once_each
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.plain import to_plain
from reconciler.model.plan import Action, ClusterPlan, Command, Fact
from reconciler.model.records import DIRECTORY

# Left out since they change by themselves: uptime, clock, boot id, processes, free space,
# leases, kernel messages, heartbeat sequences.
RELEVANT = (
    "kernel",
    "packages",
    "addresses",
    "cluster_conf",
    "o2cb_config",
    "live",
    "services",
    "mounts",
    "wanted",
    "fstab",
)
# A kernel's protocol of locks counts by what is refused for it; it is told of a loaded module.
# When a file, a link or a package came, and whose it is, tell where a difference comes from, and no
# difference. What came of a unit since the boot counts by the start that it is given for it.
ORIGINS = {"written", "owner", "installed", "link"}
VOLATILE = {"beats", "advancing", "pid", "locking", "free", "links", "since_boot"} | ORIGINS
# ocfs2's own window of allocation, shown as a mount option as soon as it has shrunk from its
# default on a filling disk (fs/ocfs2/super.c, ocfs2_show_options).
SHRINKING = "localalloc="
LENGTH = 12
# Credentials of other file systems in fstab (mount.cifs(8)): a plan is read by many.
SECRET = re.compile(r"((?:password2?|pass)=)[^,\s]+")
Relevant = Mapping[str, Mapping[str, Mapping[str, object]]]


def relevant(pairs: Sequence[tuple[Cluster, Observed]]) -> Relevant:
    """What plans rest on: by cluster, host and section, in plain values."""
    known: dict[int, Any] = {}
    return {
        cluster.name: {name: _host(facts, known) for name, facts in observed.hosts.items()}
        for cluster, observed in pairs
    }


def facts_digest(facts: Relevant) -> str:
    """A digest of what plans rest on, on every host of every cluster."""
    clusters = [
        _join(
            {host: _join({k: _text(v) for k, v in told.items()}) for host, told in one.items()}
        )
        for one in facts.values()
    ]
    return hashlib.sha256(f"[{','.join(clusters)}]".encode()).hexdigest()


def plan_id(clusters: Sequence[ClusterPlan], facts: str) -> str:
    """The id that an approval names."""
    return _digest([[_cluster(cluster) for cluster in clusters], facts])[:LENGTH]


def action_digest(action: Action) -> str:
    """A digest of what an action does, whatever plan it stands in: a rest of a plan has it again.

    Left out are its place among others and words for people. Of what reconcile notes for itself on
    a host, also what it had noted before and why it is noted: that is of how far the run came.
    """
    own = _own_record(action.command)
    requires = tuple(fact for fact in action.requires if not (own and _is_noted(fact)))
    fields = _action(replace(action, id="", needs=(), requires=requires))
    for words in ("summary", "because", "preview", "seconds"):
        del fields[words]
    if own:
        del fields["address"]
        shown, *rest = fields["command"]
        fields["command"] = [(*shown[:OLD_HASH], *shown[OLD_HASH + 1 :]), *rest]
    return _digest(fields)


# The place of the hash of what is there before, in ``reconcile-gate write-file PATH MODE OLD NEW``.
OLD_HASH = 4


def _own_record(command: Command | None) -> bool:
    """Whether all that it does is to write a record of ours."""
    call = gate_call(command.argv) if command else None
    return (
        call is not None
        and call.verb == "write-file"
        and call.arguments[0].startswith(f"{DIRECTORY}/")
    )


def _is_noted(fact: Fact) -> bool:
    return fact.reading == "record"


def _cluster(cluster: ClusterPlan) -> Mapping[str, object]:
    lasting = tuple(replace(outage, processes=()) for outage in cluster.outages)
    fields = to_plain(replace(cluster, actions=(), outages=lasting, notes=(), blocked=()))
    del fields["findings"]  # of no consequence for what is done
    # Of a refusal, code and subject: the words may hold what passes, as a pid, or whether
    # a host that is cut off times out or has no route.
    refused = [[blocked.code, blocked.subject] for blocked in cluster.blocked]
    actions = [_action(action) for action in cluster.actions]
    return {**fields, "blocked": refused, "actions": actions}


def _action(action: Action) -> dict[str, Any]:
    """An action without the text of the programs that travel along: only what it does."""
    fields = to_plain(replace(action, command=None))
    command = action.command
    if command is None:
        return {**fields, "command": None}
    call = gate_call(command.argv)
    device = call.target.words() if call and call.target else ()
    return {**fields, "command": [command.words, command.stdin, *device]}


def _digest(value: object) -> str:
    return hashlib.sha256(_json(value).encode()).hexdigest()


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str, separators=(",", ":"))


# The text of a section, which ``_kept`` gives as the same object as long as it is told the same.
_text = once_each(len(RELEVANT) * HOSTS)(_json)


def _join(texts: Mapping[str, str]) -> str:
    """The text of a mapping whose values are texts already."""
    return "{" + ",".join(f"{_json(key)}:{text}" for key, text in sorted(texts.items())) + "}"


def _host(facts: HostFacts | Unreachable, known: dict[int, Any]) -> Mapping[str, object]:
    if isinstance(facts, Unreachable):
        return {"unreachable": facts.code}
    stable = {name: _kept(getattr(facts, name), known) for name in RELEVANT}
    if not isinstance(facts.identity, Unknown):
        stable["identity"] = to_plain(replace(facts.identity, boot_id="", uptime=0.0, clock=0))
    return stable


def _kept(value: object, known: dict[int, Any]) -> object:
    """A section in plain values; of one that was told again as it was, what was made of it then."""
    place = _place(value)
    if not place:
        place.append(_section(value, known))
    return place[0]


@once_each(len(RELEVANT) * HOSTS)
def _place(_value: object) -> list[object]:
    return []


def _section(value: object, known: dict[int, Any]) -> object:
    if isinstance(value, Unknown):
        return {"unknown": value.reason}
    if isinstance(value, tuple):
        items = [_item(item, known) for item in value]
        # A stable sort: of what is mounted over one another, the last stays the last.
        return sorted(items, key=lambda item: str(item.get("path", "")))
    return _item(value, known)


def _item(value: object, known: dict[int, Any]) -> dict[str, object]:
    fields: dict[str, Any] = {
        key: item for key, item in to_plain(value, known).items() if key not in VOLATILE
    }
    if "options" in fields:
        fields["options"] = [o for o in fields["options"] if not o.startswith(SHRINKING)]
    if fields.get("slot_map"):  # who has one; which one is a matter of who mounted first
        fields["slot_map"] = sorted(slot["node"] for slot in fields["slot_map"])
    return {key: _masked(key, item) for key, item in fields.items()}


def _masked(key: str, value: object) -> object:
    """A file's text without the passwords in it; its hash still tells when one changes."""
    return SECRET.sub(r"\1***", value) if key == "text" and isinstance(value, str) else value
