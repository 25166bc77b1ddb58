"""The JSON that a web hook gets: a document of its own, whose schema is published.

Keys may be added. None is renamed, and none changes its meaning, within version 1.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from reconciler.model.policy import Severity
from reconciler.model.watched import ConditionKind, ConditionStatus, Happening


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class ToldBefore(_Document):
    """What this receiver was told last of the same trouble."""

    reason: str
    severity: Severity
    at: datetime


class NotifiedCondition(_Document):
    """One trouble, in the form of Kubernetes' conditions."""

    happening: Annotated[
        Happening,
        Field(
            description="began; changed: another reason or severity; lasts: the daily reminder; ended"
        ),
    ]
    subject: Annotated[str, Field(description="address of a cluster, a member or a volume")]
    condition: ConditionKind
    status: ConditionStatus
    severity: Severity
    reason: Annotated[str, Field(description="a stable word")]
    message: Annotated[str, Field(description="a sentence for people; may change at any time")]
    then: Annotated[
        str,
        Field(
            description="whether the daemon mends it by itself and when, or somebody has to act; "
            "empty where that is not known"
        ),
    ] = ""
    since: Annotated[datetime, Field(description="when the status became what it is")]
    before: ToldBefore | None


class NotifiedPlan(_Document):
    """What `reconcile apply` would do now."""

    id: str
    text: Annotated[str, Field(description="as `reconcile plan` prints it; may be cut")]
    is_cut: bool


class Notification(_Document):
    """What changed of one cluster since this receiver was told last."""

    version: Literal[1] = 1
    id: Annotated[str, Field(description="the same each time that this message is sent again")]
    cluster: str
    file: str
    commit: Annotated[
        str | None, Field(description="at which the file says so, where it comes from git")
    ] = None
    ref: Annotated[
        str | None, Field(description="the branch, the tag or the commit that led to it")
    ] = None
    sent: datetime
    title: str
    conditions: tuple[NotifiedCondition, ...]
    more: Annotated[int, Field(description="how many conditions had no room here")]
    plan: NotifiedPlan | None
    link: Annotated[str | None, Field(description="to the cluster's page, where that is known")]
