"""Drafts of rollouts and rollouts as documents: what ``--json`` prints, and what people's lines are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from reconciler.fleet.rollout_plans import Draft, FoundPlan
from reconciler.model.documents import FORMAT_VERSION, Json
from reconciler.storage.rollouts import Rollout, RolloutCluster

# Of a step of a plan, as a look keeps it.
TOLD = ("id", "kind", "host", "address", "summary", "risk", "device", "irreversible")


def draft_document(draft: Draft, now: datetime) -> Json:
    """What would be done, wave by wave."""
    return {
        "format_version": FORMAT_VERSION,
        "id": draft.id,
        "commit": draft.commit,
        "soak": draft.request.soak,
        "sizes": list(draft.request.sizes),
        "waves": [
            {"wave": number, "clusters": [_planned(one, now) for one in wave]}
            for number, wave in enumerate(draft.waves, 1)
        ],
        "refused": [{"cluster": one.cluster, "reason": one.refusal} for one in draft.refused],
        "nothing_to_do": list(draft.idle),
    }


def _planned(one: FoundPlan, now: datetime) -> Json:
    steps: Sequence[Mapping[str, object]] = one.document.get("steps", ())
    return {
        "cluster": one.cluster,
        "zone": one.zone,
        "plan": one.plan.id if one.plan else "",
        "commit": one.commit,
        "looked": one.looked.isoformat() if one.looked else None,
        "seconds_ago": round((now - one.looked).total_seconds()) if one.looked else None,
        "degraded": one.degraded,
        "risk": one.document.get("risk", "none"),
        "irreversible": any(step["irreversible"] for step in steps),
        "actions": [{key: step[key] for key in TOLD} for step in steps],
        "outages": list(one.document.get("outages", ())),
        "formats": list(one.formats),
    }


def rollout_document(
    one: Rollout,
    clusters: Sequence[RolloutCluster],
    workers: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> Json:
    """How far a rollout is, or how it ended; ``workers`` are life and machine of the worker, by run."""
    return {
        "format_version": FORMAT_VERSION,
        "rollout": one.id,
        "created": one.created.isoformat(),
        "who": one.who,
        "commit": one.commit,
        "sizes": list(one.waves),
        "soak": one.soak,
        "state": one.state,
        "message": one.message,
        "ended": _moment(one.ended),
        "clusters": [
            {
                "cluster": row.cluster,
                "wave": row.wave,
                "plan": row.plan,
                "state": row.state,
                "run": row.run or None,
                "worker": workers.get(row.run, (None, None))[0],
                "machine": workers.get(row.run, (None, None))[1],
                "message": row.message,
                "began": _moment(row.began),
                "ended": _moment(row.ended),
            }
            for row in clusters
        ],
    }


def _moment(found: datetime | None) -> str | None:
    return found.isoformat() if found else None
