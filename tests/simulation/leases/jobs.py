"""What a controller has to do: what is left of a recorded plan, on its hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tests.simulation.leases.recording import recorded_plans
from tests.simulation.leases.scenario import Part, shift_place


@dataclass(frozen=True, slots=True)
class Todo:
    """A step of a plan, as the product's state machine of a run reads it.

    ``place`` is the lease under which it is done, empty for one that only looks; that one looks at
    the machines in ``looks_at``.
    """

    id: str
    host: str
    needs: tuple[str, ...]
    command: str | None
    place: str
    looks_at: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """The steps that are left, the places that the run has to hold, who is attested to be off."""

    places: tuple[str, ...]
    off: tuple[str, ...]
    steps: tuple[Todo, ...]
    by_id: Mapping[str, Todo]

    def left(self, done: set[str]) -> tuple[Todo, ...]:
        """As the plan is when it is made again: without the commands that are done."""
        if done.isdisjoint(self.by_id):
            return self.steps
        found = []
        for step in self.steps:
            if step.id in done:
                continue
            if done.isdisjoint(step.needs):
                found.append(step)
            else:
                needs = tuple(need for need in step.needs if need not in done)
                found.append(
                    Todo(
                        step.id,
                        step.host,
                        needs,
                        step.command,
                        step.place,
                        step.looks_at,
                        step.seconds,
                    )
                )
        return tuple(found)


def job_of(part: Part) -> Job:
    """The same for all that have the same file."""
    return _job(part.plan, part.shift, part.done)


@cache
def _job(plan: str, shift: int, done: int) -> Job:
    recorded = recorded_plans()[plan]
    before = {step.id for step in recorded.steps[:done]}
    mark = f"{plan}+{shift}:"
    steps = tuple(
        Todo(
            mark + step.id,
            shift_place(step.host, shift),
            tuple(mark + need for need in step.needs if need not in before),
            step.command,
            shift_place(recorded.place(step.host), shift) if step.command else "",
            tuple(shift_place(host, shift) for host in recorded.members)
            if not step.host
            else (),
            step.seconds,
        )
        for step in recorded.steps[done:]
    )
    places = tuple(shift_place(place, shift) for place in recorded.places)
    off = tuple(shift_place(host, shift) for host in recorded.off)
    return Job(places, off, steps, {step.id: step for step in steps})
