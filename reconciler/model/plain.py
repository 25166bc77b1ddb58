"""Values as plain dicts, for documents and digests."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

_PLAIN = (str, int, float, type(None))
_SEVERAL = (tuple, list, set, frozenset)


def to_plain(value: object, known: dict[int, Any] | None = None) -> Any:
    """As ``dataclasses.asdict``, of any value: dataclasses become dicts, all else stays.

    What holds no dataclass is not copied: values are immutable here. A plan of 255 members has
    some 65,000 nodes in its facts, and copying all of them costs seconds. What stands in several
    of the values that share ``known``, by id, is made once: these values outlive it.
    """
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, _SEVERAL):
        if known is None:
            return type(value)(to_plain(item) for item in value)
        return type(value)(
            made if (made := known.get(id(item))) is not None else to_plain(item, known)
            for item in value
        )
    if is_dataclass(value) and not isinstance(value, type):
        made = {name: to_plain(getattr(value, name), known) for name in _names(type(value))}
        if known is not None:
            known[id(value)] = made
        return made
    if isinstance(value, dict):
        return {key: to_plain(item, known) for key, item in value.items()}
    return value


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
