"""Scenes of healing: a cluster as its file has it, drifted by hand, and what its hosts tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.hosts.simulator import World, connect
from reconciler.hosts.simulator.state.files import File
from reconciler.model.desired import Desired
from reconciler.model.policy import Policy
from reconciler.model.watched import Reading
from reconciler.planning.planner import restrict
from reconciler.planning.review.drift import detect_drift, last_applied
from reconciler.planning.watching.healing import Scene, choose_heals
from reconciler.planning.watching.standing import Look, read_standing
from tests.clock import drive
from tests.runs import Controller

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
EVERYTHING = ("files", "boot", "services", "kernel", "mounts")
HEAL: dict[str, Any] = {"mode": "heal", "heal": EVERYTHING}
Spoil = Callable[[World], object]


def rewritten(path: str, old: str, new: str, host: str = "node02") -> Spoil:
    """A file in which somebody has replaced a word."""

    def spoil(world: World) -> None:
        files = world.machines[host].files
        assert old in files.text(path)
        files.write(path, File(files.text(path).replace(old, new)))

    return spoil


# What somebody did by hand on node02, by the class that heals it.
DRIFTS: dict[str, Spoil] = {
    "files": rewritten("/etc/default/o2cb", "MS=30000", "MS=20000"),
    "boot": rewritten("/etc/fstab", "_netdev", "_netdev,noauto"),
    "kernel": lambda world: setattr(
        world.machines["node02"].running.live, "reconnect_delay_ms", 3000
    ),
    "mounts": lambda world: connect(world, "node02").unmount("/srv/images"),
}


def look(world: World, desired: Desired, policy: dict[str, Any] | None = None) -> Scene:
    """What is known of the cluster now: by one look, or by two where the file is not as applied."""
    controller = Controller(world, "watch")
    ((cluster, observed),) = drive(world, controller.look(desired))
    wanted = restrict(cluster, observed, ())
    old = last_applied(cluster, observed)
    if old is None:
        applied = None
    elif old.clusters[0] == desired.clusters[0].for_hosts():
        applied = wanted
    else:
        ((before, seen),) = drive(world, controller.look(old))
        applied = restrict(before, seen, ())
    watched = cluster.model_copy(update={"policy": Policy.model_validate(policy or HEAL)})
    return Scene(watched, observed, wanted, applied, NOW)


def with_facts(scene: Scene, host: str, **sections: Any) -> Scene:
    """The same scene with other facts of a host."""
    hosts = dict(scene.observed.hosts)
    facts: Any = hosts[host]
    hosts[host] = replace(facts, **sections)
    return replace(scene, observed=replace(scene.observed, hosts=hosts))


def stand(scene: Scene, **more: Any) -> dict[tuple[str, str], Reading]:
    """The conditions of a scene, by subject and kind."""
    observed, same = scene.observed, scene.applied is scene.wanted
    drift = detect_drift(scene.wanted, scene.wanted if same else scene.applied)
    found = Look(scene.cluster, observed, scene.wanted, drift, choose_heals(scene), **more)
    return {(reading.subject, reading.kind): reading for reading in read_standing(found)}


def planned_anew(scene: Scene) -> Scene:
    """The same scene with the plan that its facts lead to."""
    wanted = restrict(scene.cluster, scene.observed, ())
    return replace(scene, wanted=wanted, applied=wanted)
