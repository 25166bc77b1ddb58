"""Values as plain dicts, for documents and digests."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any


def to_plain(value: object) -> Any:
    """As ``dataclasses.asdict``, of any value: dataclasses become dicts, all else stays.

    What holds no dataclass is not copied: values are immutable here. A plan of 255 members has
    some 65,000 nodes in its facts, and copying all of them costs seconds.
    """
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, tuple | list | set | frozenset):
        return type(value)(to_plain(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    return value


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
