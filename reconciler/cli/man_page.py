"""The man page reconcile(1), made of the commands and of the manual's exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import click

from reconciler import __version__
from reconciler.reports.manual import manual_page

_EXIT_CODE = re.compile(r"^\|(\d+)\|[^|]*\|([^|]*)\|", re.MULTILINE)
_CODE = re.compile(r"`([^`]*)`")
FILES = (
    ("./cluster.yaml", "The desired-state file where none is given."),
    ("~/.local/state/reconcile/runs", "The records of runs, for their owner alone."),
    ("/var/lib/reconcile/CLUSTER", "On each member: what was applied last, leases, pauses."),
)
VARIABLES = (
    ("RECONCILE_CONFIG", "The desired-state file where none is given."),
    ("RECONCILE_STATE", "Where runs are recorded; --state-dir wins."),
    ("RECONCILE_LOG", "As --log-level."),
    ("NO_COLOR", "No colours."),
)


def man_page(group: click.Group, top: click.Context) -> str:
    """The whole page in the macros of man(7): the same bytes for the same version."""
    return "".join(f"{line}\n" for line in _lines(group, top))


def _lines(group: click.Group, top: click.Context) -> Iterator[str]:
    yield f'.TH RECONCILE 1 "" "reconcile {__version__}" "User Commands"'
    yield from (".SH NAME", r"reconcile \- declarative reconciliation of OCFS2 clusters")
    yield from (
        ".SH SYNOPSIS",
        r".B reconcile",
        r"\fICOMMAND\fR [\fIOPTION\fR]... [\fIFILE\fR]",
    )
    yield ".SH DESCRIPTION"
    yield from _paragraphs(group.help or "")
    yield ".SH COMMANDS"
    for name in group.list_commands(top):
        found = group.get_command(top, name)
        if found is not None:
            yield from _command(found, click.Context(found, parent=top, info_name=name))
    yield ".SH EXIT STATUS"
    yield from _list(_EXIT_CODE.findall(manual_page("exit-codes")))
    yield ".SH ENVIRONMENT"
    yield from _list(VARIABLES)
    yield ".SH FILES"
    yield from _list(FILES)
    yield ".SH SEE ALSO"
    yield from _text(
        "reconcile manual: the pages of the manual. reconcile explain CODE: a refusal."
    )
    yield from (".PP", r"\fBmkfs.ocfs2\fR(8), \fBtunefs.ocfs2\fR(8), \fBocfs2\fR(7)")


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    words = [_escaped(word) for word in command.collect_usage_pieces(context)]
    yield f'.SS "{context.info_name} {" ".join(words)}"'
    yield from _paragraphs(command.help or "")
    own = (param for param in command.params if isinstance(param, click.Option))
    records = (option.get_help_record(context) for option in own)
    yield from _list([record for record in records if record])


def _paragraphs(text: str) -> Iterator[str]:
    for place, paragraph in enumerate(text.split("\n\n")):
        if place:
            yield ".PP"
        yield from _text(" ".join(paragraph.split()))


def _list(items: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, words in items:
        yield from (".TP", f"\\fB{_escaped(name)}\\fR")
        yield from _text(_CODE.sub(r"\1", words.strip()) or "-")


def _text(text: str) -> Iterator[str]:
    """A line that groff takes for words: none of its requests begin with a dot or quote."""
    words = _escaped(text)
    yield f"\\&{words}" if words[:1] in {".", "'"} else words


def _escaped(text: str) -> str:
    return (
        text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("`", "\\`")
    )
