"""What a plan needs to be approved, and whether it was given (manual plan, 4)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from reconciler.frozen import frozen
from reconciler.model.plan import Action, ClusterPlan, Plan

Aliases = Mapping[str, frozenset[str]]


@frozen
class Consent:
    """What the operator gave on the command line, or typed at the prompts."""

    auto: bool = False
    plan_id: str | None = None
    devices: frozenset[str] = frozenset()


@frozen
class Verdict:
    """``missing`` says what is not approved, empty if all is; ``notes`` what was needless."""

    missing: tuple[str, ...]
    command: str
    notes: tuple[str, ...] = ()


def runnable(plan: Plan) -> tuple[ClusterPlan, ...]:
    """The clusters that would act: something to do and nothing that forbids it."""
    return tuple(c for c in plan.clusters if c.actions and not c.blocked)


def formats(plan: Plan) -> tuple[Action, ...]:
    """The formatting actions that would run."""
    return tuple(a for c in runnable(plan) for a in c.actions if a.risk == "data")


def judge(plan: Plan, consent: Consent, file: str, aliases: Aliases) -> Verdict:
    """Whether ``consent`` covers all that would run; else the exact command that would."""
    actions = [a for c in runnable(plan) for a in c.actions]
    harmless = all(a.risk == "safe" and not a.irreversible for a in actions)
    missing = []
    if consent.plan_id is not None and consent.plan_id != plan.id and actions:
        missing.append(f"--approve {consent.plan_id} is not this plan; its id is {plan.id}")
    elif not harmless and consent.plan_id != plan.id:
        missing.append(f"plan {plan.id} is not safe and reversible: it needs --approve")
    elif harmless and not consent.auto and consent.plan_id != plan.id and actions:
        missing.append(f"plan {plan.id} is not approved")
    devices = [a.device for a in formats(plan)]
    missing += [
        f"formatting {device} needs --accept-data {device}"
        for device in devices
        if not consent.devices & (aliases.get(device, frozenset()) | {device})
    ]
    return Verdict(tuple(missing), _command(plan, file), _needless(consent, devices, aliases))


def _command(plan: Plan, file: str) -> str:
    words = ["reconcile", "apply", file, "--approve", plan.id]
    for action in formats(plan):
        words += ["--accept-data", action.device]
    return shlex.join(words)


def _needless(consent: Consent, devices: list[str], aliases: Aliases) -> tuple[str, ...]:
    covered = {
        name for device in devices for name in aliases.get(device, frozenset()) | {device}
    }
    extra = sorted(consent.devices - covered)
    return tuple(f"--accept-data {device} is not needed: ignored" for device in extra)
