"""Approvals: who approved which plan, when, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from reconciler.storage.sql_tables import APPROVALS


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval; ``scope`` says in words what of the plan, ``run`` is the run that it was given to."""

    run: str
    plan: str
    at: datetime
    who: str
    scope: str


def store_approval(connection: Connection, one: Approval) -> bool:
    """Keep an approval: whether it was not there yet."""
    found = APPROVALS.c
    same = (found.run == one.run, found.plan == one.plan, found.at == one.at)
    if connection.execute(select(found.id).where(*same)).scalar() is not None:
        return False
    words = {"run": one.run, "plan": one.plan, "at": one.at, "who": one.who, "scope": one.scope}
    connection.execute(insert(APPROVALS).values(words))
    return True


def plan_approvals(connection: Connection, plan: str) -> Sequence[Approval]:
    """Who approved a plan, the first first."""
    found = APPROVALS.c
    asked = select(found.run, found.plan, found.at, found.who, found.scope)
    rows = connection.execute(asked.where(found.plan == plan).order_by(found.at, found.id))
    return [Approval(*row) for row in rows]


def run_approvals(connection: Connection, run: str) -> Sequence[Approval]:
    """What was approved for a run, or for a rollout, the first first."""
    found = APPROVALS.c
    asked = select(found.run, found.plan, found.at, found.who, found.scope)
    rows = connection.execute(asked.where(found.run == run).order_by(found.at, found.id))
    return [Approval(*row) for row in rows]


def latest_approvals(connection: Connection, limit: int) -> Sequence[Approval]:
    """At most ``limit`` approvals, the latest first."""
    found = APPROVALS.c
    asked = select(found.run, found.plan, found.at, found.who, found.scope)
    latest = asked.order_by(found.at.desc(), found.id.desc()).limit(limit)
    return [Approval(*row) for row in connection.execute(latest)]
