"""Rollouts as people read them: what one would do, wave by wave, and how far one is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.documents import Json
from reconciler.model.quantities import with_count
from reconciler.reports.elapsed import span_words

Line = tuple[str, str]
# Of a digest of git.
COMMIT = 12
GOOD = frozenset({"converged", "no-change"})
STYLES: Mapping[str, str] = {"outage": "change", "data": "bad"}


def draft_lines(document: Json, detail: int) -> Iterator[Line]:
    """What would be done; with ``detail`` each action."""
    waves = document["waves"]
    count = sum(len(wave["clusters"]) for wave in waves)
    if count:
        yield "title", _title(document, count)
    for wave in waves:
        clusters = wave["clusters"]
        yield "title", f"wave {wave['wave']}: {with_count(len(clusters), 'cluster')}"
        for one in clusters:
            yield from _planned(one, detail)
    if idle := document["nothing_to_do"]:
        yield "dim", f"left out, nothing to do: {', '.join(idle)}"
    for one in document["refused"]:
        yield _line("bad", f"refused: {one['cluster']}: {one['reason']}")


def _title(document: Json, count: int) -> str:
    clusters, waves = with_count(count, "cluster"), with_count(len(document["waves"]), "wave")
    apart = f", {span_words(document['soak'])} apart" if len(document["waves"]) > 1 else ""
    return f"plan {document['id']}: {clusters} in {waves}{apart}{_at(document['commit'])}"


def _planned(one: Mapping[str, Any], detail: int) -> Iterator[Line]:
    work = with_count(len(one["actions"]), "action")
    risk = f", risk {one['risk']}" if one["risk"] != "safe" else ""
    firm = ", not reversible" if one["irreversible"] else ""
    ago = f", looked at {span_words(one['seconds_ago'])} ago"
    yield (
        STYLES.get(one["risk"], ""),
        f"  {one['cluster']} ({one['zone']}): plan {one['plan']}, {work}{risk}{firm}{ago}"
        f"{_at(one['commit'])}",
    )
    if one["degraded"]:
        told = f"    degraded now: {one['degraded']}; if that stays, the rollout stops"
        yield _line("warn", told)
    for outage in one["outages"]:
        yield _line("change", f"    outage: {_outage(outage)}")
    for device in one["formats"]:
        yield "bad", f"    formats {device}"
    if one["actions"] and not detail:
        kinds = Counter(action["kind"] for action in one["actions"])
        counted = (k if count == 1 else f"{k} ({count})" for k, count in kinds.items())
        yield "", f"    actions: {', '.join(counted)}"
    if detail:
        for action in one["actions"]:
            where = f"{action['host']}: " if action["host"] else ""
            yield _line("", f"    {where}{action['summary']}")


def _line(style: str, words: str) -> Line:
    """In one line: what hosts and files have said makes no other, which could be taken for ours."""
    return style, " ".join(words.splitlines())


def _outage(outage: Mapping[str, Any]) -> str:
    what = ", ".join([*outage["volumes"], *outage["workloads"]])
    on = f" on {', '.join(outage['hosts'])}" if outage["hosts"] else ""
    return f"{what or 'the cluster'}{on}, {outage['because']}"


def _at(commit: str) -> str:
    return f", commit {commit[:COMMIT]}" if commit else ""


def rollout_line(document: Json) -> Line:
    """How far a rollout is, in one line."""
    style = {"converged": "good", "failed": "bad"}.get(document["state"], "warn")
    count = with_count(len(document["clusters"]), "cluster")
    told = f": {document['message']}" if document["message"] else ""
    who = f"{count}, by {document['who']}{_at(document['commit'])}"
    return _line(style, f"rollout {document['rollout']} ({who}): {document['state']}{told}")


def rollout_lines(document: Json) -> Iterator[Line]:
    """How far a rollout is: a line for it, and one a cluster."""
    yield rollout_line(document)
    for one in document["clusters"]:
        yield cluster_line(one)


def approval_lines(document: Json) -> Iterator[Line]:
    """Who approved what of a rollout, and when."""
    for one in document["approvals"]:
        about = f"plan {one['plan']}, {one['scope']}"
        yield _line("dim", f"approved by {one['who']} at {one['at']}: {about}")


def cluster_line(one: Mapping[str, Any]) -> Line:
    """How far a cluster of a rollout is."""
    run = f", run {one['run']}" if one["run"] else ""
    told = f": {one['message']}" if one["message"] else ""
    is_bad = one["ended"] and one["state"] not in GOOD
    style = "bad" if is_bad else "good" if one["ended"] else ""
    return _line(style, f"  wave {one['wave']}  {one['cluster']}: {one['state']}{run}{told}")
