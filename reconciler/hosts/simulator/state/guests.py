"""A virtual machine, wherever it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Guest:
    """A guest and its ``disk``; it may not heed its shutdown, or not be moved.

    libvirt forgets a ``transient`` one when it ends.
    """

    name: str
    disk: str
    stubborn: bool = False
    pinned: bool = False
    transient: bool = False
