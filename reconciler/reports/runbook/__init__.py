"""A plan as a manual procedure, for people who may not run tools on production hosts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby

from reconciler.model.desired import Cluster
from reconciler.model.documents import FORMAT_VERSION, Json
from reconciler.model.observed import Observed
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, ClusterPlan, Fact, Plan
from reconciler.planning.review.outages import is_outage
from reconciler.reports.documents import interruption
from reconciler.reports.grouping import refusals
from reconciler.reports.runbook.advice import CARE, guide, warnings
from reconciler.reports.runbook.fact_checks import check
from reconciler.reports.runbook.references import Places, by_cluster
from reconciler.reports.runbook.steps import commands
from reconciler.reports.runbook.volumes import gate_looks, mounted_after

Line = tuple[str, str]
Pairs = Sequence[tuple[Cluster, Observed]]
WIDTH = 92
# By hand lines of fstab are changed, whatever else there is; reconcile writes it whole.
LINES = "fstab"


def runbook_document(plan: Plan, pairs: Pairs) -> Json:
    """Every cluster's steps: commands by host, checks before and after."""
    places = by_cluster(pairs)
    return {
        "format_version": FORMAT_VERSION,
        "plan": plan.id,
        "interruption": interruption(plan),
        "clusters": [_cluster(item, places[item.name]) for item in plan.clusters],
    }


def _cluster(plan: ClusterPlan, places: Places) -> Json:
    """The steps; none of them while anything is refused."""
    steps = [] if plan.blocked else [*_steps(_groups(plan.actions), places)]
    return {
        "name": plan.name,
        "blocked": [asdict(item) for item in plan.blocked],
        "outages": [asdict(outage) for outage in plan.outages],
        "notes": list(plan.notes),
        "steps": steps,
    }


def _steps(groups: Sequence[Sequence[Action]], places: Places) -> Iterator[Json]:
    """Each with what the hosts have mounted when it begins."""
    for group in groups:
        yield _step(group, places)
        places = replace(places, mounted=mounted_after(places.mounted, group))


def _groups(actions: Sequence[Action]) -> list[list[Action]]:
    """The same on several hosts is one step, where the plan has them behind each other."""
    return [list(group) for _key, group in groupby(actions, key=lambda a: (a.kind, a.summary))]


def _step(group: Sequence[Action], places: Places) -> Json:
    first = group[0]
    return {
        "kind": first.kind,
        "summary": first.summary.removeprefix("barrier: "),
        "because": first.because,
        "hosts": [action.host for action in group if action.host],
        "barrier": first.command is None,
        "risk": first.risk,
        "outage": any(is_outage(action) for action in group),
        "irreversible": first.irreversible,
        "warnings": list(warnings(group)),
        "care": CARE.get(first.kind, ""),
        "guide": guide(first, places.cluster.numbering),
        "unless": _checks([f for a in group for f in a.unless], places),
        "before": _checks(_needs(group, places), places),
        "commands": _commands(group, places),
        "after": _checks([f for a in group for f in a.expects], places),
    }


def _needs(group: Sequence[Action], places: Places) -> list[Fact]:
    """What must hold before a step, with what else its gate would look at."""
    return [f for a in group for f in (*a.requires, *gate_looks(a, places))]


def _commands(group: Sequence[Action], places: Places) -> list[Json]:
    """Hosts that type the same have it once."""
    same: dict[tuple[str, ...], list[str]] = {}
    for action in group:
        if typed := commands(action, places):
            same.setdefault(typed, []).append(action.host)
    return [{"hosts": hosts, "commands": list(typed)} for typed, hosts in same.items()]


def _checks(facts: Sequence[Fact], places: Places) -> list[Json]:
    same: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[str, None]] = {}
    for fact in facts:
        if fact.reading == LINES:
            continue
        for host in fact.hosts:
            found = check(fact, host, places)
            same.setdefault((found.commands, found.shows), {})[host] = None
    return [
        {"hosts": list(hosts), "commands": list(typed), "shows": list(shows)}
        for (typed, shows), hosts in same.items()
    ]


