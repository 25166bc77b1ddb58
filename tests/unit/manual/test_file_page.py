"""The manual's page of the desired-state file has each key as the models have it, and no other."""

from __future__ import annotations

import typing
from collections.abc import Iterator

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from reconciler.model.desired import Desired
from tests.pages import page, quoted, rows

# Described once, at the top of the file.
SHARED = "clusters[].members[].ssh"


def keys(model: type[BaseModel], place: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key below a model, with [] behind each list of mappings."""
    for name, found in model.model_fields.items():
        here = f"{place}{name}"
        yield here, found
        inner, listed = inside(found.annotation)
        if inner is not None and here != SHARED:
            yield from keys(inner, f"{here}[]." if listed else f"{here}.")


def inside(annotation: object, *, listed: bool = False) -> tuple[type[BaseModel] | None, bool]:
    """The model that a type holds, if any, and whether in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, listed
    for part in typing.get_args(annotation):
        found = inside(part, listed=listed or typing.get_origin(annotation) is tuple)
        if found[0] is not None:
            return found
    return None, False


KEYS = dict(keys(Desired))
ROWS = {quoted(row[0])[0]: row[1:] for row in rows(page("file"), "Key")}


def test_it_has_each_key_once_and_no_other():
    names = [quoted(row[0])[0] for row in rows(page("file"), "Key")]
    assert sorted(names) == sorted(KEYS)


def default(found: FieldInfo) -> str:
    """As the page writes it."""
    value = found.default
    if found.is_required():
        return "required"
    if value is None:
        return "unset"
    if isinstance(value, BaseModel):
        assert value == type(value)()
        return "`{}`"
    return f"`{yaml.safe_dump(list(value) if value == () else value).splitlines()[0]}`"


def adapter(found: FieldInfo) -> TypeAdapter[object]:
    kind = found.annotation
    for more in found.metadata:
        kind = typing.Annotated[kind, more]
    return TypeAdapter(kind)


def choices(found: FieldInfo) -> list[str]:
    """The words of which one must be chosen; empty for other types."""
    shape = adapter(found).json_schema()
    options = [option for option in (shape, *shape.get("anyOf", ())) if option != {}]
    words = next((o["enum"] for o in options if "enum" in o), [])
    const = [o["const"] for o in options if "const" in o]
    if any(o.get("type") == "boolean" for o in options):
        return ["true", "false"]
    return [str(word) for word in words or const]


def limits(found: FieldInfo) -> str:
    """Of a number the least and the most."""
    shape = adapter(found).json_schema()
    for option in (shape, *shape.get("anyOf", ())):
        if "minimum" in option:
            return f"{option['minimum']}-{option['maximum']}"
    return ""


@pytest.mark.parametrize("key", KEYS)
def test_a_key_has_its_type_default_and_a_good_example(key):
    if key not in ROWS:
        pytest.fail(f"file.md has no row for {key}")
    kind, standard, example, _change, words = ROWS[key]
    found = KEYS[key]
    assert standard == default(found)
    assert kind.startswith(limits(found))
    if wanted := choices(found):
        assert quoted(kind) == wanted
    assert words
    (text,) = quoted(example)
    assert adapter(found).validate_python(yaml.safe_load(text)) is not None


def test_each_state_of_a_member_is_told():
    states = [quoted(row[0])[0] for row in rows(page("file"), "`state`")]
    assert states == choices(KEYS["clusters[].members[].state"])
