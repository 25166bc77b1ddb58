"""The machine-readable shapes, version 1 (manual documents, 1): keys are added, never renamed."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

from pydantic_core import to_json

from reconciler import __version__
from reconciler.model.desired import Cluster, Desired
from reconciler.model.documents import FORMAT_VERSION, Json, checksum, plain
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.outcome import ClusterOutcome
from reconciler.model.plan import Action, ClusterPlan, Fact, Plan
from reconciler.model.views import Surroundings
from reconciler.planning.review.outages import is_outage
from reconciler.planning.review.plan_diff import abridge_section

# Sections of facts: those of 255 hosts, as far as they differ.
MANY = 4096


def plan_document(
    plan: Plan,
    desired: Desired,
    targets: Sequence[str],
    file_digest: str,
    around: Surroundings = Surroundings(),  # noqa: B008  # frozen
) -> Json:
    """A plan, whole, in plain values; with ``around`` it can be shown again in any form."""
    document: Json = plain(
        {
            "format_version": FORMAT_VERSION,
            "id": plan.id,
            "risk": plan.risk,
            "irreversible": plan.irreversible,
            "clusters": [_cluster(cluster) for cluster in plan.clusters],
            "desired": desired.model_dump(mode="json", exclude_defaults=True),
            "targets": list(targets),
            "facts_digest": plan.facts_digest,
            "facts": _relevant(plan),
            "file_digest": file_digest,
            "reconciler_version": __version__,
            **asdict(around),
        }
    )
    return {**document, "checksum": checksum(document)}


def _relevant(plan: Plan) -> Json:
    """The facts that the plan rests on, by cluster, host and section; of large ones the hash."""
    return {
        cluster: {
            host: {section: abridge_section(value) for section, value in facts.items()}
            for host, facts in hosts.items()
        }
        for cluster, hosts in plan.facts.items()
    }


def _cluster(cluster: ClusterPlan) -> Json:
    return {
        "name": cluster.name,
        "changes": [asdict(change) for change in cluster.changes],
        "actions": [_action(action) for action in cluster.actions],
        "outages": [asdict(outage) for outage in cluster.outages],
        "blocked": [asdict(item) for item in cluster.blocked],
        "notes": list(cluster.notes),
        "findings": [asdict(item) for item in cluster.findings],
    }


def _action(action: Action) -> Json:
    return {
        "id": action.id,
        "host": action.host,
        "kind": action.kind,
        "address": action.address,
        "summary": action.summary,
        "because": action.because,
        "risk": action.risk,
        "outage": is_outage(action),
        "device": action.device,
        "irreversible": action.irreversible,
        "command": preview(action),
        "input": _input(action),
        "needs": list(action.needs),
        "requires": [fact_words(fact) for fact in action.requires],
        "unless": [fact_words(fact) for fact in action.unless],
        "expects": [fact_words(fact) for fact in action.expects],
        "seconds": action.seconds,
    }


def _input(action: Action) -> str:
    text = action.command.stdin if action.command else ""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def preview(action: Action) -> str:
    """The command as a person would type it; empty for a barrier."""
    return shlex.join(action.command.words) if action.command else ""


def interruption(plan: Plan) -> str:
    """The longest time that a host has to do without a volume that it gets back."""
    windows = [outage for cluster in plan.clusters for outage in cluster.outages]
    lengths = [outage.seconds for outage in windows if outage.seconds is not None]
    if not windows:
        return "no outage"
    if not lengths:
        return "no interruption for who stays"
    return f"the longest expected interruption is {round(max(lengths))} s"


def fact_words(fact: Fact) -> str:
    """A fact in words: ``node01,node02: live-nodes ocfs2 = …``."""
    what = f"{fact.reading} {fact.subject}".strip()
    value = "the same" if fact.value is None else fact.value
    return f"{','.join(fact.hosts)}: {what} = {value}"


def facts_document(
    pairs: Sequence[tuple[Cluster, Observed]],
    asked: Mapping[str, Mapping[str, Sequence[str]]],
    observed_at: str,
) -> Json:
    """What all hosts have; a section that could not be read is ``{"unknown": reason}``.

    ``asked`` is what each cluster's hosts were asked for, by option of the probe.
    """
    clusters: list[Json] = []
    places: dict[str, Json] = {"hosts": {}, "storage": {}}
    for cluster, observed in pairs:
        keys = {
            place: _kept(places[place], cluster.name, found)
            for place, found in (
                ("hosts", {name: _host(facts) for name, facts in observed.hosts.items()}),
                ("storage", {n: _asked(_host(f)) for n, f in observed.storage.items()}),
            )
        }
        words = {option: list(values) for option, values in asked[cluster.name].items()}
        clusters.append({"name": cluster.name, "asked": words, **keys})
    return {
        "format_version": FORMAT_VERSION,
        "observed_at": observed_at,
        "reconciler_version": __version__,
        "clusters": clusters,
        **places,
    }


def _kept(place: Json, cluster: str, found: Json) -> Json:
    """Put hosts there; the key of each. One that moves between clusters is in both."""
    keys = {name: f"{cluster}/{name}" if name in place else name for name in found}
    place |= {keys[name]: host for name, host in found.items()}
    return keys


def _asked(host: Json) -> Json:
    """Of a host beside the members only the sections that were asked for."""
    return {key: value for key, value in host.items() if key in STORAGE}


SECTIONS = tuple(field.name for field in fields(HostFacts))
STORAGE = frozenset({"unreachable", "identity", "logical_volumes"})


def _host(facts: HostFacts | Unreachable) -> Json:
    if isinstance(facts, Unreachable):
        return {"unreachable": {"code": facts.code, "message": facts.message}}
    return {name: _section(getattr(facts, name)) for name in SECTIONS}


@once_each(MANY)
def _section(value: object) -> object:
    """In plain values; what several hosts have alike is one object, here too."""
    if isinstance(value, Unknown):
        return {"unknown": value.reason}
    return plain(
        [_plain(item) for item in value] if isinstance(value, tuple) else _plain(value)
    )


def _plain(value: object) -> object:
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: _deep(getattr(value, f.name)) for f in fields(value)}  # type: ignore[arg-type]  # a dataclass, as just seen
    return value


def _deep(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return dict(value)
    return _plain(value)


def facts_text(document: Json) -> str:
    """``document`` as JSON for files and people, each level in by one blank.

    ``json.dumps`` with an indent is written in Python; this takes a tenth of its time.
    """
    try:
        text = to_json(document, indent=1, ensure_ascii=True).decode()
    except ValueError:  # a byte that is no UTF-8 came along as half of a pair
        return json.dumps(document, indent=1)
    return text.replace("\x7f", "\\u007f")


def planned_counts(actions: Sequence[Action]) -> Mapping[str, object]:
    """The fields of ``observed`` that say what is to be done; of all hosts together the name is empty."""
    by_host = Counter(action.host for action in actions)
    return {"actions": by_host.total(), "actions_by_host": by_host}


def run_summary(
    outcomes: Sequence[ClusterOutcome], result: str, exit_code: int
) -> Mapping[str, object]:
    """The fields of ``run-finished``."""
    actions = [action for outcome in outcomes for action in outcome.actions]
    return {
        "exit_code": exit_code,
        "result": result,
        "clusters": {outcome.name: outcome.result for outcome in outcomes},
        "counts": {
            status: sum(1 for action in actions if action.status == status)
            for status in ("done", "failed", "not-started")
        },
    }
