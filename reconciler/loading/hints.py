"""Guesses at the key that the operator meant, and what a key is for."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from reconciler.loading.foreign_keys import instead
from reconciler.model.desired import Desired
from reconciler.model.secrets import names_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.loading.nodes import Path

# What cluster.conf, other tools and habit call it.
_ELSEWHERE = {
    "address": "interconnect",
    "hosts": "members",
    "id": "number",
    "ip": "interconnect",
    "ip_address": "interconnect",
    "ip_port": "port",
    "mountpoint": "mount",
    "node": "members",
    "nodes": "members",
    "status": "state",
    "identity_file": "identity",
    "key": "identity",
    "private_key": "identity",
    "identityfile": "identity",
    "proxyjump": "jump",
    "proxy_jump": "jump",
    "userknownhostsfile": "known_hosts",
    "become": "sudo",
    "dev": "device",
    "disk": "device",
    "lun": "device",
    "hostname": "name",
    "timezone": "time_zone",
    "tz": "time_zone",
    "cron": "schedule",
    "max_nodes": "slots",
    "node_slots": "slots",
}
_LONGEST = 40  # difflib is quadratic; nobody mistypes more


def nearest(word: str, known: Iterable[str]) -> str:
    """The one of ``known`` that ``word`` was probably meant to be, or nothing."""
    if len(word) > _LONGEST:
        return ""
    plain = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold().replace("-", "_"), plain, n=1)
    found = found or get_close_matches(word.casefold(), plain, n=1)
    return plain[found[0]] if found else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The question, or nothing."""
    match = nearest(word, known)
    return f"did you mean '{match}'?" if match else ""


def key_hint(path: Path, value: object = None) -> str:
    """What to do about the unknown key at ``path``, which has ``value``."""
    model, key = model_at(path[:-1]), str(path[-1])
    if model is None:
        return ""
    if found := instead(model.model_fields, key, value):
        return found
    if names_secret(key):
        return "secrets never stand in this file: use a key, an agent or sudo without password"
    if found := _place_hint(model, key):
        return found
    if meant := meant_key(path):
        return f"did you mean '{meant}'?"
    found = _beside_hint(path) or _above_hint(path)
    return found or f"known here: {', '.join(model.model_fields)}"


def meant_key(path: Path) -> str:
    """The key that the unknown one at ``path`` was probably meant to be, or nothing."""
    model, key = model_at(path[:-1]), str(path[-1])
    known = model.model_fields if model else {}
    habit = _ELSEWHERE.get(key.casefold(), "")
    return habit if habit in known else nearest(key, known)


