"""Several desired-state files at one command: each goes the way of one, in turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from reconciler.cli.error_exits import failure_code, failure_words, tell_failure
from reconciler.cli.exit_codes import combine_exit_codes
from reconciler.cli.options import discover_file
from reconciler.cli.terminal import show
from reconciler.errors import ReconcilerError, SpecInvalid, UsageError
from reconciler.frozen import frozen
from reconciler.loading.directories import identify, list_files
from reconciler.model.identity_cache import forget
from reconciler.model.problems import Problem
from reconciler.reports import problems as rendering

if TYPE_CHECKING:
    from reconciler.reports.junit import Suite
    from reconciler.reports.sarif import Result

Parts: TypeAlias = "Sequence[Suite] | Sequence[Result]"

STDIN = "-"
# Of these, parts of all files make one document.
MERGED = ("junit", "sarif")


@frozen
class Given:
    """The files that a command line names, and whether these are ``several`` of them."""

    names: tuple[str, ...]
    several: bool


@frozen
class FileResult:
    """What a command has to say of one file; nothing is made before it is asked for.

    ``show`` prints it as of a single file, ``document`` is its JSON, ``parts`` are its suites
    or results, in a form that is merged.
    """

    exit_code: int
    show: Callable[[], None]
    document: Callable[[], Mapping[str, Any]]
    parts: Callable[[], Parts] = tuple


def find_files(given: Sequence[str]) -> Given:
    """The files, each once; a directory stands for its files, an empty one for itself.

    A directory is several files, however many are in it: what is printed of it has one shape.
    Raises UsageError where none is given and there is no default.
    """
    asked = [discover_file(name) for name in given or (None,)]
    found: dict[str, str] = {}
    for file in (file for name in asked for file in _files_of(name)):
        found.setdefault(_identity(file), file)
    names = tuple(found.values())
    return Given(names, len(names) > 1 or any(Path(name).is_dir() for name in asked))


def _identity(name: str) -> str:
    return name if name == STDIN else identify(name)


def _files_of(name: str) -> list[str]:
    """Of a directory its files, else the name itself."""
    with suppress(OSError):  # ``check_has_files`` raises it again, and the other files go on
        return list_files(name) or [name]
    return [name]


def check_has_files(name: str) -> None:
    """Raises UsageError for a directory without any, which ``find_files`` left as it was.

    OSError for one that cannot be listed.
    """
    if Path(name).is_dir() and not list_files(name):
        raise UsageError(
            f"{name}: no *.yaml or *.yml in this directory; "
            f"reconcile init -o {name}/cluster.yaml writes one"
        )


def run_files(
    given: Given, form: str, work: Callable[[str], FileResult], *, no_color: bool
) -> int:
    """Do it with each file, and print each result as soon as it is there; the exit code.

    What fails with one file is told, and the rest goes on.
    """
    if not given.several:
        check_has_files(*given.names)
        result = work(*given.names)
        result.show()
        return result.exit_code
    codes: list[int] = []
    parts: list[Any] = []
    for number, name in enumerate(given.names):
        _show_heading(name, form, number, no_color=no_color)
        try:
            check_has_files(name)
            codes.append(_tell(name, form, work(name), parts))
        except BrokenPipeError:
            raise
        except (ReconcilerError, OSError) as error:
            tell_failure(error)
            codes.append(_tell(name, form, _failure(name, form, error), parts))
        forget()  # else the facts of the last clusters would stay in memory
    if form in MERGED:
        click.echo(_merged(form, parts))
    return combine_exit_codes(codes)


def _show_heading(name: str, form: str, number: int, *, no_color: bool) -> None:
    if number and form in {"text", "markdown"}:
        click.echo()
    if form == "text":
        show([("title", f"==> {name} <==")], no_color)
    if form == "markdown":
        from reconciler.reports.markdown import code  # noqa: PLC0415  # only when needed

        click.echo(f"## {code(name)}\n")


def _tell(name: str, form: str, result: FileResult, parts: list[Any]) -> int:
    if form == "json":
        click.echo(json.dumps({"file": name, **result.document()}, default=str))
    elif form in MERGED:
        parts.extend(_named(name, part) for part in result.parts())
    else:
        result.show()
    return result.exit_code


def _named(name: str, part: Any) -> Any:
    """Clusters of two files may have one name; a result of SARIF names its file anyway."""
    from reconciler.reports.junit import Suite  # noqa: PLC0415  # most forms do without

    if isinstance(part, Suite) and part.name != name:
        return replace(part, name=f"{name}: {part.name}")
    return part


def _failure(name: str, form: str, error: Exception) -> FileResult:
    """For machines and comments: stderr has told it already, and is not where these look."""
    found = problems_of(name, error)

    def show() -> None:
        if form == "markdown":
            from reconciler.reports.markdown import fence  # noqa: PLC0415  # only when needed

            click.echo(fence("", [rendering.headline(problem) for problem in found]))

    def parts() -> Parts:
        if form == "junit":
            return rendering.junit_suites([name], found)
        return rendering.sarif_results(found)

    def document() -> Mapping[str, Any]:
        return rendering.as_json(found)

    return FileResult(failure_code(error), show, document, parts)


def problems_of(name: str, error: Exception) -> tuple[Problem, ...]:
    """Whatever a file fails with is a problem of that file."""
    if isinstance(error, SpecInvalid):
        return error.problems
    words = failure_words(error).removeprefix(f"{name}: ")
    return (Problem(name, 1, 1, "file-unread", words, ""),)


def _merged(form: str, parts: Sequence[Any]) -> str:
    from reconciler.reports import junit, sarif  # noqa: PLC0415  # most forms do without

    return junit.render(parts) if form == "junit" else sarif.render(parts)


def refuse_several(given: Given, what: str, remedy: str) -> None:
    """Raises UsageError where there are several files: ``what`` is of one."""
    if given.several:
        raise UsageError(f"{what} is of one file, and {len(given.names)} are given: {remedy}")
