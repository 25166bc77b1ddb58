"""Kernels whose ocfs2 takes the slot of node 0 for a free one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from reconciler.model.observed import Kernel

RELEASE = re.compile(r"5\.([0-9]{1,4})(?:\.([0-9]{1,9}))?(?![0-9])(.*)", re.DOTALL)
STABLE = re.compile(r"(?<![0-9.])5\.([0-9]{1,4})\.([0-9]{1,9})(?![0-9])")
# Linux 5.10 came with "ocfs2: mount shared volume without ha stack", which takes number 0 for no
# node, and 5.19 was without it (fs/ocfs2/slot_map.c).
SERIES = range(10, 19)
# The first stable release that took it back; of 5.18 it is not known for sure. 5.11 to 5.14, 5.16
# and 5.17 had ended before: what goes on under such a number is a distribution's own.
MENDED: Mapping[int, int] = MappingProxyType({10: 135, 15: 59, 18: 15})


def gives_slot_zero_away(release: str, version: str = "") -> bool | None:
    """Whether a kernel of this release (``uname -r``) does; None where nothing tells it.

    A distribution's ``5.10.0-28-amd64`` names the series alone: it may have what came later.
    ``version``, what such a kernel says of its build, mostly names what it is made of:
    ``#1 SMP Debian 5.10.209-2 (2024-01-31)``, ``Ubuntu 5.15.0-91.101-generic 5.15.131``.
    """
    found = RELEASE.match(release)
    if found is None or int(found[1]) not in SERIES:
        return False
    series, patch = int(found[1]), int(found[2] or 0)
    mended = MENDED.get(series)
    if found[3] and (patch == 0 or mended is None):
        made_of = max(
            (int(n) for s, n in STABLE.findall(version) if int(s) == series), default=0
        )
        return made_of < mended if made_of and mended and series != max(SERIES) else None
    if mended is None or patch < mended:
        return True
    return None if series == max(SERIES) else False


def may_give_slot_zero_away(kernels: Iterable[Kernel]) -> bool:
    """Whether one of these that run does, or may."""
    return any(gives_slot_zero_away(k.running, k.version) is not False for k in kernels)
