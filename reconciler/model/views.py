"""What documents tell beside a plan: the cluster as a picture, its hosts' facts, its file.

All of it stands in a saved plan, so that the plan can be shown in any form without a host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from reconciler.frozen import frozen

Mark = Literal["mounted", "mounts", "unmounts", "again", "none", "unknown"]
State = Literal["member", "joins", "leaves", "drained", "offline", "dead", "gone", "silent"]
# A line and a column, 1-based.
Position = tuple[int, int]
# By cluster, by ``member/NAME``, ``volume/LABEL`` or "" for the cluster itself, and by key, as
# ``mount.path``; under the empty key is what names it.
Places = Mapping[str, Mapping[str, Mapping[str, Position]]]


@frozen
class Seat:
    """A member: its number now and then, its address, and a mark a volume."""

    name: str
    number: str
    address: str
    state: State
    marks: tuple[Mark, ...]

    @property
    def is_connected(self) -> bool:
        """Whether it is on the interconnect when the plan is done."""
        return self.state in {"member", "joins", "drained", "silent"}


@frozen
class Shelf:
    """A volume: its size now and then, where it is or will be mounted, and its device."""

    label: str
    size: str
    path: str
    device: str
    is_withdrawn: bool


@frozen
class Topology:
    """Members and volumes of a cluster in the file's order."""

    seats: tuple[Seat, ...]
    shelves: tuple[Shelf, ...]


@frozen
class View:
    """A cluster at one look: the hosts that were asked, how many answered, what each has.

    ``facts`` are by host, storage hosts too, in pairs of a name and words.
    """

    hosts: tuple[str, ...]
    answered: int
    topology: Topology
    facts: Mapping[str, tuple[tuple[str, str], ...]]


@frozen
class Surroundings:
    """What a plan was made of: the file as it was named, places in it, a view a cluster."""

    file: str = ""
    places: Places = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
