"""What changed since a plan was saved, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from reconciler.planning.review.plan_diff import Difference

Line = tuple[str, str]
LONGEST = 60
# What of an action, a change or a refusal tells it best.
TELLING = ("summary", "because", "code")


def stale_lines(found: Sequence[Difference], saved: str, now: str) -> Iterator[Line]:
    """Every fact, change and action that is not as in the saved plan."""
    yield (
        "bad",
        f"Stale: the saved plan is {saved}, what is due now is {now}; nothing was done.",
    )
    if not found:
        yield "", "  no fact and no action differs: another version of reconcile made the plan"
    telling = [one for one in found if not one.field.endswith("].needs")] or found
    width = max((len(one.subject) for one in telling), default=0)
    for (subject, place), group in groupby(telling, key=_place):
        yield "change", f"  {subject:<{width}}  {place}: {_how(list(group))}"


def _place(one: Difference) -> tuple[str, str]:
    """Host and fact; of an action or a change that is another one now only its name."""
    field = one.field.rpartition("].")
    if one.subject == "plan" and field[1]:
        return one.subject, f"{one.section}{field[0]}]"
    dot = "." if one.field and one.field[0] != "[" else ""
    return one.subject, f"{one.section}{dot}{one.field}"


def _how(group: Sequence[Difference]) -> str:
    """What it was and is; of an action that it is due, or is not, or what of it differs."""
    one = group[0]
    if one.subject == "plan" and "]." in one.field:
        return f"another {', '.join(item.field.rpartition('].')[2] for item in group)}"
    if one.before is None and isinstance(one.after, dict):
        return f"new: {_value(one.after)}"
    if one.after is None and isinstance(one.before, dict):
        return f"gone: {_value(one.before)}"
    return f"{_value(one.before)} -> {_value(one.after)}"


def _value(value: Any) -> str:
    """A value on one line; of an action or a change what it does."""
    if value is None or value == []:
        return "nothing"
    if isinstance(value, dict):
        words = [value[key] for key in TELLING if value.get(key)]
        value = words[0] if words else value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = " | ".join(text.strip().splitlines()) or '""'
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
