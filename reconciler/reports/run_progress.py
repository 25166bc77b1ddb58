"""How far a run is, or came: each action with its state, each host with what it has done, by its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reconciler.model.outcome import AT_WORK
from reconciler.model.refusals import REFUSALS
from reconciler.reports.past_runs import Event, Past, planned_actions

State: TypeAlias = Literal["running", "done", "failed", "unknown"]
_ENDS: Mapping[str, State] = {
    "action-finished": "done",
    "barrier": "done",
    "action-failed": "failed",
}
# What a run tells beside its actions, and the key that has the words.
_TOLD = {
    "approved": "message",
    "not-approved": "reason",
    "told": "message",
    "refused": "message",
    "stale": "section",
}
_CODE = re.compile(r"\b([a-z][a-z0-9]*(?:-[a-z0-9]+)+): ")


@dataclass(frozen=True, slots=True)
class RunAction:
    """An action that was begun; of all hosts together ``host`` is empty.

    ``state`` is ``unknown`` where a run has no end of it and is not at work. Times are of ISO 8601,
    empty where there is none. ``code`` is the refusal's by which it failed, empty if none is named.
    ``command`` is what ran on the host, ``status`` how that ended, ``proved`` what was seen after it.
    """

    cluster: str
    action: str
    host: str
    kind: str
    summary: str
    state: State
    started: str
    ended: str
    seconds: float | None
    code: str
    message: str
    command: str = ""
    status: int | None = None
    proved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostProgress:
    """So many actions of a host ended, of ``planned``, which is None where the record does not tell."""

    host: str
    planned: int | None
    done: int
    failed: int
    unknown: int
    running: tuple[RunAction, ...]


@dataclass(frozen=True, slots=True)
class RunWords:
    """Something that a run told at a moment; ``code`` and ``remedy`` are a refusal's."""

    time: str
    event: str
    cluster: str
    subject: str
    message: str
    code: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """All of it; ``actions`` in the order in which they were begun, ``planned`` of all clusters."""

    planned: int
    actions: tuple[RunAction, ...]
    hosts: tuple[HostProgress, ...]
    words: tuple[RunWords, ...]

    def count(self, state: State) -> int:
        """How many actions are so."""
        return sum(action.state == state for action in self.actions)


def run_progress(run: Past) -> RunProgress:
    """What the lines of a run's record come to; lines of another shape tell nothing."""
    actions = _actions(run)
    return RunProgress(
        planned=max(sum(map(planned_actions, run.lines)), len(actions)),
        actions=actions,
        hosts=tuple(_hosts(run, actions)),
        words=tuple(_words(run)),
    )


def _actions(run: Past) -> tuple[RunAction, ...]:
    begun: dict[tuple[str, str], Event] = {}
    ended: dict[tuple[str, str], Event] = {}
    for line in run.lines:
        key = _word(line, "cluster"), _word(line, "action")
        if line.get("event") == "action-started":
            begun[key] = line
            ended.pop(key, None)
        elif line.get("event") in _ENDS:
            begun.setdefault(key, {**line, "time": ""})
            ended[key] = line
    open_state: State = "running" if run.result == AT_WORK else "unknown"
    return tuple(_action(line, ended.get(key), open_state) for key, line in begun.items())


def _action(begun: Event, ended: Event | None, open_state: State) -> RunAction:
    last = ended or {}
    message = _word(last, "message")
    seconds, status, proved = (last.get(key) for key in ("seconds", "status", "proved"))
    return RunAction(
        cluster=_word(begun, "cluster"),
        action=_word(begun, "action"),
        host=_word(begun, "host"),
        kind=_word(begun, "kind"),
        summary=_word(begun, "summary"),
        state=_ENDS[str(last["event"])] if ended else open_state,
        started=_word(begun, "time"),
        ended=_word(last, "time"),
        seconds=float(seconds) if isinstance(seconds, (int, float)) else None,
        code=_code(message),
        message=message,
        command=_word(begun, "command"),
        status=status if isinstance(status, int) else None,
        proved=tuple(map(str, proved)) if isinstance(proved, list) else (),
    )


def _code(message: str) -> str:
    """The first word that is a code, as a host's own check and what ends an action say it."""
    return next((word for word in _CODE.findall(message) if word in REFUSALS), "")


def _hosts(run: Past, actions: Sequence[RunAction]) -> Iterator[HostProgress]:
    """The hosts of the plan, by name; what is of all of them together comes last."""
    planned = _planned_by_host(run)
    own: dict[str, list[RunAction]] = {host: [] for host in planned or ()}
    for action in actions:
        own.setdefault(action.host, []).append(action)
    for host, begun in sorted(own.items(), key=lambda pair: (not pair[0], pair[0])):
        states = [action.state for action in begun]
        yield HostProgress(
            host=host,
            planned=None if planned is None else max(planned.get(host, 0), len(begun)),
            done=states.count("done"),
            failed=states.count("failed"),
            unknown=states.count("unknown"),
            running=tuple(action for action in begun if action.state == "running"),
        )


def _planned_by_host(run: Past) -> Mapping[str, int] | None:
    """How many actions each host has in all clusters; None where no line tells it."""
    found: dict[str, int] | None = None
    for line in run.lines:
        by_host = line.get("actions_by_host") if line.get("event") == "observed" else None
        if isinstance(by_host, dict):
            found = found or {}
            for host, number in by_host.items():
                found[host] = found.get(host, 0) + (number if isinstance(number, int) else 0)
    return found


def _words(run: Past) -> Iterator[RunWords]:
    for line in run.lines:
        event = str(line.get("event"))
        if event in _TOLD:
            yield RunWords(
                time=_word(line, "time"),
                event=event,
                cluster=_word(line, "cluster"),
                subject=_word(line, "subject"),
                message=_word(line, _TOLD[event]),
                code=_word(line, "code"),
                remedy=_word(line, "remedy"),
            )


def _word(line: Event, key: str) -> str:
    found = line.get(key)
    return "" if found is None else str(found)
