"""The manual's page of commands has each command, argument, form and option that click has."""

from __future__ import annotations

import re

import click
import pytest

from reconciler.cli import COMMANDS, cli
from tests.pages import page, quoted, rows, sections, tables

TEXT = page("commands")
PARTS = {head.split()[0]: (head, text) for head, text in sections(TEXT, "###").items()}
# By the names of an option its commands.
COMMON = {
    tuple(quoted(row[0])): set(COMMANDS) if row[3] == "all" else set(quoted(row[3]))
    for row in next(found for heads, found in tables(TEXT) if "Commands" in heads)
}


def built(name):
    context = click.Context(cli, info_name="reconcile", help_option_names=["-h", "--help"])
    found = cli.get_command(context, name)
    return found, click.Context(found, parent=context, info_name=name)


def options(name):
    """The options of a command by all their names."""
    command, context = built(name)
    found = [p for p in command.get_params(context) if isinstance(p, click.Option)]
    return {tuple(option.opts): option for option in found}


def own(name):
    """The page's rows of a command's own options."""
    text = PARTS[name][1].partition("\n## ")[0]
    return {tuple(quoted(row[0])): row[1:] for row in rows(text, "Option")}


def test_it_has_each_command_once():
    heads = [head.split()[0] for head in sections(TEXT, "###")]
    assert sorted(heads) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_its_arguments(name):
    command, context = built(name)
    words = [word for word in command.collect_usage_pieces(context) if word != "[OPTIONS]"]
    assert PARTS[name][0] == " ".join((name, *words))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_its_options(name):
    common = {names for names, commands in COMMON.items() if name in commands}
    assert {*own(name), *common} == set(options(name))
    assert not common & set(own(name))


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_has_its_default(name):
    for names, (value, standard, words) in own(name).items():
        option = options(name)[names]
        assert (value == "") == option.is_flag, names
        assert standard == shown_default(option), names
        assert words, names


def shown_default(option):
    """As the page has it."""
    if option.required:
        return "required"
    if option.is_flag or option.multiple or not isinstance(option.default, str | int):
        return ""
    return str(option.default)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_its_forms(name):
    text = PARTS[name][1]
    told = re.search(r"Forms:\s+([^.]*)\.", text)
    option = options(name).get(("--format",))
    assert bool(told) == bool(option)
    if option is not None:
        assert quoted(told[1]) == list(option.type.choices)
        assert option.default == option.type.choices[0]


def test_the_common_defaults_are_those_of_each_command():
    (row,) = [row for row in rows(TEXT, "Option") if row[0] == "`--parallelism`"]
    for name in quoted(row[3]):
        assert str(options(name)[("--parallelism",)].default) == row[2]
