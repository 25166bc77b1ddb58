"""What a shell completes values to: codes, runs, targets, files. No host is asked.

A press of a key waits for it, so nothing is imported that takes a while, a file of the user's is
only looked through for names, and what cannot be read has no completions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from reconciler.cli.state_place import state_directory
from reconciler.model.addresses import cluster_address, member_address, volume_address

Items = list[CompletionItem[str]]
# Of the runs so many, the latest; of a file so many characters.
RUNS, CHARACTERS = 30, 4_000_000
_NAME = re.compile(
    r"""(?:^|[\s{,])["']?(name|label)["']?\s*:\s*["']?([A-Za-z0-9][A-Za-z0-9._-]*)"""
)
_ROW = re.compile(r"^\|`([a-z_]+(?:\[\])?\.[a-z_.\[\]]+)`\|", re.MULTILINE)
_KEY = re.compile(r"""^(\s*)(?:- )?["']?(\w+)["']?\s*:""")


def files(_context: click.Context, _param: click.Parameter, typed: str) -> Items:
    """The shell's own completion of files."""
    return [CompletionItem(typed, type="file")]


def codes(context: click.Context, param: click.Parameter, typed: str) -> Items:
    """Codes that have a page; with a slash, addresses of the file; with a dot, its keys."""
    if "/" in typed:
        return targets(context, param, typed)
    if "." in typed:
        return _items(_keys(), typed)
    from reconciler.reports.explain import codes as pages  # noqa: PLC0415  # only here

    return _items(pages(), typed)


def _keys() -> Iterator[str]:
    """The keys of a file, out of the manual's tables: what reads them properly loads for long."""
    from reconciler.reports.manual import manual_page  # noqa: PLC0415  # only here

    for key in _ROW.findall(manual_page("file")):
        yield key.replace("[]", "").removeprefix("clusters.")


def runs(context: click.Context, param: click.Parameter, typed: str) -> Items:
    """The latest runs, the saved plans that lie here."""
    if "/" in typed:
        return files(context, param, typed)
    with suppress(OSError):
        place = state_directory(context.params.get("state_dir")) / "runs"
        names = sorted((path.stem for path in place.glob("*.jsonl")), reverse=True)
        plans = sorted(path.name for path in Path().glob("*.plan.json"))
        return _items(("last", *names[:RUNS], *plans), typed)
    return []


def targets(context: click.Context, _param: click.Parameter, typed: str) -> Items:
    """Each cluster, member and volume of the file."""
    return _items(_addresses(context), typed)


def cluster_or_host(context: click.Context, _param: click.Parameter, typed: str) -> Items:
    """The names of the file's clusters and members."""
    from reconciler.model.addresses import VOLUME, parse_address  # noqa: PLC0415  # only here

    owners = map(parse_address, _addresses(context))
    return _items((owner.name for owner in owners if owner.sort != VOLUME), typed)


def topics(_context: click.Context, _param: click.Parameter, typed: str) -> Items:
    """The manual's pages."""
    from reconciler.reports.manual import TOPICS  # noqa: PLC0415  # only here

    return _items(TOPICS, typed)


def commands(context: click.Context, _param: click.Parameter, typed: str) -> Items:
    """Our own commands; after the word of one, those below it."""
    from reconciler.cli import cli  # noqa: PLC0415  # the group imports this module

    found: click.Command | None = cli
    top = context.find_root()
    for word in context.params.get("command") or ():
        found = found.get_command(top, word) if isinstance(found, click.Group) else None
    names = found.list_commands(top) if isinstance(found, click.Group) else ()
    return _items(tuple(names), typed)


def _items(words: Iterator[str] | tuple[str, ...] | Mapping[str, str], typed: str) -> Items:
    return [CompletionItem(word) for word in words if word.startswith(typed)]


def _addresses(context: click.Context) -> Iterator[str]:
    given = context.params.get("files") or (context.params.get("file"),)
    default = os.environ.get("RECONCILE_CONFIG") or "cluster.yaml"
    for file in given:
        with (
            suppress(OSError, UnicodeDecodeError),
            Path(file or default).open(encoding="utf-8") as opened,
        ):
            yield from find_names(opened.read(CHARACTERS))


def find_names(text: str) -> Iterator[str]:
    """The addresses of what a desired-state file names, found by its keys and indentation.

    It need not be valid: it is being written.
    """
    members: int | None = None  # how far its key is indented, while inside of it
    for line in text.splitlines():
        if key := _KEY.match(line):
            left = len(key[1])
            is_item = line.lstrip().startswith("- ")
            if members is not None and (left < members or (left == members and not is_item)):
                members = None
            members = left if key[2] == "members" else members
        for what, name in _NAME.findall(line.partition(" #")[0]):
            if what == "label":
                yield volume_address(name)
            else:
                yield cluster_address(name) if members is None else member_address(name)


# By the name of the parameter.
VALUES: Mapping[str, Callable[[click.Context, click.Parameter, str], Items]] = {
    "command": commands,
    "facts": files,
    "file": files,
    "files": files,
    "log_file": files,
    "output": files,
    "run": runs,
    "target": cluster_or_host,
    "targets": targets,
    "topic": topics,
    "what": codes,
}
