"""The status of a fleet, for people: one fact a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.model.documents import Json
from reconciler.model.quantities import with_count
from reconciler.model.refusals import REFUSALS
from reconciler.model.revision import say_revision
from reconciler.reports.elapsed import span_words
from reconciler.reports.visible import visible

# Of clusters with the same condition so many are named.
SOME = 10
Line = tuple[str, str]


def fleet_status_lines(status: Json) -> Sequence[Line]:
    """The lines of the document of ``reconcile fleet status``, each with its style."""
    return [
        *_source(status),
        *_explained(status),
        *_workers(status),
        *_zones(status),
        *_standing(status),
        *_rollouts(status),
        *_clusters(status),
    ]


def _source(status: Json) -> Iterator[Line]:
    source = status["source"]
    if source is None:
        yield "yellow", "source: not read yet; a worker reads it: reconcile fleet worker"
        return
    place = say_revision(source["commit"], source["ref"]) or source["address"]
    if source["fetched_at"] is None:
        yield "yellow", "source: not taken over yet"
    else:
        yield "", f"source: {visible(place)}, as of {_ago(source['fetched_at'], status)}"
    if source["problem"]:
        yield "red", f"  {visible(source['problem'])}"
    for file, problem in status["problems"].items():
        for line in problem.splitlines():
            yield "red", f"  {visible(file)}:{visible(line)}"


def _explained(status: Json) -> Iterator[Line]:
    """Where it stands what each code above means."""
    source = status["source"]
    lines = [line for problem in status["problems"].values() for line in problem.splitlines()]
    codes = [(source or {"problem": ""})["problem"].partition(":")[0]]
    codes += [parts[1] for line in lines if len(parts := line.split(": ", 2)) > 1]
    for code in dict.fromkeys(code for code in codes if code in REFUSALS):
        yield "dim", f"  what to do: reconcile explain {code}"


def _workers(status: Json) -> Iterator[Line]:
    workers = status["workers"]
    if not workers:
        yield "red", "workers: none is alive; start one: reconcile fleet worker"
    for one in workers:
        heard = f"heard of {_ago(one['seen'], status)}"
        where = f"{one['host']} (process {one['pid']})"
        yield "", f"worker {one['id'][:8]}: {where}, {' '.join(one['zones'])}, {heard}"
    for one in status["lost"]:
        had = f"; it had {', '.join(one['had'])}" if one["had"] else ""
        last = f"last heard of {_ago(one['seen'], status)}"
        yield "yellow", f"worker {one['id'][:8]}: lost, {one['host']}, {last}{had}"


def _standing(status: Json) -> Iterator[Line]:
    """Which clusters are not as they should be, by what is the matter."""
    found: dict[str, list[str]] = {}
    for one in status["clusters"]:
        for kind in one["conditions"]:
            found.setdefault(kind, []).append(one["cluster"])
    for kind, names in found.items():
        more = len(names) - SOME
        told = ", ".join(names[:SOME]) + (f" and {more} more" if more > 0 else "")
        yield "red", f"{kind}: {with_count(len(names), 'cluster')}: {told}"


def _rollouts(status: Json) -> Iterator[Line]:
    for one in status["rollouts"]:
        yield "", f"rollout {one['rollout']}: {one['state']}: {visible(one['message'])}"


def _zones(status: Json) -> Iterator[Line]:
    served = {zone for worker in status["workers"] for zone in worker["zones"]}
    counts = Counter(one["zone"] for one in status["clusters"])
    for zone, count in sorted(counts.items()):
        mine = [one for one in status["clusters"] if one["zone"] == zone]
        going = sum(one["turn"] is not None for one in mine)
        late = sum(_is_late(one, status) for one in mine)
        words = f"{going} at work, {late} due"
        yield "", f"zone {zone}: {with_count(count, 'cluster')}, {words}"
        if zone not in served:
            yield "red", f"  no worker serves zone {zone}"


def _clusters(status: Json) -> Iterator[Line]:
    """Those of which there is something to say."""
    for one in status["clusters"]:
        name = one["cluster"]
        if one["paused"]:
            yield "yellow", f"{name}: paused, {visible(one['paused'])}"
        if one["turn"]:
            since = _ago(one["turn"]["began"], status)
            yield (
                "",
                f"{name}: {one['turn']['kind']} by {one['turn']['worker'][:8]}, since {since}",
            )
        if one["failures"]:
            times = with_count(one["failures"], "look")
            yield "yellow", f"{name}: nothing was learnt by the last {times}"


def _is_late(one: Json, status: Json) -> bool:
    return bool(one["due"]) and not one["paused"] and one["due"] <= status["at"]


def _ago(moment: str, status: Json) -> str:
    gone = datetime.fromisoformat(status["at"]) - datetime.fromisoformat(moment)
    return f"{span_words(gone.total_seconds())} ago"
