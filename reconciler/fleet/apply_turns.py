"""Turns in which a worker carries out what a rollout has for a cluster, or goes on with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from reconciler import telemetry
from reconciler.errors import WorkFailed
from reconciler.fleet.lives import Life
from reconciler.fleet.rollout_progress import advance_rollouts
from reconciler.fleet.transactions import Transactions
from reconciler.model.outcome import ClusterOutcome
from reconciler.model.rollout_states import GOOD
from reconciler.pipeline.approved import Approval
from reconciler.planning.review.approved_plan import read_approved
from reconciler.storage.rollout_turns import INTERRUPTED, Assignment, claim_apply, end_apply
from reconciler.storage.rollouts import open_rollouts
from reconciler.watch.cluster_turns import say_why_not
from reconciler.watch.commissions import DRAIN, PATIENCE, Commissions
from reconciler.watch.messages import Apply
from reconciler.watch.wish import Wish


@dataclass(frozen=True, slots=True)
class Ended:
    """The word of how it ended, and why."""

    result: str
    message: str


def read_end(outcome: ClusterOutcome, *, is_begun: bool) -> Ended:
    """How a cluster's turn ended.

    Whoever goes on with what is begun and meets a lease meets the run that began it, as of a worker
    that was given up and works still: it waits for that one, and is no failure.
    """
    waits = is_begun and outcome.result == "locked"
    return Ended(INTERRUPTED if waits else outcome.result, say_why_not(outcome))


PROGRAM = "from reconciler.fleet.applier import main; main()"
# Seconds between two looks at what rollouts do next.
APART = 1.0
WARNINGS = frozenset({"rollout-stops", "rollout-failed", "rollout-cancelled"})


@dataclass(slots=True, eq=False)
class Applies:
    """Those of one life. ``find`` says what a file wants of a cluster, ``new_run`` names a run.

    ``records`` is where runs leave their records.
    """

    state: Transactions
    life: Life
    records: Path
    find: Callable[[str], Awaitable[Wish | None]]
    new_run: Callable[[], str]
    commissions: Commissions = field(default_factory=lambda: Commissions(PROGRAM))

    async def take(self, cluster: str) -> bool:
        """Carry out what is due there, if anything is; whether that came to an end.

        Who is cancelled waits for what has begun on hosts, for a while; another goes on with the
        rest. Raises StoreFailed.
        """
        run = self.new_run()
        worker = self.life.id
        due = await self.state.write_as(worker, lambda c: claim_apply(c, cluster, run))
        if due is None:
            return True
        with telemetry.bind_fields(cluster=cluster, run=run, rollout=due.rollout):
            telemetry.info("applying", plan=due.plan, goes_on=due.is_begun)
            doing = asyncio.ensure_future(self._carry_out(due))
            try:
                ended = await asyncio.shield(doing)
            except asyncio.CancelledError:
                self.commissions.halt(cluster)
                await asyncio.wait([doing], timeout=DRAIN + PATIENCE)
                if doing.done() and not self.life.is_over:
                    await self._end(due, doing.result())
                doing.cancel()
                raise
            await self._end(due, ended)
        return ended.result != INTERRUPTED

    async def close(self) -> None:
        """Nothing more is begun; what runs may end."""
        await self.commissions.close()

    async def _end(self, due: Assignment, ended: Ended) -> None:
        """Raises StoreFailed."""
        result, message = ended.result, ended.message
        await self.state.write_as(self.life.id, lambda c: end_apply(c, due, result, message))
        tell = telemetry.info if result in GOOD else telemetry.warning
        tell("applied", result=result, message=message or None)

    async def _carry_out(self, due: Assignment) -> Ended:
        wish = await self.find(due.cluster)
        if wish is None:
            return Ended("failed", "what its file says cannot be used by this worker")
        try:
            outcome = await self._commission(wish, due)
        except WorkFailed as error:
            return Ended(INTERRUPTED, str(error))
        return read_end(outcome, is_begun=due.is_begun)

    async def _commission(self, wish: Wish, due: Assignment) -> ClusterOutcome:
        """Raises WorkFailed."""
        approved = read_approved(due.plan, due.actions, due.devices)
        words = f"{due.who} in rollout {due.rollout}"
        approval = Approval(approved, words, due.is_begun)
        about = dict(wish.revision.fields) if wish.revision else {}
        about |= {"rollout": due.rollout, "approved_by": due.who}

        def ask(number: int) -> Apply:
            return Apply(
                number, wish.desired, wish.file, due.run, self.records, about, approval
            )

        value = await self.commissions.carry_out(
            due.cluster, ask, lambda: not self.life.is_over
        )
        if not isinstance(value, ClusterOutcome):
            raise WorkFailed("the life of its worker is over")
        return value


async def follow_rollouts(state: Transactions, life: Life) -> None:
    """For ever: rollouts do what is next. Raises StoreFailed."""
    while True:
        if await state.read(open_rollouts):
            for news in await state.write_as(life.id, advance_rollouts):
                tell = telemetry.warning if news.event in WARNINGS else telemetry.info
                tell(news.event, rollout=news.rollout, message=news.message or None)
        await asyncio.sleep(APART)
