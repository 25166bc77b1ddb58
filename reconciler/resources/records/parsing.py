"""What earlier runs left on the host: applied state, lease; and the kernel's messages."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.model.observed import Lease
from reconciler.probe.sections import Section, grouped, number, text_files


def parse_leases(section: Section) -> tuple[Lease, ...]:
    """The lease of the host, if any."""
    rows = grouped(section, {"lease": 3})["lease"]
    return tuple(Lease(run, holder, float(number(age))) for run, holder, age in rows)


def parse_log(section: Section) -> tuple[str, ...]:
    """The last kernel messages about cluster and storage, oldest first."""
    return tuple(line for (line,) in grouped(section, {"log": 1})["log"])


SECTIONS: dict[str, Callable[[Section], object]] = {
    "records": text_files,
    "leases": parse_leases,
    "log": parse_log,
}
