"""A history as plain data, made of a seed: a site, and chapters of changes and troubles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from reconciler.hosts.simulator.state.devices import Wiring
from tests.simulation.changes import Change, apply_change, draw_change, first_wish
from tests.simulation.deeds import DEEDS
from tests.simulation.site import Site
from tests.simulation.wish import Wish

PHASES = ("before", "during", "after")
# What the host or the network does to one command; with the weight of each.
FAULTS = {
    **{f"{kind} {phase}": 2 for kind in ("crash", "reboot") for phase in PHASES},
    "lost before": 3,
    "lost after": 3,
    "fails before": 4,
}
TRICKS = ("late", "twice", "lost", "stunned")
# What nobody can format, or tell apart, is refused whatever befalls: seldom.
WIRINGS = {"plain": 6, "san": 12, "scsi": 4, "nvme": 3, "drbd": 3, "lvm": 1, "paths": 1}
# One history in so many is played twice.
TWINS = 64
DELAYS = (0, 0, 5, 30, 120)
RIVALS = ("same file", "old file", "second file", "other hosts")
COMMANDS = (
    *("", "", "probe", "modprobe", "systemctl", "o2cb", "gate write-file", "gate format"),
    *("gate mount", "gate unmount", "gate lease", "gate rescan", "gate grow", "gate extend-lv"),
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something of ``kind`` and ``name`` at a host by its place.

    ``deed``: before the run, or at the ``at``-th command of the host that begins with
    ``command`` if ``at`` is not 0, or of the host ``by`` if that is not negative. ``fault``: at such a command. ``kill`` and ``trick``: at the
    ``at``-th command of the run. ``rival``: another controller begins ``at`` seconds later.
    ``stop``: the operator's Ctrl-C at the ``at``-th second. ``pause``: so many seconds pass before.
    """

    kind: str
    name: str = ""
    host: int = 0
    at: int = 0
    command: str = ""
    by: int = -1


@dataclass(frozen=True, slots=True)
class Chapter:
    """Another wish, a run for it in troubles, and peace if it is ``mended``."""

    changes: tuple[Change, ...]
    troubles: tuple[Trouble, ...]
    mended: bool


@dataclass(frozen=True, slots=True)
class History:
    """What is played; ``first`` is the wish before all changes, ``lasting`` deeds are not ended.

    One with a ``twin`` is played again on hosts with other clocks, and must go the same way.
    """

    site: Site
    first: Wish
    chapters: tuple[Chapter, ...]
    lasting: bool = False
    twin: bool = False


def make_history(seed: int) -> History:
    """The history of a seed: the same on every machine, in every process."""
    rng = Random(seed)  # noqa: S311  # a reproducible history, no secret
    site = _draw_site(rng)
    wish = first = first_wish(rng, site)
    chapters = []
    for number in range(rng.randint(2, 5)):
        changes = []
        for _ in range(0 if number == 0 else rng.choice((1, 1, 2, 3))):
            change = draw_change(rng, wish, site)
            changes.append(change)
            wish = apply_change(wish, change)
        chapters.append(Chapter(tuple(changes), _draw_troubles(rng), rng.random() < 0.5))
    return History(site, first, tuple(chapters), rng.random() < 0.2, seed % TWINS == 0)


def _draw_site(rng: Random) -> Site:
    storage: Wiring = _weighted(rng, WIRINGS)  # type: ignore[assignment]
    hosts = rng.choice((2, 3, 3, 4))
    stripped = tuple(n for n in range(hosts) if rng.random() < 0.08)
    scheme = rng.choice(("", "", "gpt", "dos")) if storage in ("plain", "san", "scsi") else ""
    prefix = rng.choice(("node", "db", "pve-"))
    return Site(hosts, prefix, storage, scheme, stripped, rng.randrange(4))


def _draw_troubles(rng: Random) -> tuple[Trouble, ...]:
    count = rng.choice((0, 1, 1, 2, 2, 3))
    found = [_draw_trouble(rng) for _ in range(count)]
    pause = rng.choice((0, 0, 10, 130, 1000))
    return (*((Trouble("pause", at=pause),) if pause else ()), *found)


def _draw_trouble(rng: Random) -> Trouble:
    (kind,) = rng.choices(
        ("deed", "deed during", "fault", "kill", "trick", "rival", "stop"),
        (5, 4, 4, 3, 2, 2, 1),
    )
    return _DRAWN[kind](rng, rng.randrange(4))


def _at_command(rng: Random) -> tuple[int, str]:
    return rng.choice((1, 1, 2, 3, 5, 8, 13, 21)), rng.choice(COMMANDS)


def _draw_deed(rng: Random) -> str:
    return _weighted(rng, {name: deed.weight for name, deed in DEEDS.items()})


_DRAWN: dict[str, Callable[[Random, int], Trouble]] = {
    "deed": lambda rng, host: Trouble("deed", _draw_deed(rng), host),
    "deed during": lambda rng, host: Trouble(
        "deed", _draw_deed(rng), host, *_at_command(rng), rng.choice((-1, 0, 1))
    ),
    "fault": lambda rng, host: Trouble(
        "fault", _weighted(rng, FAULTS), host, *_at_command(rng)
    ),
    "kill": lambda rng, _host: Trouble("kill", rng.choice(PHASES), at=rng.randint(1, 80)),
    "trick": lambda rng, host: Trouble("trick", rng.choice(TRICKS), host, rng.randint(1, 60)),
    "rival": lambda rng, host: Trouble("rival", rng.choice(RIVALS), host, rng.choice(DELAYS)),
    "stop": lambda rng, _host: Trouble("stop", at=rng.choice((1, 5, 20, 60))),
}


def _weighted(rng: Random, weights: dict[str, int]) -> str:
    (found,) = rng.choices(list(weights), list(weights.values()))
    return found
