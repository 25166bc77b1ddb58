"""What the page of a cluster tells of what is stored: pictures, words for members, what is notable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reconciler.model.addresses import CLUSTER, parse_address
from reconciler.model.views import Seat, Shelf, Topology
from reconciler.model.watched import Condition, Reading
from reconciler.reports.html.picture import key, picture


def read_topology(text: str) -> Topology:
    """The topology that a round has kept."""
    found = json.loads(text)
    seats = (Seat(**{**seat, "marks": tuple(seat["marks"])}) for seat in found["seats"])
    return Topology(tuple(seats), tuple(Shelf(**shelf) for shelf in found["shelves"]))


def draw_topology(text: str, name: str) -> Markup:
    """Members, interconnect and volumes as reports draw them, and what the marks mean."""
    found = read_topology(text)
    drawn = Markup(picture(found, name))  # noqa: S704  # it escapes
    return Markup(
        '<div class="scroll picture" tabindex="0" role="region" aria-label="Picture">{}</div>{}'
    ).format(
        drawn,
        Markup(key(found)),  # noqa: S704  # as above
    )


def mount_words(found: Mapping[str, Any]) -> str:
    """A volume on a member, of the document of ``reconcile status``."""
    if found["mounted"] is None:
        return f"unknown: {found['unread']}" if found["unread"] else "unknown"
    if not found["mounted"]:
        return "not mounted" if found["wanted"] else "not mounted, as wished"
    words = ["mounted"] if found["wanted"] else ["mounted, against the wish"]
    words += ["read-only"] if found["read_only"] else []
    words += ["in a namespace only"] if found["hidden"] else []
    words += [f"slot {found['slot']}"] if found["slot"] is not None else []
    words += ["heartbeat silent"] if found["heartbeat"] == "silent" else []
    return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Split:
    """Conditions that somebody wants to know of, and the ``rest``, which say that all is well."""

    notable: Sequence[Condition]
    rest: Sequence[Condition]


def split_conditions(conditions: Iterable[Condition]) -> Split:
    """Those of trouble, and how the cluster itself is; of a member or a volume only trouble."""
    all_of_them = tuple(conditions)
    notable = [one for one in all_of_them if _is_notable(one)]
    return Split(notable, [one for one in all_of_them if not _is_notable(one)])


def _is_notable(one: Condition) -> bool:
    reading = one.reading
    is_whole = parse_address(reading.subject).sort == CLUSTER
    if reading.kind == "Converged":
        return is_whole
    if reading.kind == "Healing" and is_whole:
        return reading.reason not in {"NothingToHeal", "PolicyReports"}
    return reading.status != "False"


def has_code(reading: Reading) -> bool:
    """Whether its reason is a refusal's code; another reason may only read like one."""
    return reading.status == "True" and reading.kind in {"Blocked", "Unreachable"}


def code_of(reason: str) -> str:
    """The code that a reason is made of: ``shrink-refused`` of ``ShrinkRefused``."""
    dashed = "".join(f"-{c.lower()}" if c.isupper() else c for c in reason)
    return dashed.removeprefix("-")
