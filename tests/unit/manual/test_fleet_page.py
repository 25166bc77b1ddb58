"""The page of the fleet tells every key of its settings, with its default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
from pydantic import BaseModel

from reconciler.cli.commands.fleet import FLEET_COMMANDS, command
from reconciler.loading import read_text
from reconciler.loading.fleet_settings import load_fleet
from reconciler.model.fleet import Fleet
from reconciler.model.fleet_codes import DATABASE_CODES, SOURCE_CODES
from reconciler.model.schema import fleet_schema
from tests.pages import page, quoted, rows, sections


def keys(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, object]]:
    """Each key that has a value of its own, with its default as the schema has it."""
    shape = fleet_schema()
    own = shape if model is Fleet else shape["$defs"][model.__name__]
    for name, field in model.model_fields.items():
        inner, many = field.annotation, False
        if get_args(inner) and isinstance(get_args(inner)[0], type):
            inner, many = get_args(inner)[0], "tuple" in str(inner)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from keys(inner, f"{above}{name}{'[]' if many else ''}.")
        else:
            default = own["properties"][name].get("default")
            yield f"{above}{name}", "required" if name in own.get("required", ()) else default


def test_each_key_is_told_and_no_other():
    assert [row[0].strip("`") for row in rows(page("fleet"), "Key")] == [
        k for k, _ in keys(Fleet)
    ]


def test_the_defaults_are_told():
    told = {row[0].strip("`"): row[1].strip("`") for row in rows(page("fleet"), "Key")}
    own = {key: str(default) for key, default in keys(Fleet) if default is not None}
    # Of what may be left out as a whole.
    own["zones[].name"] = (
        load_fleet("f", "version: 1\ndatabase: env:A\nsource: {git: 'file:///x'}").zones[0].name
    )
    assert {key: told[key] for key in own} == own
    left = {key for key, default in keys(Fleet) if default is None} - own.keys()
    assert {told[key] for key in left} == {"", "one of the two", "all of it"}


def test_the_example_has_no_key_without_need():
    fleet = load_fleet("fleet.yaml", read_text("examples/fleet/fleet.yaml"))
    assert fleet.source.signed_by == "/etc/reconcile/allowed_signers"


PARTS = sections(page("fleet"), "##")
COMMANDS = sections(next(t for head, t in PARTS.items() if head.endswith(" Commands")), "###")
EVERYWHERE = {("--fleet",)}


def test_each_command_is_told_once():
    assert [head.split()[0] for head in COMMANDS] == list(FLEET_COMMANDS)


@pytest.mark.parametrize("name", FLEET_COMMANDS)
def test_each_option_of_a_command_is_told(name):
    (text,) = [text for head, text in COMMANDS.items() if head.split()[0] == name]
    found = command.get_command(click.Context(command), name)
    own = {tuple(p.opts) for p in found.params if isinstance(p, click.Option)}
    assert own >= EVERYWHERE
    told = (
        {tuple(quoted(row[0])) for row in rows(text, "Option")} if "|Option|" in text else set()
    )
    assert told == own - EVERYWHERE


def test_each_code_of_a_fleet_is_told_and_no_other():
    told = [row[0].strip("`") for row in rows(page("fleet"), "Code")]
    assert sorted(told) == sorted((*SOURCE_CODES, *DATABASE_CODES))


def test_each_event_of_the_source_is_told():
    text = Path("reconciler/fleet/syncing.py").read_text()
    events = set(re.findall(r"telemetry\.\w+\(\s*\"([a-z-]+)\"", text))
    told = {word for row in rows(page("fleet"), "Event") for word in quoted(row[0])}
    assert events <= told
