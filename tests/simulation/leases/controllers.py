"""Who begins runs: a process on a machine, again and again until one has ended well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.leases.places import NEVER
from tests.simulation.leases.runs import Run

if TYPE_CHECKING:
    from tests.simulation.leases.jobs import Job
    from tests.simulation.leases.world import World

ATTEMPTS = 3
# Seconds until a lease that another run has is asked for again.
RETRY = 1.5
# The last one is disturbed by nothing new: but hosts have to thaw, leases to expire, commands to end.
MANY, LONG, SELDOM = 10, 700.0, 31.0
LAST = "z"


class Controller:
    """A machine with its file; ``sent`` counts its messages, until ``awake`` it is stunned."""

    def __init__(self, world: World, name: str, job: Job, patience: float) -> None:
        self.world, self.name, self.job, self.patience = world, name, job, patience
        self.salt = 331 * ord(name)
        self.sent = self.commands = self.attempts = 0
        self.awake = NEVER
        self.run: Run | None = None
        self.is_last = name == LAST
        self.retry = SELDOM if self.is_last else RETRY
        self.most = MANY if self.is_last else ATTEMPTS

    def begin(self) -> None:
        """A new run, of another process."""
        self.attempts += 1
        name, until = f"{self.name}{self.attempts}", self.world.now + self.patience
        self.run = run = Run(name, self, until)
        self.world.runs[run.name] = run
        self.world.note("begins", run.name)
        run.acquire()

    def hear_end(self, run: Run, *, good: bool) -> None:
        """The process has ended."""
        self.world.ended.add(run.name)
        self.world.note("is over", run.name, good)
        if good or self.attempts >= self.most:
            self.world.leave(self, good=good)
        else:
            self.world.later(5.0 + 12.0 * self.attempts, self.begin)

    def kill(self, seconds: float) -> None:
        """Nothing more is sent or heard; after so many seconds somebody begins anew."""
        run = self.run
        if run is None or run.over:
            return
        run.over = True
        self.world.ended.add(run.name)
        self.awake = NEVER
        self.world.note("is killed", run.name)
        if self.attempts >= self.most:
            self.world.leave(self, good=False)
        else:
            self.world.later(seconds, self.begin)
