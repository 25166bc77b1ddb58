"""Facts as far as they were asked for: what nobody looked at is unknown, never absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.observed import HostFacts, Unknown

Asked = Mapping[str, frozenset[str]]
# What a section tells more of, by what asks for it.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "want": ("wanted",),
    "blank": ("wanted",),
    "paths": ("mounts", "automounts", "ordering"),
    "units": ("services",),
    "orders": ("ordering",),
    "guests": ("guests",),
    "packages": ("packages",),
    "connect": ("interconnect",),
    "volumes": ("logical_volumes",),
}


def as_asked(facts: HostFacts, told: Asked, asked: Asked, why: str) -> HostFacts:
    """What a look that asked for ``told`` says to one that asks for ``asked``.

    Sections that lack something are Unknown, ``why`` and what they lack; what they tell only
    because more was asked is left out, so that both looks lead to the same plan.
    """
    values: dict[str, Any] = {}
    for kind, words in asked.items():
        has = told.get(kind, frozenset())
        for section in SECTIONS[kind]:
            value = values.get(section, getattr(facts, section))
            if isinstance(value, Unknown):
                continue
            if unasked := sorted(words - has):
                value = Unknown(f"{why}: {', '.join(map(_shown, unasked))}")
            elif kind in NARROWED:
                value = NARROWED[kind](value, has - words)
            values[section] = value
    return replace(facts, **values)


def _shown(word: str) -> str:
    """The first line: of a list of guests the path."""
    return word.partition("\n")[0]


def _without(key: str) -> Callable[[Any, frozenset[str]], Any]:
    return lambda items, more: tuple(i for i in items if getattr(i, key) not in more)


def _not_blank(items: Any, more: frozenset[str]) -> Any:
    return tuple(replace(i, zeros=None) if i.ref in more else i for i in items)


def _packages(item: Any, more: frozenset[str]) -> Any:
    versions = {name: text for name, text in item.versions.items() if name not in more}
    return replace(item, versions=versions)


NARROWED: Mapping[str, Callable[[Any, frozenset[str]], Any]] = {
    "want": _without("ref"),
    "blank": _not_blank,
    "units": _without("name"),
    "packages": _packages,
    "connect": _without("target"),
    "volumes": _without("name"),
}
