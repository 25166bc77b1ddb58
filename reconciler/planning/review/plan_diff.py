"""What changed since a plan was saved: facts by host, section and field; actions by id.

Both sides are plain values, as a document has them (``model.documents``).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.frozen import frozen

# What tells the items of a list apart, in facts and in plans: the first of which there is one.
NAMES = (
    ("id",),
    ("code", "subject"),
    ("address", "host", "truth"),
    ("because", "hosts"),
    ("ref",),
    ("uuid",),
    ("name",),
    ("interface", "ip"),
    ("path",),
    ("slot",),
)
PARTS = ("changes", "actions", "outages", "blocked")
# Words about what passes, or that may, and what the rest says already: no part of an approval.
PASSING = frozenset({"processes", "message", "remedy", "outage"})
# A plan keeps a section of more characters than this as its hash.
KEPT = 16 * 1024


@frozen
class Difference:
    """Something that is not as it was when the plan was saved; None is nothing.

    ``subject`` is a host, or ``plan``; ``section`` one of its facts, or a part of the plan.
    """

    cluster: str
    subject: str
    section: str
    field: str
    before: Any
    after: Any


def abridge_section(section: object) -> object:
    """A section of facts as a plan keeps it."""
    text = json.dumps(section, sort_keys=True, default=str)
    if len(text) <= KEPT:
        return section
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "characters": len(text)}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Everything in which two plan documents differ that counts for an approval."""
    found = [*_facts(before["facts"], after["facts"])]
    old, new = ({c["name"]: c for c in side["clusters"]} for side in (before, after))
    for cluster in dict.fromkeys((*old, *new)):
        for part in PARTS:
            sides = [_lasting(side.get(cluster, {}).get(part, [])) for side in (old, new)]
            found += [Difference(cluster, "plan", part, *one) for one in _compared("", *sides)]
    return tuple(found)


def _lasting(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in item.items() if k not in PASSING} for item in items]


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for cluster in dict.fromkeys((*before, *after)):
        old, new = before.get(cluster, {}), after.get(cluster, {})
        for host in dict.fromkeys((*old, *new)):
            one, other = old.get(host, {}), new.get(host, {})
            if _reached(one) != _reached(other):  # its facts say nothing then
                yield Difference(cluster, host, "host", "", _state(one), _state(other))
                continue
            for section in dict.fromkeys((*one, *other)):
                for found in _compared("", one.get(section), other.get(section)):
                    yield Difference(cluster, host, section, *found)


def _reached(host: Mapping[str, Any]) -> bool:
    return bool(host) and "unreachable" not in host


def _state(host: Mapping[str, Any]) -> str:
    return str(host.get("unreachable", "reached")) if host else "not observed"


def _compared(field: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Field, before and after of each difference, as deep as both sides have the same shape."""
    if before == after:
        return
    if isinstance(before, list) and isinstance(after, list):
        old, new = _named(before), _named(after)
        if old is not None and new is not None:
            yield from _keyed("{}[{}]", field, old, new)
        else:
            yield field, *_only(before, after)
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _keyed("{}.{}", field, _told(before, after), _told(after, before))
    elif _is_text(before) and _is_text(after):
        yield field, *_lines(str(before), str(after))
    else:
        yield field, before, after


def _keyed(
    form: str, field: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys((*before, *after)):
        yield from _compared(
            form.format(field, key).lstrip("."), before.get(key), after.get(key)
        )


def _told(item: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """A file without its hash where the texts tell the difference."""
    texts = item.get("text"), other.get("text")
    if None in texts or texts[0] == texts[1]:
        return item
    return {key: value for key, value in item.items() if key != "sha256"}


def _named(items: Sequence[Any]) -> dict[str, Any] | None:
    """A list by what names its items, if all have names of their own."""
    if not all(isinstance(item, dict) for item in items):
        return None
    names = [_name(item) for item in items]
    if any(count > 1 or not name for name, count in Counter(names).items()):
        return None
    return dict(zip(names, items, strict=True))


def _name(item: Mapping[str, Any]) -> str:
    keys = next((keys for keys in NAMES if keys[0] in item), ())
    return " ".join(_words(item[key]) for key in keys)


def _words(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\n" in value


def _lines(before: str, after: str) -> tuple[str | None, str | None]:
    """Of two texts the lines that only one of them has."""
    gone, come = _only(before.splitlines(), after.splitlines())
    return "\n".join(gone) or None, "\n".join(come) or None


def _only(before: list[Any], after: list[Any]) -> tuple[list[Any], list[Any]]:
    """What only one of two lists has; both whole if only the order differs."""
    gone = [item for item in before if item not in after]
    come = [item for item in after if item not in before]
    return (gone, come) if gone or come else (before, after)
