"""The API of rollouts: changes to many clusters, how far they are, and who approved them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from reconciler.storage.approvals import Approval, run_approvals
from reconciler.storage.columns import storable_words
from reconciler.storage.database import StateConnection
from reconciler.storage.rollouts import (
    Rollout,
    RolloutCluster,
    count_states,
    find_rollout,
    latest_rollouts,
    rollout_clusters,
)
from reconciler.web.api import RESPONSES, Limit, Reader

LONGEST = 64  # of a rollout's id
router = APIRouter(prefix="/api/v1", responses=RESPONSES)


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class RolloutDocument(_Document):
    """A rollout, in the keys of `reconcile fleet rollouts --format json`."""

    rollout: Annotated[str, Field(description="its id")]
    created: datetime
    who: str
    commit: Annotated[str, Field(description="of the source; empty without git")]
    sizes: Annotated[tuple[str, ...], Field(description="of its waves, as they were asked for")]
    soak: Annotated[float, Field(description="seconds between a wave and the next")]
    state: Annotated[str, Field(description="a stable word")]
    message: Annotated[str, Field(description="what it waits for, or why it ended")]
    ended: datetime | None
    states: Annotated[Mapping[str, int], Field(description="how many clusters are how")]


class RolloutPage(_Document):
    """Rollouts, the latest first; the next page begins ``after`` the value of ``next``."""

    items: tuple[RolloutDocument, ...]
    next: str | None


class RolloutClusterDocument(_Document):
    """A cluster of a rollout."""

    cluster: str
    wave: Annotated[int, Field(description="from 1")]
    plan: Annotated[str, Field(description="the id of the plan that was approved")]
    state: Annotated[str, Field(description="a stable word")]
    run: Annotated[str | None, Field(description="the last that worked on it")]
    message: str
    began: datetime | None
    ended: datetime | None


class ApprovalDocument(_Document):
    """Who approved a plan; the first of a rollout is of all of it."""

    plan: str
    at: datetime
    who: str
    scope: Annotated[str, Field(description="in words, what of the plan")]


class WholeRollout(RolloutDocument):
    """A rollout with its clusters, by wave and name, and who approved what."""

    clusters: tuple[RolloutClusterDocument, ...]
    approvals: tuple[ApprovalDocument, ...]


def found_rollout(
    connection: Reader, rollout: Annotated[str, Path(max_length=LONGEST)]
) -> Rollout:
    """The rollout of the address. Raises HTTPException for one that is not known."""
    found = find_rollout(connection, storable_words(rollout))
    if found is None:
        raise HTTPException(404, f"no rollout {rollout} is known")
    return found


FoundRollout = Annotated[Rollout, Depends(found_rollout)]


def place_of(
    connection: Reader,
    after: Annotated[str, Query(max_length=LONGEST, description="next of a page")] = "",
) -> Rollout | None:
    """The rollout that a page begins after. Raises HTTPException for one that is not known."""
    found = find_rollout(connection, storable_words(after)) if after else None
    if after and found is None:
        raise HTTPException(400, f"the cursor is damaged: no rollout {after} is known")
    return found


RolloutPlace = Annotated[Rollout | None, Depends(place_of)]


@router.get("/rollouts")
def rollouts(connection: Reader, place: RolloutPlace, limit: Limit = 50) -> RolloutPage:
    """The rollouts of a fleet, the latest first."""
    found = latest_rollouts(connection, limit + 1, place)
    shown = found[:limit]
    return RolloutPage(
        items=tuple(rollout_document(connection, one) for one in shown),
        next=shown[-1].id if len(found) > limit else None,
    )


@router.get("/rollouts/{rollout}")
def rollout_by_id(connection: Reader, found: FoundRollout) -> WholeRollout:
    """One rollout: its clusters, and who approved what."""
    return WholeRollout(
        **rollout_document(connection, found).model_dump(),
        clusters=tuple(map(_cluster, rollout_clusters(connection, found.id))),
        approvals=tuple(map(_approval, run_approvals(connection, found.id))),
    )


def rollout_document(connection: StateConnection, one: Rollout) -> RolloutDocument:
    """How far a rollout is."""
    return RolloutDocument(
        rollout=one.id,
        created=one.created,
        who=one.who,
        commit=one.commit,
        sizes=one.waves,
        soak=one.soak,
        state=one.state,
        message=one.message,
        ended=one.ended,
        states=dict(sorted(count_states(connection, one.id).items())),
    )


def _cluster(one: RolloutCluster) -> RolloutClusterDocument:
    return RolloutClusterDocument(
        cluster=one.cluster,
        wave=one.wave,
        plan=one.plan,
        state=one.state,
        run=one.run or None,
        message=one.message,
        began=one.began,
        ended=one.ended,
    )


def _approval(one: Approval) -> ApprovalDocument:
    return ApprovalDocument(plan=one.plan, at=one.at, who=one.who, scope=one.scope)
