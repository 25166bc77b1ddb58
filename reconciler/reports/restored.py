"""A saved plan as it was when it was made, to be shown again: nothing of it can be carried out."""

from __future__ import annotations

import shlex

from reconciler.errors import InputError
from reconciler.model.documents import PlanDocument, PlannedAction, PlannedCluster
from reconciler.model.plan import Action, ClusterPlan, Command, Fact, Plan, declared_kind
from reconciler.model.views import Surroundings


def restore_plan(document: PlanDocument) -> tuple[Plan, Surroundings]:
    """The plan, and what it is shown with.

    Its commands are what people read, its facts are words. Raises InputError for a plan of
    another version that lacks something of it.

    Raises InputError for a plan that another version has saved.
    """
    try:
        clusters = tuple(map(_cluster, document.clusters))
    except ValueError as error:
        raise _of_another_version(document, str(error)) from error
    if {cluster.name for cluster in clusters} - document.views.keys():
        raise _of_another_version(document, "it does not have what its hosts were like")
    plan = Plan(document.id, clusters, document.facts_digest, document.facts)
    return plan, Surroundings(document.file, document.places, document.views)


def _of_another_version(document: PlanDocument, why: str) -> InputError:
    return InputError(
        f"the plan {document.id} was saved by reconcile {document.reconciler_version} and cannot "
        f"be shown by this version: {why}; plan again: reconcile plan FILE -o NAME.plan.json"
    )


def _cluster(cluster: PlannedCluster) -> ClusterPlan:
    return ClusterPlan(
        cluster.name,
        cluster.changes,
        tuple(map(_action, cluster.actions)),
        cluster.outages,
        cluster.blocked,
        cluster.notes,
        cluster.findings,
    )


def _action(action: PlannedAction) -> Action:
    return Action(
        id=action.id,
        kind=declared_kind(action.kind),
        host=action.host,
        address=action.address,
        summary=action.summary,
        because=action.because,
        risk=action.risk,
        command=Command(tuple(shlex.split(action.command))) if action.command else None,
        expects=tuple(map(_fact, action.expects)),
        requires=tuple(map(_fact, action.requires)),
        unless=tuple(map(_fact, action.unless)),
        needs=action.needs,
        irreversible=action.irreversible,
        device=action.device,
        seconds=action.seconds,
    )


def _fact(words: str) -> Fact:
    """Whose words are the same (``documents.fact_words``); its subject stands in its reading."""
    hosts, _, rest = words.partition(": ")
    reading, _, value = rest.partition(" = ")
    return Fact(tuple(hosts.split(",")), reading, "", value)
