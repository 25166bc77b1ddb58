"""What surrounds the installed packages of a host."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Packaging:
    """What surrounds the installed packages.

    ``offers`` are the versions in the repositories by name, ``known`` whether the host has
    read them; ``down`` is why they cannot be read. ``held`` stay as they are. ``holder`` has
    the lock, ``broken`` is what the manager has not finished; ``fails`` is the package whose
    own script fails; ``builds`` are the kernels for which a module's package is built,
    in the version of ``offers`` if that names it; ``stuck`` is the module that somebody else uses.
    """

    offers: dict[str, str] = field(default_factory=dict)
    known: bool = False
    down: str = ""
    held: set[str] = field(default_factory=set)
    holder: str = ""
    broken: str = ""
    fails: str = ""
    room: int = 1 << 30
    builds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stuck: str = ""
