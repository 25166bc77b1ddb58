"""The commands' parameters as a shell completes them, without importing the commands.

``completion.json`` beside this file has them; it is made of the commands themselves by
``python -m reconciler.cli.completion_index``, and tested to be current.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import click

from reconciler.cli.completion_values import VALUES

Json = dict[str, Any]
FILE = "completion.json"


def indexed_command(name: str, help_text: str) -> click.Command | None:
    """A command with its parameters that does nothing; None if there is none of that name."""
    index = json.loads(files(__package__).joinpath(FILE).read_text())
    return _command(name, index[name], help_text) if name in index else None


def _command(name: str, entry: Json, help_text: str = "") -> click.Command:
    params = [*map(_option, entry["options"]), *map(_argument, entry["arguments"])]
    if not entry["commands"]:
        return click.Command(name, params=params, short_help=help_text)
    below = {word: _command(word, found) for word, found in entry["commands"].items()}
    return click.Group(
        name, commands=below, params=params, short_help=help_text, invoke_without_command=True
    )


def _option(entry: Json) -> click.Option:
    kind = click.Choice(entry["choices"]) if entry["choices"] else None
    return click.Option(
        [*entry["names"], entry["name"]],
        is_flag=entry["is_flag"],
        multiple=entry["multiple"],
        type=kind,
        shell_complete=VALUES.get(entry["name"]),
    )


def _argument(entry: Json) -> click.Argument:
    kind = click.Choice(entry["choices"]) if entry["choices"] else None
    return click.Argument(
        [entry["name"]],
        nargs=entry["nargs"],
        required=False,
        type=kind,
        shell_complete=VALUES.get(entry["name"]),
    )


def make_index(group: click.Group, context: click.Context) -> Json:
    """What the file has: every command's options and arguments."""
    found = ((name, group.get_command(context, name)) for name in group.list_commands(context))
    return {name: _entry(command, context) for name, command in found if command is not None}


def _entry(command: click.Command, context: click.Context) -> Json:
    below = make_index(command, context) if isinstance(command, click.Group) else {}
    return {
        "options": [_of_option(p) for p in command.params if isinstance(p, click.Option)],
        "arguments": [_of_argument(p) for p in command.params if isinstance(p, click.Argument)],
        "commands": below,
    }


def _of_option(option: click.Option) -> Json:
    return {
        "name": option.name,
        "names": [*option.opts, *option.secondary_opts],
        "is_flag": option.is_flag or option.count,
        "multiple": option.multiple,
        "choices": _choices(option),
    }


def _of_argument(argument: click.Argument) -> Json:
    return {"name": argument.name, "nargs": argument.nargs, "choices": _choices(argument)}


def _choices(param: click.Parameter) -> list[str]:
    return [str(c) for c in param.type.choices] if isinstance(param.type, click.Choice) else []


def index_text() -> str:
    """The file as it should be."""
    from reconciler.cli import cli  # noqa: PLC0415  # the group imports this module

    index = make_index(cli, click.Context(cli, info_name="reconcile"))
    lines = (f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in index.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    click.echo(index_text(), nl=False)
