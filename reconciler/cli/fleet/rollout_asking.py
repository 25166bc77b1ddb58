"""Rollouts as the command line meets them: how one ended, and one that is followed until it does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.cli.terminal import show
from reconciler.errors import UsageError
from reconciler.execution import run_word
from reconciler.model.outcome import ClusterOutcome
from reconciler.model.rollout_states import ENDS, GONE, OPEN, OPEN_ROLLOUTS, UNWELL
from reconciler.reports.rollout_lines import cluster_line, rollout_line

if TYPE_CHECKING:
    from reconciler.model.documents import Json
    from reconciler.storage.database import Database

# Seconds between two looks at one that is followed.
APART = 1.0
# Of rollouts that may be meant, so many are named.
SOME = 5
FAILED, CANCELLED = 4, 130
# Of clusters that no run has ended, what ``apply`` would call it.
WORDS = {UNWELL: "partial", GONE: "refused"}


def load_rollout(database: Database, rollout: str) -> Json:
    """How far a rollout is. Raises UsageError where there is none of that id."""
    from reconciler.fleet.rollout_documents import rollout_document  # noqa: PLC0415  # slow to import
    from reconciler.storage.rollouts import find_rollout, rollout_clusters  # noqa: PLC0415

    with database.reading() as connection:
        found = find_rollout(connection, rollout)
        if found is None:
            raise UsageError(f"the fleet has no rollout {rollout!r}; reconcile fleet rollouts")
        return rollout_document(found, rollout_clusters(connection, rollout))


def choose_rollout(database: Database, word: str) -> str:
    """The id of the rollout that is meant: by its id, the beginning of that, or the plan that was
    approved, of which the last rollout counts. Raises UsageError where that is none, or several."""
    from reconciler.storage.approvals import plan_approvals  # noqa: PLC0415  # as above
    from reconciler.storage.rollouts import find_rollout, rollouts_beginning  # noqa: PLC0415

    with database.reading() as connection:
        if find_rollout(connection, word) is not None:
            return word
        found = rollouts_beginning(connection, word)
        begun = [one.run for one in plan_approvals(connection, word)]
        begun = [run for run in begun if find_rollout(connection, run) is not None]
    if len(found) > 1:
        raise UsageError(
            f"{word!r} is the beginning of {', '.join(found[:SOME])}: say more of it"
        )
    if not found and not begun:
        raise UsageError(
            f"the fleet has no rollout {word!r}; reconcile fleet rollouts lists them"
        )
    return found[0] if found else begun[-1]


def follow_rollout(database: Database, rollout: str, *, no_color: bool, told: bool) -> Json:
    """Wait for the end of a rollout; if it is ``told``, with a line for all that changes."""
    known: dict[str, object] = {}
    while True:
        now = load_rollout(database, rollout)
        lines = [rollout_line(now), *(cluster_line(one) for one in now["clusters"])]
        keys = ["", *(one["cluster"] for one in now["clusters"])]
        fresh = [
            line
            for key, line in zip(keys, lines, strict=True)
            if known.get(key) != line and (known or not _is_waiting(now, key))
        ]
        known = dict(zip(keys, lines, strict=True))
        if told:
            show(fresh, no_color)
        if now["state"] not in OPEN_ROLLOUTS:
            return now
        time.sleep(APART)


def _is_waiting(document: Json, name: str) -> bool:
    return any(one["cluster"] == name and one["state"] in OPEN for one in document["clusters"])


def rollout_code(document: Json) -> int:
    """The exit code of a rollout: that of ``apply`` for what became of its clusters, 0 while it is open."""
    state = document["state"]
    if state == ENDS["cancelling"]:
        return CANCELLED
    if state != ENDS["stopping"]:
        return 0
    code = run_word.exit_code(run_word.result(_outcomes(document), interrupted=False))
    return code or FAILED


def _outcomes(document: Json) -> Sequence[ClusterOutcome]:
    return [
        ClusterOutcome(one["cluster"], WORDS.get(one["state"], one["state"]))
        for one in document["clusters"]
        if one["ended"]
    ]
