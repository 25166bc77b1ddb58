"""The plan of a file: from its hosts as they are now, or from recorded facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.cli.targets import check_targets
from reconciler.cli.terminal import note
from reconciler.errors import ReconcilerError
from reconciler.loading import read
from reconciler.model.desired import Desired
from reconciler.model.plan import Plan
from reconciler.observation import ClusterObservations, Options
from reconciler.observation.recorded import look_at_recorded
from reconciler.planning.planner import make_plan
from reconciler.reports.facts import age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.loading.saved import Facts


class FactsFile:
    """Recorded facts, read once for all files that are planned from them; their age is told.

    What they fail with is the same for each.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._found: Facts | ReconcilerError | None = None

    def read(self) -> Facts:
        """Raises UsageError without a file, InputError for one that is damaged."""
        if self._found is None:
            self._found = self._first()
        if isinstance(self._found, ReconcilerError):
            raise self._found
        return self._found

    def _first(self) -> Facts | ReconcilerError:
        from reconciler.loading.saved import recorded_facts  # noqa: PLC0415  # only when needed

        try:
            found = recorded_facts(self.path)
        except ReconcilerError as error:
            return error
        note(f"note: {age(found.observed_at, datetime.now(UTC))}")
        return found


def plan_file(
    path: str, options: Options, *, facts: str | None = None, no_color: bool
) -> tuple[Plan, ClusterObservations]:
    """Read the hosts of a file, or what was recorded of them, and plan; writes nothing anywhere.

    Raises SpecInvalid for the file, UsageError for an unknown target.
    """
    desired = read(path)
    check_targets(desired, options.targets)
    if facts:
        return plan_from_facts(desired, FactsFile(facts), options.targets)
    from reconciler.cli.live_plan import plan_live  # noqa: PLC0415  # recorded facts do without hosts

    return plan_live(desired, options, no_color=no_color)


def plan_from_facts(
    desired: Desired, facts: FactsFile, targets: Sequence[str]
) -> tuple[Plan, ClusterObservations]:
    """The plan of a file that was read and checked already; no host is asked."""
    pairs = look_at_recorded(desired, facts.read().clusters, targets)
    return make_plan(pairs, targets), pairs
