"""What values must be to one another: named rules, each a pure function of ``Desired``.

A new rule is one function and one line in its module's ``RULES``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.loading.semantics import (
    commands,
    devices,
    members,
    mounts,
    packages,
    policies,
    secrets,
    workloads,
)
from reconciler.loading.semantics.finding import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.desired import Desired

__all__ = ["RULES", "Finding", "Rule", "findings"]

RULES: tuple[Rule, ...] = (
    *members.RULES,
    *devices.RULES,
    *mounts.RULES,
    *workloads.RULES,
    *commands.RULES,
    *secrets.RULES,
    *packages.RULES,
    *policies.RULES,
)


def findings(desired: Desired) -> Iterator[Finding]:
    """Everything that is wrong with ``desired`` as a whole."""
    for rule in RULES:
        yield from rule(desired)
