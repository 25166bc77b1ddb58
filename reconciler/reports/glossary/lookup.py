"""A word looked up: what it means as a kind, as an address and as a key, in lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.frozen import frozen
from reconciler.model.documents import Json
from reconciler.model.plan import DECLARED
from reconciler.planning.kinds import KINDS
from reconciler.reports.glossary.address_patterns import (
    PATTERNS,
    Pattern,
    is_placeholder,
    matching,
)
from reconciler.reports.glossary.file_keys import Key, below, find_keys, keys
from reconciler.reports.glossary.kind_meanings import MEANINGS, after, before, risk_of
from reconciler.reports.glossary.nouns import NOUNS, find_noun

WIDTH = 10


@frozen
class Entry:
    """What a word means; ``facts`` are its columns, ``sort`` is kind, address or key."""

    sort: str
    name: str
    meaning: str
    facts: tuple[tuple[str, str], ...]

    def lines(self) -> Iterator[tuple[str, str]]:
        """For people, styled."""
        yield "title", f"{self.name}: {_SORTS[self.sort]}"
        yield "", f"  {self.meaning}"
        for word, value in self.facts:
            yield "", f"  {word:<{WIDTH}}{value}"

    def document(self) -> Json:
        """For machines."""
        return {
            "sort": self.sort,
            "name": self.name,
            "meaning": self.meaning,
            **dict(self.facts),
        }


_SORTS = {
    "kind": "a kind of action",
    "address": "an address of a plan",
    "key": "a key of the file",
    "noun": "a word of plans and status",
}


def find_entries(word: str) -> tuple[Entry, ...]:
    """Everything that a word means: first the kind, then addresses, then keys."""
    found = [_kind(kind) for kind in KINDS if kind == word]
    found += [_address(pattern) for pattern in matching(word)]
    found += [_key(key) for key in find_keys(word)]
    if not found and (noun := find_noun(word)):
        found = [Entry("noun", noun, NOUNS[noun].meaning, (("more", NOUNS[noun].more),))]
    return tuple(found)


def is_general(word: str) -> bool:
    """Whether a word means something without any plan: a kind, a key, or no real address."""
    return word in DECLARED or is_placeholder(word) or bool(find_keys(word) or find_noun(word))


def words_known() -> tuple[str, ...]:
    """Every word that can be looked up: for completion, and for what was probably meant."""
    return tuple(word for words in words_by_sort().values() for word in words)


def words_by_sort() -> dict[str, tuple[str, ...]]:
    """Every word that can be looked up, under the heading of its sort."""
    named = [key.name.removeprefix("clusters.") for key in keys()]
    return {
        "Kinds of actions": tuple(KINDS),
        "Addresses of a plan": tuple(pattern.text for pattern in PATTERNS),
        "Keys of the file": tuple(named),
        "Words of plans and status": tuple(NOUNS),
    }


def _kind(kind: str) -> Entry:
    (name,) = (one for one in KINDS if one == kind)
    places = [p.text for p in PATTERNS if name in p.kinds]
    facts = [
        ("risk", risk_of(name)),
        ("after", ", ".join(after(name))),
        ("before", ", ".join(before(name))),
        ("address", ", ".join(places)),
        ("plan", f"reconcile explain {kind} FILE: where and why the plan of FILE has it"),
    ]
    return Entry("kind", kind, MEANINGS[name], tuple(fact for fact in facts if fact[1]))


def _address(pattern: Pattern) -> Entry:
    facts = [
        ("truth", pattern.truth),
        ("actions", ", ".join(pattern.kinds)),
        ("plan", "reconcile explain ADDRESS FILE, with real names: what the plan does there"),
    ]
    return Entry("address", pattern.text, pattern.meaning, tuple(f for f in facts if f[1]))


def _key(key: Key) -> Entry:
    name = key.path.rpartition(".")[2].removesuffix("[]")
    example = key.example.strip("`")
    facts = [
        ("type", key.type.replace("` `", ", ").replace("`", "")),
        ("default", key.default.replace("`", "")),
        ("example", f"{name}: {example}"),
        ("change", key.change.replace("`", "")),
        ("keys", ", ".join(below(key))),
        *(key.values or (("notes", key.note.replace("`", "")),)),
        ("more", "reconcile manual file"),
    ]
    meaning = key.meaning or key.note
    return Entry("key", key.path, meaning, tuple(fact for fact in facts if fact[1]))
