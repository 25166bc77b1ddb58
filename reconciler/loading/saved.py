"""Files that a command wrote for another one: a saved plan, recorded facts.

They are recognised by what is in them. Nothing in them is executed, and nothing is believed
that is not checked again: of a plan its desired state is loaded as any file is.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from reconciler.errors import InputError, SpecInvalid, UsageError
from reconciler.frozen import frozen
from reconciler.loading.checking import load
from reconciler.loading.damage import say_damage, say_missing, say_no_json, say_other_document
from reconciler.loading.facts_index import PLACES, Doubtful, FactsIndex
from reconciler.loading.source import special_file
from reconciler.model.desired import Desired
from reconciler.model.documents import (
    FORMAT_VERSION,
    PLAN_NAME,
    FactsDocument,
    Json,
    PlanDocument,
    Record,
    checksum,
)
from reconciler.model.field_types import quote_value
from reconciler.model.observed import HostFacts, Unknown, Unreachable

MAX_BYTES = 256 * 1024 * 1024
MARK = '"format_version"'
PLAN_REMEDY = "make it again: reconcile plan FILE -o P.plan.json"
FACTS_REMEDY = "make it again: reconcile observe FILE -o FACTS"
_BROKEN = json.JSONDecodeError
_T = TypeVar("_T")


@frozen
class SavedPlan:
    """A plan as it was saved; ``document`` is the whole of it, in plain values."""

    id: str
    desired: Desired
    targets: tuple[str, ...]
    version: str
    document: Mapping[str, Any]
    plan: PlanDocument


@frozen
class Facts:
    """Recorded facts by cluster; ``observed_at`` is when, in ISO 8601."""

    observed_at: str
    clusters: Mapping[str, Record]


def saved_plan(path: str) -> SavedPlan | None:
    """The saved plan in the file; None if it is none and may be a desired-state file.

    A file named ``NAME.plan.json`` is nothing else.

    Raises UsageError without a file, InputError for a document that is broken, edited, of
    another version, or no plan.
    """
    text = _text(path)
    named = path.lower().endswith(PLAN_NAME)
    if not named and (not text.lstrip().startswith("{") or MARK not in text):
        return None
    document = _document(path, text, PLAN_REMEDY)
    plan = _checked(path, PlanDocument, document, ("a saved plan", PLAN_REMEDY))
    if document["checksum"] != checksum(document):
        raise InputError(
            f"{path}: this plan was edited after it was saved; change the desired-state file "
            f"instead and {PLAN_REMEDY}"
        )
    desired = _desired(path, document["desired"])
    return SavedPlan(
        document["id"],
        desired,
        tuple(document["targets"]),
        document["reconciler_version"],
        document,
        plan,
    )


def recorded_facts(path: str) -> Facts:
    """The facts in the file, the hosts of one cluster at a time.

    Raises UsageError without a file, InputError for one that is broken, of another version, or
    no facts; of a cluster whose hosts are damaged where its record is asked for.
    """
    if kind := special_file(path):
        raise UsageError(f"{path}: {kind}")
    with suppress(Doubtful, OSError):  # told by who reads it whole
        return _indexed(path, FactsIndex(path))
    document = _document(path, _text(path), FACTS_REMEDY)
    return _facts(path, document, lambda place, key: document[place][key])


def _indexed(path: str, index: FactsIndex) -> Facts:
    """Facts whose hosts stay in the file."""
    small = _document(path, index.rest, FACTS_REMEDY)

    def host(place: str, key: str) -> Json:
        span = index.hosts[place][key]
        with suppress(Doubtful, OSError):
            found = _parsed(path, index.text(span), FACTS_REMEDY)
            if isinstance(found, dict):
                return found
        raise ValueError("changed while it was read")

    return _facts(path, small, host)


def _facts(path: str, document: Json, host: Callable[[str, str], Json]) -> Facts:
    """The facts of a document whose hosts are given by ``host``, from their place and key."""
    _checked(path, FactsDocument, document, ("facts of reconcile observe", FACTS_REMEDY))
    if not _is_moment(document["observed_at"]):
        raise InputError(
            f"{path}: observed_at is no time of ISO 8601 with its zone: "
            f"{quote_value(document['observed_at'])}; {FACTS_REMEDY}"
        )
    return Facts(document["observed_at"], _Records(path, document["clusters"], host))


class _Records(Mapping[str, Record]):
    """The records of clusters, each made of the document when it is asked for.

    The last one is kept. Raises InputError for one that is damaged.
    """

    def __init__(
        self, path: str, clusters: Sequence[Json], host: Callable[[str, str], Json]
    ) -> None:
        self._path, self._host = path, host
        self._clusters = {item["name"]: item for item in clusters}
        self._last: dict[str, Record] = {}

    def __getitem__(self, name: str) -> Record:
        item = self._clusters[name]
        if name not in self._last:
            try:
                self._last = {name: _record(item, self._host)}
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(f"{self._path}: {_first(error)}; {FACTS_REMEDY}") from error
        return self._last[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._clusters)

    def __len__(self) -> int:
        return len(self._clusters)


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _text(path: str) -> str:
    if kind := special_file(path):
        raise UsageError(f"{path}: {kind}")
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{path}:1:1: this is UTF-16: iconv -f UTF-16 -t UTF-8 {path} > NEW")
    return content.removeprefix(codecs.BOM_UTF8).decode(errors="replace")


def _document(path: str, text: str, remedy: str) -> Json:
    if why := say_no_json(text):
        raise InputError(f"{path}:1:1: {why}; {remedy}")
    document: Any = _parsed(path, text, remedy)
    if not isinstance(document, dict) or "format_version" not in document:
        raise InputError(f"{path}: not a document of reconcile; {remedy}")
    if document["format_version"] != FORMAT_VERSION:
        raise InputError(
            f"{path}: format_version {quote_value(document['format_version'])}; this version reads "
            f"{FORMAT_VERSION!r}; {remedy}"
        )
    return document


def _parsed(path: str, text: str, remedy: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except _TwiceNamed as error:
        raise InputError(f"{path}: edited: the key {error} stands twice; {remedy}") from error
    except (ValueError, RecursionError) as error:
        place = f":{error.lineno}:{error.colno}" if isinstance(error, _BROKEN) else ""
        raise InputError(f"{path}{place}: cut off or damaged, no JSON; {remedy}") from error


class _TwiceNamed(Exception):
    """A key that a person reads at one place, and a program at another."""


def _once(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = Counter(key for key, _value in pairs)
        raise _TwiceNamed(quote_value(keys.most_common(1)[0][0]))
    return found


def _checked(path: str, form: type[_T], document: Json, words: tuple[str, str]) -> _T:
    what, remedy = words
    try:
        return TypeAdapter(form).validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        reason = say_other_document(document, what) or f"not {what}: {_first(error)}"
        raise InputError(f"{path}: {reason}; {remedy}") from error


def _first(error: Exception) -> str:
    """Where and what the first problem is."""
    if isinstance(error, KeyError):
        return say_missing(error)
    return say_damage(error) if isinstance(error, ValidationError) else str(error)


def _desired(path: str, desired: Json) -> Desired:
    text = json.dumps(desired, ensure_ascii=False)
    try:
        return load(path, text)
    except SpecInvalid as error:
        found = error.problems[0]
        raise InputError(
            f"{path}: its desired state is not valid: {found.code}: {found.message}; "
            f"{PLAN_REMEDY}"
        ) from error


def _record(item: Json, host: Callable[[str, str], Json]) -> Record:
    asked = {option: frozenset(words) for option, words in item["asked"].items()}
    hosts, storage = (
        {name: _host(name, host(place, key)) for name, key in item[place].items()}
        for place in PLACES
    )
    return Record(asked, hosts, storage)


def _host(name: str, sections: Json) -> HostFacts | Unreachable:
    """A host as it was observed; a section that is missing is unknown, not empty."""
    if "unreachable" in sections:
        return TypeAdapter(Unreachable).validate_python(
            {"host": name, **dict(sections["unreachable"])}
        )
    values = dict.fromkeys(HostFacts.__dataclass_fields__, _NOT_TOLD)
    values |= {key: _section(value) for key, value in sections.items() if key in values}
    try:
        return _hosts().validate_python(values)
    except ValidationError as error:
        raise ValueError(f"damaged: of {name}, {say_damage(error)}") from error


@cache
def _hosts() -> TypeAdapter[HostFacts]:
    return TypeAdapter(HostFacts)  # takes a while: once, and only where facts are read


_NOT_TOLD: Any = Unknown("it is not among the recorded facts")


def _section(value: object) -> object:
    if isinstance(value, dict) and value.keys() == {"unknown"}:
        return Unknown(str(value["unknown"]))
    return value
