"""What happens in ``watch --demo``: a table of scenes, and the moments that a seed makes of it.

A scene begins with something that befalls a cluster, and ends with who mends it. Scenes overlap, so
that several clusters are in trouble at a time. The first time the table is told in its order; then
over and over in another order, with other hosts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reconciler.cli.watch_demo.sites import BY_NAME

Act = Literal[
    # on a host
    "unmount",
    "edit-fstab",
    "edit-o2cb",
    "disable-boot",
    "cut-power",
    "switch-on",
    "cut-off",
    "reconnect",
    "lose-path",
    "regain-path",
    # to a volume, and to what the file says
    "fill",
    "tidy",
    "ask-less",
    "ask-as-before",
    "grow",
    "add-host",
    "drop-host",
    "open-site",
    # by an operator, who approves a plan unread or reviews it, or by the daemon
    "pause",
    "resume",
    "apply",
    "review",
    "heal",
]
# Of all that is left to chance.
SEED = 1
# Seconds from one scene's beginning to the next one's, and as much more by chance.
PAUSE, CHANCE = 6.0, 3.0
# Seconds in which what was mended last is seen to be well, before the next befalls the cluster.
REST = 12.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What befalls a cluster, ``lasts`` seconds later what ends it, and what is ``told`` of both.

    ``HOST`` in what is told is the host that it befalls. ``opens`` are scenes that have begun when
    the story begins; one that is told ``once`` is not told again.
    """

    site: str
    begins: Act
    told: str
    lasts: float
    ends: Act
    told_then: str
    opens: bool = False
    once: bool = False


OPERATOR = "an operator runs reconcile apply"
SCENES: tuple[Scene, ...] = (
    Scene(
        *("north", "cut-off", "HOST does not answer any more", 45.0),
        *("reconnect", "the management network of HOST is back"),
        opens=True,
    ),
    Scene(
        *("archive", "pause", "an operator has paused it for work on the storage", 70.0),
        *("resume", "the work is over, an operator runs reconcile resume"),
        opens=True,
    ),
    Scene(
        *("lab", "ask-less", "its file asks for a smaller volume, and nothing shrinks", 35.0),
        *("ask-as-before", "somebody has read why it is refused, and takes that back"),
        opens=True,
    ),
    Scene(
        *("build", "edit-fstab", "the volume's line in fstab of HOST is gone", 26.0),
        *("apply", OPERATOR),
        opens=True,
    ),
    Scene(
        *("mail", "unmount", "somebody unmounts the volume on HOST", 6.0),
        *("heal", "reconcile mounts it again, as its policy lets it"),
    ),
    Scene(
        *("backup", "fill", "a backup fills the volume", 40.0),
        *("tidy", "old backups are deleted"),
    ),
    Scene(
        *("web", "edit-o2cb", "somebody edits a timeout of o2cb on HOST", 6.0),
        *("heal", "reconcile writes back what was applied last, as its policy lets it"),
    ),
    Scene(
        *("files", "add-host", "its file names one more host", 4.0),
        *("review", "an operator reads the plan, and runs reconcile apply: HOST joins live"),
    ),
    Scene(
        *("render", "cut-power", "the power of HOST is cut", 30.0),
        *("switch-on", "HOST boots, and mounts what its fstab says"),
    ),
    Scene(
        *("south", "disable-boot", "o2cb would not start at the next boot of HOST", 20.0),
        *("apply", OPERATOR),
    ),
    Scene(
        *("museum", "open-site", "a new cluster, of two bare hosts and a blank disk", 6.0),
        *("review", "an operator approves the plan and the format of its disk"),
        once=True,
    ),
    Scene(
        *("billing", "lose-path", "HOST loses a path to its disk", 24.0),
        *("regain-path", "the path is back"),
    ),
    Scene(
        *("vms", "unmount", "somebody unmounts the volume on HOST", 6.0),
        *("heal", "reconcile mounts it again, as its policy lets it"),
    ),
    Scene(
        *("render", "grow", "the storage has enlarged the disk, and its file asks for it", 5.0),
        *("review", "an operator approves the plan: the volume grows while it is mounted"),
    ),
    Scene(
        *("files", "drop-host", "its file names a host less", 4.0),
        *("review", "an operator approves the plan: HOST leaves, the others go on"),
    ),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """``at`` seconds after the beginning of its cycle ``act`` happens to a host of a cluster.

    What ``ends`` a scene waits until its beginning was seen.
    """

    at: float
    site: str
    act: Act
    host: str
    told: str
    ends: bool = False


def moments(seed: int, cycle: int) -> tuple[Moment, ...]:
    """All moments of a cycle, 0 and on, in the order of time; the same for the same seed."""
    chance = random.Random(f"{seed}/{cycle}")  # noqa: S311  # a story that can be told again
    return tuple(sorted(_moments(chance, cycle), key=lambda one: one.at))


def _moments(chance: random.Random, cycle: int) -> Iterator[Moment]:
    begins, free = 0.0, dict[str, float]()
    for scene in _order(chance, cycle):
        if not scene.opens:
            begins += PAUSE + chance.uniform(0, CHANCE)
        host = _host(scene, chance)
        at = 0.0 if scene.opens else max(begins, free.get(scene.site, 0.0))
        free[scene.site] = at + scene.lasts + REST
        then, told = at + scene.lasts, scene.told_then.replace("HOST", host)
        yield Moment(
            round(at, 1), scene.site, scene.begins, host, scene.told.replace("HOST", host)
        )
        yield Moment(round(then, 1), scene.site, scene.ends, host, told, ends=True)


def _order(chance: random.Random, cycle: int) -> list[Scene]:
    """The table as it is, then shuffled; two scenes of one cluster keep their order."""
    scenes = [scene for scene in SCENES if not (cycle and scene.once)]
    if not cycle:
        return scenes
    opening = [scene for scene in scenes if scene.opens]
    rest = [scene for scene in scenes if not scene.opens]
    places = [scene.site for scene in rest]
    chance.shuffle(places)
    waiting = {site: [s for s in rest if s.site == site] for site in places}
    return [*opening, *(waiting[site].pop(0) for site in places)]


def _host(scene: Scene, chance: random.Random) -> str:
    """Who it befalls: of hosts that come and go the last one, else any of those that stay."""
    site = BY_NAME[scene.site]
    if scene.begins in {"add-host", "drop-host"}:
        return site.members()[-1]
    return chance.choice(site.at_first())
