"""The approval of a rollout: whether it was given for exactly what is drafted, and what it begins."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from reconciler.fleet.rollout_plans import Draft, FoundPlan
from reconciler.model.quantities import format_duration
from reconciler.storage.approvals import Approval, store_approval
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_workers import database_now
from reconciler.storage.rollouts import Enrolled, Rollout, new_rollout


@dataclass(frozen=True, slots=True)
class Consent:
    """What an operator gave: the id of a rollout, and the devices that may be formatted."""

    rollout: str | None = None
    devices: frozenset[str] = frozenset()


def missing_words(draft: Draft, consent: Consent) -> Sequence[str]:
    """What is not approved of all that would be done; empty if all is."""
    return tuple(_missing(draft, consent)) if draft.waves else ()


def _missing(draft: Draft, consent: Consent) -> Iterator[str]:
    if consent.rollout is None:
        yield f"it needs --approve {draft.id}"
    elif consent.rollout != draft.id:
        yield f"--approve {consent.rollout} is not this plan; its id is {draft.id}"
    for device, names in _formatted(draft).items():
        if device not in consent.devices:
            yield f"formatting {device} of {', '.join(names)} needs --accept-data {device}"


def approving_command(draft: Draft, more: Sequence[str] = ()) -> str:
    """The command that approves exactly this draft, without whom it refuses; ``more`` are words that
    say where the fleet is."""
    asked = draft.request
    refused = {one.cluster: one.zone for one in draft.refused}
    names = [name for name in asked.names if name not in refused]
    left = [n for n, zone in refused.items() if asked.everyone or zone in asked.zones]
    words = ["reconcile", "fleet", "apply", *names]
    words += ["--all"] if asked.everyone else []
    words += [word for zone in asked.zones for word in ("--zone", zone)]
    words += [word for name in (*asked.without, *left) for word in ("--without", name)]
    words += ["--wave", ",".join(asked.sizes)]
    words += ["--soak", format_duration(timedelta(seconds=asked.soak)), *more]
    words += ["--approve", draft.id]
    words += [word for device in _formatted(draft) for word in ("--accept-data", device)]
    return shlex.join(words)


def begin_rollout(connection: StateConnection, draft: Draft, rollout: str, who: str) -> Rollout:
    """A draft that ``who`` has approved becomes the rollout of that id; who approved what is kept.

    Who calls it has the lock on rollouts since before the draft was made, and nothing is missing.
    """
    now = database_now(connection)
    asked = draft.request
    one = Rollout(
        rollout, now, who, draft.commit, asked.sizes, asked.soak, "going", "it begins", None
    )
    rows = [
        Enrolled(
            found.cluster,
            number,
            found.plan.id,
            found.plan.text(),
            json.dumps(sorted(set(found.formats))),
        )
        for number, wave in enumerate(draft.waves, 1)
        for found in wave
        if found.plan is not None
    ]
    new_rollout(connection, one, rows)
    count = len(rows)
    whole = f"rollout of {count} clusters in {len(draft.waves)} waves, {asked.soak:g} s apart"
    store_approval(connection, Approval(rollout, draft.id, now, who, whole))
    for wave in draft.waves:
        for found in wave:
            if found.plan is not None:
                scope = _scope(found, rollout)
                store_approval(connection, Approval(rollout, found.plan.id, now, who, scope))
    return one


def _scope(found: FoundPlan, rollout: str) -> str:
    devices = "".join(f", formatting {device}" for device in found.formats)
    at = f" of commit {found.commit}" if found.commit else ""
    return f"the plan of {found.cluster}{at}, in rollout {rollout}{devices}"


def _formatted(draft: Draft) -> dict[str, list[str]]:
    """Each device that would be formatted, with its clusters."""
    found: dict[str, list[str]] = {}
    for wave in draft.waves:
        for one in wave:
            for device in one.formats:
                found.setdefault(device, []).append(one.cluster)
    return found
