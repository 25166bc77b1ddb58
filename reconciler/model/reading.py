"""How a fact about a host is read off what was observed."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.frozen import frozen
from reconciler.model.observed import HostFacts


@frozen
class Reading:
    """``read`` gives the value of a subject on a host; it looks at these ``sections`` only."""

    sections: tuple[str, ...]
    read: Callable[[HostFacts, str], str]


UNKNOWN = "unknown "


def unknown(why: str) -> str:
    """The value of a fact that could not be read: no action takes it for any other."""
    return f"{UNKNOWN}({why})"