def runbook_lines(plan: Plan, pairs: Pairs) -> Iterator[Line]:
    """The same as a text that is Markdown as well."""
    document = runbook_document(plan, pairs)
    for cluster in document["clusters"]:
        yield "title", f"# Runbook of plan {plan.id}, cluster {cluster['name']}"
        yield "", ""
        if cluster["blocked"]:
            yield from _refused(cluster)
        elif not cluster["steps"]:
            yield "good", "Nothing is to be done: the hosts are as the file says."
        else:
            yield from _told(cluster)
        yield "", ""


def _refused(cluster: Json) -> Iterator[Line]:
    yield from _folded(
        "bad", "There is no procedure while this is in the way; nothing is to be done:"
    )
    for item in refusals([Blocked(**item) for item in cluster["blocked"]]):
        yield "", ""
        yield "bad", f"- BLOCKED {item.code}  {item.subject}"
        yield "bad", f"  {item.message}"
        yield "remedy", f"  remedy: {item.remedy}"


RULES = (
    "All commands are typed as root, on the host that is named, one step after the other. What "
    "stands behind a # is for you. After each step, and at each barrier, look: where a check "
    "does not show what it must, stop, leave everything as it is, and find out why. It is made "
    "from what the hosts had when it was printed: if anything has changed since, print a new one. "
    "Let nobody else, and no run of reconcile, work on the cluster meanwhile.",
)


def _told(cluster: Json) -> Iterator[Line]:
    for rule in RULES:
        yield from _folded("", rule)
    for outage in cluster["outages"]:
        yield "", ""
        long = outage["seconds"]
        end = (
            "does not end by this" if long is None else f"about {round(long)} s and your typing"
        )
        hosts = ", ".join(outage["hosts"])
        yield from _folded("warn", f"OUTAGE on {hosts}, {end}: {outage['because']}")
        yield "", f"  volumes: {', '.join(outage['volumes']) or 'none'}"
        yield "", f"  services and guests: {', '.join(outage['workloads']) or 'none'}"
    yield from (("dim", f"note: {note}") for note in cluster["notes"])
    for number, step in enumerate(cluster["steps"], 1):
        yield "", ""
        yield from _barrier(number, step) if step["barrier"] else _typed(number, step)


def _barrier(number: int, step: Json) -> Iterator[Line]:
    yield "title", f"## {number}. Barrier: {step['summary']}"
    yield from _folded("", f"Why: {step['because']}.")
    yield from _advice(step)
    yield from _looks("Do not go on before", step["after"])


def _typed(number: int, step: Json) -> Iterator[Line]:
    yield "title", f"## {number}. On {', '.join(step['hosts'])}: {step['summary']}"
    yield from (("bad", f"**{text}**") for text in step["warnings"])
    yield from _folded("", f"Why: {step['because']}.")
    yield from _advice(step)
    yield from _looks("Leave this out if", step["unless"])
    yield from _looks("Only if", step["before"])
    for item in step["commands"]:
        yield "", ""
        yield "", f"On {', '.join(item['hosts'])}:"
        yield from _block(item["commands"])
    yield from _looks("Then look", step["after"])
    if not step["after"]:
        yield "", ""
        yield "", "Go on only if that command says so itself."


def _advice(step: Json) -> Iterator[Line]:
    for word, text in (("Take care", step["care"]), ("The classic guide", step["guide"])):
        if text:
            yield "", ""
            said = text.removeprefix("The guide ") if word != "Take care" else text
            same = said != text
            yield from _folded("warn", f"{word} {said}" if same else f"{word}: {said}")


def _looks(word: str, checks: Sequence[Json]) -> Iterator[Line]:
    """Checks, each on its hosts, with what it must show."""
    for item in checks:
        yield "", ""
        yield "", f"{word}, on {', '.join(item['hosts'])}:"
        yield from _block(item["commands"]) if item["commands"] else ()
        yield "", "shows"
        yield from _block(item["shows"])


def _block(texts: Sequence[str]) -> Iterator[Line]:
    """Lines that are left whole, to be copied or compared."""
    yield "", "```"
    yield from (("command", text) for text in texts)
    yield "", "```"


def _folded(style: str, text: str) -> Iterator[Line]:
    """A paragraph; commands are never folded, so that they can be copied."""
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > WIDTH:
            yield style, line
            line = ""
        line = f"{line} {word}" if line else word
    yield style, line
