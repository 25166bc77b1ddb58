"""The documents of the API that tell of runs. Keys may be added; none is renamed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from reconciler.execution.journal import parse_record
from reconciler.model.outcome import AT_WORK
from reconciler.model.revision import say_revision
from reconciler.reports.past_runs import Past, past
from reconciler.reports.run_progress import RunAction, RunProgress, RunWords, run_progress
from reconciler.storage.database import StateConnection
from reconciler.storage.runs import StoredRun, find_run, run_lines


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class RunDocument(_Document):
    """A run, as its record on the machine of the daemon tells."""

    run: Annotated[str, Field(description="its id; ids sort by time")]
    result: Annotated[
        str, Field(description="how it ended; `at work`, or `cut off` where it has no end")
    ]
    started: datetime | None
    ended: datetime | None
    plan: Annotated[str, Field(description="the plan's id, empty if none was made")]
    who: str
    file: str
    worker: Annotated[
        str, Field(description="of a fleet: the life of the worker that has its record")
    ]
    clusters: Annotated[dict[str, str], Field(description="the result of each")]
    counts: Annotated[dict[str, int], Field(description="how many actions ended how")]


class RunPage(_Document):
    """Runs, the latest first; the next page begins ``after`` the value of ``next``."""

    items: tuple[RunDocument, ...]
    next: str | None


class ActionDocument(_Document):
    """An action that was begun."""

    cluster: str
    action: str
    host: Annotated[str, Field(description="empty for what is of all hosts together")]
    kind: str
    summary: str
    state: Annotated[
        Literal["running", "done", "failed", "unknown"],
        Field(description="unknown: the record has no end of it, and the run is over"),
    ]
    started: Annotated[str, Field(description="ISO 8601")]
    ended: Annotated[str, Field(description="ISO 8601, empty while it runs")]
    seconds: float | None
    code: Annotated[str, Field(description="of the refusal by which it failed")]
    message: Annotated[str, Field(description="why it failed")]
    command: Annotated[
        str, Field(description="what ran on the host, empty where the record has none")
    ]
    status: Annotated[int | None, Field(description="the exit status of that")]
    proved: Annotated[tuple[str, ...], Field(description="what was seen after it")]


class HostDocument(_Document):
    """How far a run is on one host."""

    host: Annotated[str, Field(description="empty for what is of all hosts together")]
    planned: Annotated[int | None, Field(description="null where the record does not tell")]
    done: int
    failed: int
    unknown: int
    running: tuple[str, ...]


class WordsDocument(_Document):
    """What a run told beside its actions, as a refusal."""

    time: str
    event: str
    cluster: str
    subject: str
    code: str
    message: str
    remedy: str


class WholeRun(RunDocument):
    """A run with its actions, in the order in which they were begun."""

    healing: Annotated[bool, Field(description="whether the daemon did it by itself")]
    commit: Annotated[str, Field(description="at which the file said so; empty without git")]
    planned: int
    actions: tuple[ActionDocument, ...]
    hosts: tuple[HostDocument, ...]
    words: tuple[WordsDocument, ...]
    broken_line: Annotated[
        int | None, Field(description="the first line of the record that was touched")
    ]
    has_lines: Annotated[
        bool, Field(description="false: its lines are only in its file any more")
    ]


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A stored run with what its lines come to."""

    stored: StoredRun
    past: Past
    progress: RunProgress
    has_lines: bool

    @property
    def is_live(self) -> bool:
        """Whether it goes on."""
        return self.stored.result == AT_WORK

    @property
    def heals(self) -> bool:
        """Whether the daemon did it by itself."""
        return bool(self.past.first("run-started").get("healing"))

    @property
    def revision(self) -> str:
        """The commit at which its file was, in words; empty without git."""
        began = self.past.first("run-started")
        return say_revision(began.get("commit"), began.get("ref"))


def load_run(connection: StateConnection, run: str) -> FoundRun | None:
    """The run of an id; None if it is not stored."""
    stored = find_run(connection, run)
    if stored is None:
        return None
    texts, at_work = run_lines(connection, run), stored.result == AT_WORK
    record = parse_record(b"".join(text + b"\n" for text in texts), run, at_work=at_work)
    found = past(record.lines, run, record.broken, at_work=at_work)
    return FoundRun(stored, found, run_progress(found), len(texts) == stored.lines)


def run_document(one: StoredRun) -> RunDocument:
    """A stored run."""
    return RunDocument(
        run=one.run,
        result=one.result,
        started=one.started,
        ended=one.ended,
        plan=one.plan,
        who=one.who,
        file=one.file,
        worker=one.worker,
        clusters=dict(one.clusters),
        counts=dict(one.counts),
    )


def whole_run(found: FoundRun) -> WholeRun:
    """A run with all that it did."""
    progress = found.progress
    told = run_document(found.stored).model_dump()
    if found.has_lines:
        told["counts"] = dict(found.past.counts)
    return WholeRun(
        **told,
        healing=found.heals,
        commit=str(found.past.first("run-started").get("commit") or ""),
        planned=progress.planned,
        actions=tuple(map(_action, progress.actions)),
        hosts=tuple(
            HostDocument(
                host=one.host,
                planned=one.planned,
                done=one.done,
                failed=one.failed,
                unknown=one.unknown,
                running=tuple(action.action for action in one.running),
            )
            for one in progress.hosts
        ),
        words=tuple(map(_words, progress.words)),
        broken_line=found.past.broken,
        has_lines=found.has_lines,
    )


def _action(one: RunAction) -> ActionDocument:
    return ActionDocument(**{name: getattr(one, name) for name in ActionDocument.model_fields})


def _words(one: RunWords) -> WordsDocument:
    return WordsDocument(**{name: getattr(one, name) for name in WordsDocument.model_fields})
