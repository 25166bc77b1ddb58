"""Which file system features a kernel has, by its release.

The bits are of the kernel's fs/ocfs2/ocfs2_fs.h, whose OCFS2_FEATURE_INCOMPAT_SUPP and
OCFS2_FEATURE_RO_COMPAT_SUPP say what it mounts; ``since`` is the release in which each came
into them. The names are those of libocfs2/feature_string.c, as debugfs.ocfs2 prints them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reconciler.model.observed import Kernel, Superblock
from reconciler.model.observed.storage import leading_number

Release = tuple[int, ...]


class Feature(NamedTuple):
    """A feature's name, its bit, and the first kernel that has it."""

    name: str
    bit: int
    since: Release


INCOMPAT = (
    Feature("local", 0x0008, (2, 6, 20)),
    Feature("sparse", 0x0010, (2, 6, 22)),
    Feature("inline-data", 0x0040, (2, 6, 24)),
    Feature("userspace-stack", 0x0080, (2, 6, 26)),
    Feature("extended-slotmap", 0x0100, (2, 6, 26)),
    Feature("xattr", 0x0200, (2, 6, 28)),
    Feature("indexed-dirs", 0x0400, (2, 6, 30)),
    Feature("metaecc", 0x0800, (2, 6, 29)),
    Feature("refcount", 0x1000, (2, 6, 32)),
    Feature("discontig-bg", 0x2000, (2, 6, 35)),
    Feature("clusterinfo", 0x4000, (2, 6, 37)),
    Feature("append-dio", 0x8000, (4, 0)),
)
RO_COMPAT = (
    Feature("unwritten", 0x0001, (2, 6, 23)),
    Feature("usrquota", 0x0002, (2, 6, 29)),
    Feature("grpquota", 0x0004, (2, 6, 29)),
)
# No features but states, which no kernel mounts: a heartbeat device, and tools cut short.
STATES = 0x0002 | 0x0004 | 0x0020
# Where a module stands that was built with its kernel; of any other the release tells nothing.
IN_TREE = "/kernel/fs/ocfs2/"
RELEASE = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def missing_features(block: Superblock, kernel: Kernel, release: str) -> tuple[str, ...]:
    """The features of a file system that the kernel of ``release`` does not have.

    ``kernel`` is the host's: a module that was built apart from its kernel may have more than
    the release says. A bit that is in neither table is one of a later kernel than any of here.
    """
    found = RELEASE.match(release) if IN_TREE in (kernel.module_file or "") else None
    since = tuple(int(word) for word in found.groups() if word) if found else None
    return (
        *_lacking("incompat", leading_number(block.incompat) & ~STATES, INCOMPAT, since),
        *_lacking("ro_compat", leading_number(block.ro_compat), RO_COMPAT, since),
    )


def _lacking(
    kind: str, bits: int, table: tuple[Feature, ...], release: Release | None
) -> Iterator[str]:
    for feature in table:
        if bits & feature.bit and release is not None and release < feature.since:
            yield feature.name
    if unknown := bits & ~sum(feature.bit for feature in table):
        yield f"{kind} 0x{unknown:x}"
