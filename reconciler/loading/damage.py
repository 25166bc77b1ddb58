"""What is wrong with a document that a command wrote, in an operator's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.model.field_types import quote_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError

_WANTED = {
    "string": "a text",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "frozen": "a list",
    "set": "a list",
    "dict": "a mapping",
    "mapping": "a mapping",
    "model": "a mapping",
    "dataclass": "a mapping",
    "literal": "another word",
    "none": "nothing",
}
_TYPE = re.compile(r"[A-Z(]|.*[\[(]")  # pydantic names the alternatives of a union in the place


def say_damage(error: ValidationError) -> str:
    """Where the first fault is, and what it is: ``observed_at is missing``."""
    found = error.errors(include_url=False)[0]
    parts = [str(part) for part in found["loc"]]
    kept = [part for i, part in enumerate(parts) if i == 0 or not _TYPE.match(part)]
    place = ".".join(kept) or "it"
    kind = found["type"]
    if kind == "missing":
        return f"{place} is missing"
    if kind in {"extra_forbidden", "unexpected_keyword_argument"}:
        return f"{place} is not known in this version"
    wanted = next((word for name, word in _WANTED.items() if kind.startswith(name)), "")
    given = quote_value(found["input"])
    return f"{place} is {given}, not {wanted}" if wanted else f"{place} cannot be {given}"


def say_no_json(text: str) -> str:
    """What a text is that begins as no JSON does; empty for one that may be some."""
    begins = text.lstrip()
    if not begins:
        return "the file is empty"
    if begins.startswith(("{", "[")):
        return ""
    if re.search(r"^(?:version|clusters|ssh):", text, re.MULTILINE):
        return "this is a desired-state file, no document that reconcile wrote"
    return "this is no JSON"


_PLAN_KEYS, _FACTS_KEYS = frozenset({"id", "desired"}), frozenset({"observed_at", "hosts"})


def say_other_document(document: Mapping[str, object], wanted: str) -> str:
    """Which document it is that was given for the one that is ``wanted``; empty if it is none."""
    if "facts" in wanted and document.keys() >= _PLAN_KEYS:
        return "this is a saved plan, no facts"
    if "plan" in wanted and document.keys() >= _FACTS_KEYS:
        return "these are facts of reconcile observe, no saved plan"
    return ""


def say_missing(error: KeyError) -> str:
    """What is named in a document and does not stand in it."""
    return f"{error} is named in it and not there"
