"""What earlier runs left on the host: applied state, leases, pauses; and the kernel's messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.model.observed import Lease, Pause
from reconciler.probe.sections import (
    Section,
    choice,
    dash,
    group_rows,
    maybe_number,
    number,
    text_files,
)

SEALED: Mapping[str, bool] = {"0": False, "1": True}
BEGUN: Mapping[str, str] = {"-": "", "now": "now", "before": "before"}


def parse_leases(section: Section) -> tuple[Lease, ...]:
    """The leases of the host, its own first; also what still runs after one was given back.

    Raises ValueError for a section that is garbled.
    """
    rows = group_rows(section, {"lease": 9, "with": 2})
    hosts: dict[str, list[str]] = {}
    for scope, host in rows["with"]:
        hosts.setdefault(scope, []).append(host)
    leases = tuple(_lease(row, hosts.get(row[0], [])) for row in rows["lease"])
    scopes = [lease.scope for lease in leases]
    if len(set(scopes)) < len(scopes) or not set(hosts) <= set(scopes):
        raise ValueError("the leases do not fit together")
    return leases


def _lease(row: tuple[str, ...], hosts: list[str]) -> Lease:
    scope, run, holder, age, sealed, step, action, begun, running = row
    return Lease(
        dash(run) or "",
        dash(holder) or "",
        float(number(age)),
        scope,
        tuple(hosts),
        choice(sealed, SEALED),
        number(step),
        dash(action) or "",
        choice(begun, BEGUN),
        "" if running == "no" else running,
    )


def parse_pauses(section: Section) -> tuple[Pause, ...]:
    """The pause that holds on the host, if any.

    Raises ValueError for a section that is garbled.
    """
    rows = group_rows(section, {"paused": 5})["paused"]
    if len(rows) > 1:
        raise ValueError("paused twice")
    return tuple(
        Pause(cluster, reason, by, number(since), maybe_number(until))
        for cluster, reason, by, since, until in rows
    )


def parse_log(section: Section) -> tuple[str, ...]:
    """The last kernel messages about cluster and storage, oldest first."""
    return tuple(line for (line,) in group_rows(section, {"log": 1})["log"])


SECTIONS: dict[str, Callable[[Section], object]] = {
    "records": text_files,
    "leases": parse_leases,
    "pauses": parse_pauses,
    "log": parse_log,
}
