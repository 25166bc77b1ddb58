"""Who holds a cluster's lease, in sentences: as the hosts told it at the last look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.model.documents import Json
from reconciler.reports.grouping import fold_names
from reconciler.reports.status_text import holder_words, runs_words

# A run's id begins with the moment at which it began.
_BEGAN = re.compile(r"[0-9]{8}T[0-9]{6}Z")


@dataclass(frozen=True, slots=True)
class LeaseNote:
    """A run that has the lease or had it; ``run`` is empty where only its commands are known.

    ``is_held``: it goes on, so that nobody else may act.
    """

    run: str
    is_held: bool
    words: str


def lease_notes(status: Mapping[str, Any]) -> Sequence[LeaseNote]:
    """One of each lease in the status of a cluster."""
    return [
        LeaseNote(
            run=item["run"] or "",
            is_held=bool(item["run"]) and not item["ended"] and not item["expired"],
            words=" ".join(_sentences(item)),
        )
        for item in status.get("leases", ())
    ]


def _sentences(item: Json) -> Iterator[str]:
    hosts, age = fold_names(item["hosts"]).replace(",", ", "), round(item["age"])
    if item["run"]:
        who, began = f"A run by {holder_words(item['holder'])}", run_began(item["run"])
        since = f" since {began:%Y-%m-%d %H:%M:%S} UTC" if began else ""
        if item["ended"]:
            yield f"{who} has ended; its lease is still on {hosts}, and the next run takes its place."
        elif item["expired"]:
            yield f"{who} holds the lease on {hosts}{since}, and has not renewed it for {age} s."
            yield (
                "It has ended without giving it back, or is cut off: "
                f"reconcile unlock {item['run']} frees it."
            )
        else:
            yield f"{who} holds the lease on {hosts}{since}, renewed {age} s before the look."
    for host, what in item["running"].items():
        yield f"{host} still runs {runs_words(what)}."


def run_began(run: str) -> datetime | None:
    """When a run began, as its id says; None for an id that says no moment."""
    found = _BEGAN.match(run)
    try:
        return (
            datetime.strptime(found[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None
        )
    except ValueError:
        return None