def key_description(path: Path) -> str:
    """What the key at ``path``, or the list around it, is for, and where there is more of it."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    model = model_at(path[:-1]) if path else None
    found = model.model_fields.get(str(path[-1])) if model else None
    if found is None:
        return ""
    return f"{found.description}  (reconcile explain {key_name(path)})"


# Required key -> how it is written, for whoever left it out.
_EXAMPLES = {
    "argv": "argv: [/usr/local/bin/backup-images]",
    "at": "at: 2026-03-01T09:30:00Z",
    "by": "by: NAME",
    "duration": "duration: 4h",
    "device": "device: {wwid: '3600140512345678'}",
    "host": "host: node01",
    "interconnect": "interconnect: 10.0.0.11",
    "kind": "kind: libvirt",
    "label": "label: images",
    "lv": "lv: images",
    "mount": "mount: {path: /srv/images}",
    "name": "name: node01",
    "path": "path: /srv/images",
    "schedule": "schedule: '0 22 * * 1-5'",
    "to": "to: [storage@example.com]",
    "url": "url: env:WATCH_WEBHOOK",
    "revoke": "revoke: {host: san01, argv: [/usr/local/bin/unmap, '{host}']}",
    "size": "size: 800GiB",
    "version": "version: 1",
    "vg": "vg: san",
}


def example_hint(path: Path) -> str:
    """How the required key at ``path`` is written, and where there is more of it."""
    key = str(path[-1])
    example = "name: images" if path[:1] == ("clusters",) and len(path) == 3 else ""
    example = (example if key == "name" else "") or _EXAMPLES.get(key, "")
    return f"like '{example}'. {key_description(path)}" if example else ""


def number_range(path: Path) -> str:
    """Which whole numbers the key at ``path`` takes."""
    model = model_at(path[:-1]) if path else None
    found = model.model_fields.get(str(path[-1])) if model else None
    limits = {**_limits(found.metadata), **_limits_within(found.annotation)} if found else {}
    if not {"ge", "le"} <= limits.keys():
        return ""
    bounds = f"write a whole number from {limits['ge']} to {limits['le']}"
    return f"{bounds}. {key_description(path)}"


def _limits_within(annotation: Any) -> dict[str, int]:
    """The bounds in a type, through options: ``Annotated[int, Field(ge=1)] | None``."""
    found: dict[str, int] = {}
    for argument in get_args(annotation):
        found |= _limits(getattr(argument, "metadata", [])) | _limits_within(argument)
    return found | _limits(getattr(annotation, "__metadata__", ()))


def _limits(metadata: Iterable[Any]) -> dict[str, int]:
    """The bounds among what a field or a type has beside it."""
    found: dict[str, int] = {}
    for item in metadata:
        inner = getattr(item, "metadata", None)
        found |= _limits(inner) if inner else {}
        for name in ("ge", "le"):
            if (limit := getattr(item, name, None)) is not None:
                found[name] = limit
    return found


def is_required(path: Path) -> bool:
    """Whether the mapping around the key at ``path`` cannot be without it."""
    model = model_at(path[:-1]) if path else None
    found = model.model_fields.get(str(path[-1])) if model else None
    return found is not None and found.is_required()


def key_name(path: Path) -> str:
    """The key at ``path`` as reconcile explain takes it: ``volumes.size``."""
    words = [str(part) for part in path if isinstance(part, str)]
    return ".".join(words[1:] if words[0] == "clusters" and len(words) > 2 else words)


@cache
def model_at(path: Path) -> type[BaseModel] | None:
    """The model of the mapping at ``path``; None where the file format has no mapping."""
    if not path:
        return Desired
    above = model_at(path[:-1])
    if above is None or isinstance(path[-1], int):
        return above
    found = above.model_fields.get(path[-1])
    return _model_in(found.annotation) if found else None


@cache
def are_siblings(key: str, other: str) -> bool:
    """Whether some mapping of the format takes both keys."""
    return any({key, other} <= model.model_fields.keys() for model in _models(Desired))


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """``model``, and those of the mappings below it."""
    yield model
    for field in model.model_fields.values():
        if inner := _model_in(field.annotation):
            yield from _models(inner)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field's type speaks of, through lists and options."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in inner if model is not None), None)


def _place_hint(model: type[BaseModel], key: str) -> str:
    """Where else ``key`` belongs, looking one level down."""
    below = {name: _model_in(field.annotation) for name, field in model.model_fields.items()}
    places = [name for name, inner in below.items() if inner and key in inner.model_fields]
    return f"it belongs under {' or '.join(map(repr, places))}" if places else ""


def _beside_hint(path: Path) -> str:
    """Which mapping beside the one around ``path`` has such a key, if one alone does."""
    around = model_at(path[:-2]) if len(path) > 1 and isinstance(path[-2], str) else None
    return _place_hint(around, str(path[-1])) if around else ""


def _above_hint(path: Path) -> str:
    """Which mapping further out has the key at ``path``, if one does."""
    for end in range(len(path) - 2, -1, -1):
        model = model_at(path[:end])
        if model and str(path[-1]) in model.model_fields and not isinstance(path[end], str):
            home = "this item of " + repr(path[end - 1]) if end else "the file"
            return f"it belongs to {home}: indent it less"
        if end == 0 and model and str(path[-1]) in model.model_fields:
            return "it belongs to the file: begin its line with it"
    return ""
