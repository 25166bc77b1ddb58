"""Kernels whose ocfs2 takes the slot of node 0 for a free one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

RELEASE = re.compile(r"5\.([0-9]{1,4})(?:\.([0-9]{1,9}))?(?![0-9])(.*)", re.DOTALL)
# Linux 5.10 came with "ocfs2: mount shared volume without ha stack", which takes number 0 for no
# node, and 5.19 was without it (fs/ocfs2/slot_map.c).
SERIES = range(10, 19)
# The first stable release that took it back; of 5.18 it is not known for sure. 5.11 to 5.14, 5.16
# and 5.17 had ended before: what goes on under such a number is a distribution's own.
MENDED: Mapping[int, int] = MappingProxyType({10: 135, 15: 59, 18: 15})


def gives_slot_zero_away(release: str) -> bool | None:
    """Whether a kernel of this release (``uname -r``) does; None where the release does not say.

    A distribution's ``5.10.0-28-amd64`` names the series alone: it may have what came later.
    """
    found = RELEASE.match(release)
    if found is None or int(found[1]) not in SERIES:
        return False
    series, patch = int(found[1]), int(found[2] or 0)
    mended = MENDED.get(series)
    if found[3] and (patch == 0 or mended is None):
        return None
    if mended is None or patch < mended:
        return True
    return None if series == max(SERIES) else False


def may_give_slot_zero_away(releases: Iterable[str]) -> bool:
    """Whether one of these kernels does, or may."""
    return any(gives_slot_zero_away(release) is not False for release in releases)
