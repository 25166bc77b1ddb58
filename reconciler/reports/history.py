"""Past runs from their journals: the list of them, and one of them whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo

from reconciler.model.documents import FORMAT_VERSION, Json
from reconciler.model.outcome import AT_WORK, CUT_OFF
from reconciler.model.quantities import with_count
from reconciler.model.revision import say_revision
from reconciler.passport.field_rows import PROVEN
from reconciler.reports.elapsed import (
    local_clock,
    local_moment,
    span_words,
    zone_words,
)
from reconciler.reports.past_runs import Event, Past
from reconciler.reports.shortening import shorten_hashes

Line = tuple[str, str]
# Lines of a command's output that are shown without -v.
OUTPUT = 12
_STYLES = {"converged": "good", "no-change": "good", AT_WORK: "warn"}


def history_document(runs: Sequence[Past]) -> Json:
    """All runs, the latest first."""
    return {"format_version": FORMAT_VERSION, "runs": [_summary(run) for run in runs]}


def _summary(run: Past) -> Json:
    began, ended = run.first("run-started"), run.ended
    return {
        "run": run.run,
        "started": began.get("time"),
        "ended": ended.get("time"),
        "seconds": run.seconds,
        "user": began.get("user"),
        "controller": began.get("controller"),
        "file": began.get("file"),
        "file_digest": began.get("file_digest"),
        "commit": began.get("commit"),
        "rollout": began.get("rollout"),
        "ref": began.get("ref"),
        "healing": bool(began.get("healing")),
        "plan": run.plan or None,
        "result": run.result,
        "exit_code": ended.get("exit_code"),
        "clusters": ended.get("clusters", {}),
        "counts": run.counts,
        "broken_line": run.broken,
    }


def history_lines(
    runs: Sequence[Past], place: str, zone: tzinfo | None = None
) -> Iterator[Line]:
    """A line a run, the latest first; times are of ``zone``, else of this machine."""
    if not runs:
        yield "", f"no runs are recorded in {place}"
        return
    rows = [TITLES, *(_row(run, zone) for run in runs)]
    wide = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row, style in zip(rows, ["title", *(_style(run) for run in runs)], strict=True):
        words = (word.ljust(width) for word, width in zip(row, wide, strict=True))
        yield style, "  ".join(words).rstrip()
    if damaged := [run for run in runs if run.broken]:
        yield "", ""
        for run in damaged:
            yield "bad", f"{run.run}: line {run.broken} is damaged: reconcile show --verify"


TITLES = ("RUN", "BEGAN", "TOOK", "RESULT", "DONE", "PLAN", "WHO", "FILE")


def _row(run: Past, zone: tzinfo | None) -> tuple[str, ...]:
    began = run.first("run-started")
    who = f"{began.get('user', '?')}@{began.get('controller', '?')}"
    who += " healing" if began.get("healing") else ""
    return (
        run.run,
        local_moment(began.get("time"), zone),
        _took(run),
        run.result,
        _done(run.counts),
        run.plan or "-",
        who,
        str(began.get("file", "?")),
    )


def _took(run: Past) -> str:
    """Of a run without an end the time that it is known to have taken."""
    if run.seconds is None:
        return "-"
    return f"{span_words(run.seconds)}{'' if run.ended else '+'}"


def _done(counts: Mapping[str, int]) -> str:
    """``3/12``, and what else became of the rest."""
    if not (total := sum(counts.values())):
        return "-"
    rest = [f"{counts[word]} {word}" for word in ("failed", "unknown") if counts.get(word)]
    return ", ".join([f"{counts.get('done', 0)}/{total}", *rest])


def _style(run: Past) -> str:
    return "bad" if run.broken else _STYLES.get(run.result, "bad")


def run_document(run: Past, chain: Json) -> Json:
    """One run with all of its lines, and what its chain shows."""
    lines = [dict(line) for line in run.lines]
    return {"format_version": FORMAT_VERSION, **_summary(run), "lines": lines, "chain": chain}


def run_lines(run: Past, detail: int, zone: tzinfo | None = None) -> Iterator[Line]:
    """One run: who and what, each action with command, output and proof, and the end.

    Times are of ``zone``, else of this machine.
    """
    began = run.first("run-started")
    yield "title", f"run {run.run}: {run.result}"
    how = ", healing by the policy of the file" if began.get("healing") else ""
    if rollout := began.get("rollout"):
        how = f", in rollout {rollout} that {began.get('approved_by', '?')} approved"
    yield "", f"  who      {began.get('user', '?')} on {began.get('controller', '?')}{how}"
    yield "", f"  when     {_when(run, zone)}"
    digest = str(began.get("file_digest", ""))[:12]
    yield "", f"  file     {began.get('file', '?')}{f'  sha256 {digest}' if digest else ''}"
    if at := say_revision(began.get("commit"), began.get("ref")):
        yield "", f"  commit   {at}"
    yield "", f"  plan     {run.plan or 'none was made'}"
    yield "", ""
    commands = {
        (line.get("cluster"), line.get("action")): str(line.get("command", ""))
        for line in run.lines
        if line.get("event") == "action-started"
    }
    for line in run.lines:
        command = commands.get((line.get("cluster"), line.get("action")), "")
        local = {**line, "clock": local_clock(line.get("time"), zone)}
        yield from _TOLD.get(str(line.get("event")), _nothing)(local, command, detail)
    yield from _unended(run, zone)
    yield from _conclusion(run)


def _when(run: Past, zone: tzinfo | None) -> str:
    """From when to when, in which zone, and how long that was."""
    began, ended = run.first("run-started").get("time"), run.ended.get("time")
    until = f" to {local_moment(ended, zone)}" if ended else ""
    return f"{local_moment(began, zone)}{until} {zone_words(began, zone)} ({_took(run)})"


def _nothing(_line: Event, _command: str, _detail: int) -> Iterator[Line]:
    return iter(())


def _observed(line: Event, _command: str, _detail: int) -> Iterator[Line]:
    lost = f", {line['unreachable']} not reached" if line.get("unreachable") else ""
    yield (
        "dim",
        f"{line['clock']} observed cluster {line.get('cluster')}: {line.get('hosts')} hosts{lost}",
    )


def _action(line: Event, command: str, detail: int) -> Iterator[Line]:
    word, style = _ENDS[str(line["event"])]
    took = f"{line.get('seconds', 0.0):.1f} s"
    host = line.get("host") or "all"
    yield style, f"{line['clock']} {word} {took:>7}  {host}: {line.get('summary')}"
    if command:
        status = line.get("status")
        ended = "" if status is None else f"   (status {status}, {_long(line)})"
        yield "command", f"    $ {command if detail else shorten_hashes(command)}{ended}"
    for stream in ("stdout", "stderr"):
        yield from _output(str(line.get(stream, "")), detail)
    if message := line.get("message"):
        yield from (("bad", f"    {text}") for text in str(message).splitlines())
    if detail:
        yield from (("dim", f"    proved {words}") for words in line.get("proved", ()))


def _long(line: Event) -> str:
    return f"{line.get('command_seconds', 0.0):.1f} s"


def _output(text: str, detail: int) -> Iterator[Line]:
    lines = text.splitlines()
    shown = lines if detail else lines[:OUTPUT]
    yield from (("diff", f"    {line}") for line in shown)
    if more := len(lines) - len(shown):
        yield (
            "dim",
            f"    and {with_count(more, 'more line')} (-v shows {'it' if more == 1 else 'them'})",
        )


def _proven(line: Event, _command: str, _detail: int) -> Iterator[Line]:
    names = ", ".join(map(str, line.get("operations") or ()))
    where = f"kernel {line.get('kernel')}, tools {line.get('tools') or 'unknown'}"
    yield "dim", f"{line['clock']} proven on {where}: {names}"


def _refused(line: Event, _command: str, _detail: int) -> Iterator[Line]:
    yield "bad", f"{line['clock']} refused {line.get('code')}  {line.get('subject')}"
    yield "bad", f"    {line.get('message')}"
    yield "remedy", f"    remedy: {line.get('remedy')}"


def _told(line: Event, _command: str, _detail: int) -> Iterator[Line]:
    text = line.get("message") or line.get("reason")
    yield "", f"{line['clock']} {line.get('cluster') or line.get('event')}: {text}"


_ENDS = {
    "action-finished": ("done  ", "good"),
    "barrier": ("proved", "good"),
    "action-failed": ("FAILED", "bad"),
}
_TOLD = {
    "observed": _observed,
    "refused": _refused,
    "not-approved": _told,
    "told": _told,
    PROVEN: _proven,
    "approved": _told,
    **dict.fromkeys(_ENDS, _action),
}


def _unended(run: Past, zone: tzinfo | None) -> Iterator[Line]:
    """What had started, and of which no end is on record."""
    ends = {(e.get("cluster"), e.get("action")) for e in run.lines if e.get("event") in _ENDS}
    for line in run.lines:
        key = (line.get("cluster"), line.get("action"))
        if line.get("event") == "action-started" and key not in ends:
            host = line.get("host") or "all"
            yield (
                "warn",
                f"{local_clock(line.get('time'), zone)} started, no end on record  {host}: {line.get('summary')}",
            )
            if command := line.get("command"):
                yield "command", f"    $ {command}"


def _conclusion(run: Past) -> Iterator[Line]:
    yield "", ""
    ended = run.ended
    if not ended:
        told = {
            AT_WORK: "The run is still at work.",
            CUT_OFF: "The record has no end: the run was cut off. What had started may have been "
            "done; apply again looks and goes on from there.",
        }
        yield "warn", told.get(run.result, "")
        return
    for name, result in (ended.get("clusters") or {}).items():
        yield _STYLES.get(result, "bad"), f"cluster {name}: {result}"
    counts = run.counts
    words = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    yield "", f"{run.result} (exit {ended.get('exit_code')}){f': {words}' if words else ''}"


def chain_lines(chain: Json) -> Iterator[Line]:
    """What the chain of a record shows, and what it cannot."""
    if chain["broken_line"]:
        yield (
            "bad",
            f"BROKEN: line {chain['broken_line']} of {chain['path']} is damaged, of another "
            "run, or does not follow the one before it",
        )
    elif chain["head_expected"] and chain["head_expected"] != chain["head"]:
        yield "bad", f"ANOTHER RECORD: its head is {chain['head']}"
        yield "bad", f"                         not {chain['head_expected']}"
    else:
        yield "good", f"whole: each of {chain['lines']} lines follows the one before it"
    if chain["unfinished"]:
        yield "warn", "its last line has no end: the run was cut off while it wrote, or goes on"
    elif not chain["ended"]:
        yield (
            "warn",
            "no line tells how the run ended: it was cut off, it goes on, or its last lines were taken out",
        )
    if not chain["broken_line"]:
        yield "", f"head: {chain['head']}"
    if not chain["head_expected"]:
        yield (
            "dim",
            "A chain shows damage and edits. Who rewrites the file whole, or cuts its end,",
        )
        yield "dim", "is not shown, unless the head was noted elsewhere: --verify --head HASH."
