"""The plans that histories follow, as the planner made them: hosts, steps in their order, needs.

``python -m tests.simulation.leases --plans`` makes them anew; a test tells when they are old.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).with_name("plans.json")
SCENES = (
    *("create", "join", "leave", "guests", "renumber", "dead", "grow-online", "grow-offline"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """An action as the run's state machine reads it; ``command`` is None for one that only looks.

    ``seconds`` is the planner's estimate.
    """

    id: str
    kind: str
    host: str
    needs: tuple[str, ...]
    seconds: float
    command: str | None


@dataclass(frozen=True, slots=True)
class RecordedPlan:
    """A cluster's plan: whom a run holds for it, ``helpers`` being hosts that are no members.

    ``off`` are hosts that the file attests to be dead.
    """

    name: str
    cluster: str
    members: tuple[str, ...]
    helpers: tuple[str, ...]
    off: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """The leases that it needs, by their words."""
        return (*self.members, *(f"{host}:{self.cluster}" for host in self.helpers))

    def place(self, host: str) -> str:
        """The lease under which something is done on a host."""
        return host if host in self.members else f"{host}:{self.cluster}"


@cache
def recorded_plans() -> Mapping[str, RecordedPlan]:
    """All of them, by name."""
    found = json.loads(RECORDED.read_text())
    return {item["name"]: _read(item) for item in found}


def _read(item: Mapping[str, Any]) -> RecordedPlan:
    steps = tuple(Step(i, k, h, tuple(n), s, c) for i, k, h, n, s, c in item["steps"])
    hosts = (tuple(item[which]) for which in ("members", "helpers", "off"))
    return RecordedPlan(item["name"], item["cluster"], *hosts, steps)


def record_plans() -> str:
    """The file's text, from the planner; simulated hosts take some ten seconds for it."""
    plans = [*_scenes(), *_two_of_one_storage_host()]
    return "[\n" + ",\n".join(_text(plan) for plan in plans) + "\n]\n"


def _text(plan: RecordedPlan) -> str:
    head = {"name": plan.name, "cluster": plan.cluster}
    hosts = {"members": plan.members, "helpers": plan.helpers, "off": plan.off}
    rows = (
        json.dumps([s.id, s.kind, s.host, s.needs, s.seconds, s.command]) for s in plan.steps
    )
    text = json.dumps({**head, **hosts})[:-1]
    return text + ', "steps": [\n  ' + ",\n  ".join(rows) + "\n]}"


def _scenes() -> Iterator[RecordedPlan]:
    from tests.golden.scenes import SCENES as GOLDEN  # noqa: PLC0415  # only who records needs it

    for name in SCENES:
        yield from _recorded(name, GOLDEN[name])


def _recorded(name: str, make: Callable[[], Any]) -> Iterator[RecordedPlan]:
    """A plan for each cluster of the scene; the second has the cluster's name added."""
    for plan, (cluster, observed) in zip(
        (scene := make()).plan.clusters, scene.pairs, strict=True
    ):
        assert not plan.blocked, (name, plan.blocked)
        members = tuple(sorted(observed.answering_hosts()))
        off = tuple(m.name for m in cluster.members if m.state == "dead")
        helpers = {action.host for action in plan.actions if action.host} - set(members)
        steps = tuple(
            Step(a.id, a.kind, a.host, a.needs, a.seconds, a.command and a.kind)
            for a in plan.actions
        )
        called = name if len(scene.plan.clusters) == 1 else f"{name}-{plan.name}"
        yield RecordedPlan(called, plan.name, members, tuple(sorted(helpers)), off, steps)


def _two_of_one_storage_host() -> Iterator[RecordedPlan]:
    """Two clusters grow at once; one host has the storage of both."""
    from tests.golden import scenes  # noqa: PLC0415  # only who records needs it
    from tests.runs import Controller, members, of, volume, witnessed  # noqa: PLC0415  # as above

    def grow() -> Any:
        world = witnessed(4, scenes.Shape("san", luns=2))
        scenes.add_storage(world)

        def file(size: str, **more: Any) -> Any:
            return of(
                *(
                    {
                        "name": name,
                        "members": members(world, *hosts),
                        "volumes": [volume(world, lun, size=size, **_backing(lun, more))],
                    }
                    for name, lun, hosts in (
                        ("one", "lun1", ("node01", "node02")),
                        ("two", "lun2", ("node03", "node04")),
                    )
                )
            )

        controller = Controller(world)
        scenes.applied(world, controller, file("1GiB"))
        return scenes.looked(world, controller, file("2GiB", growth="online"))

    yield from _recorded("shared-storage", grow)


def _backing(lun: str, more: Mapping[str, Any]) -> dict[str, Any]:
    backing = {"lvm": {"host": "san", "vg": "vg0", "lv": lun}}
    return {**more, "backing": backing} if more else {}
