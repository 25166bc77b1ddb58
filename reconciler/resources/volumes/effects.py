"""A new file system, as every host sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.digits import is_number
from reconciler.model.effect import (
    BARRIER,
    Effects,
    expected_fact,
    on_all,
    readable_view,
    with_view,
)
from reconciler.model.observed import HostFacts, Superblock
from reconciler.model.plan import Action

# mkfs.ocfs2 without -b and -C, as far as sizes are planned from it.
BLOCK = 4096
# Of a file system whose UUID mkfs.ocfs2 chooses: not to be compared.
UNTOLD = "-"


def _formatted(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """A new file system, without anybody on it."""
    view = readable_view(facts, expected_fact(action, "file-system").subject)
    argv = action.command.argv if action.command else ()
    words = argv[argv.index("mkfs.ocfs2") :]
    if view is None or view.size is None:
        return facts
    block = int(_option(words, "-b") or BLOCK)
    unit = int(_option(words, "-C") or BLOCK)
    blocks = int(words[-1]) if is_number(words[-1]) else view.size // block
    made = Superblock(
        uuid=_option(words, "-U") or UNTOLD,
        label=_option(words, "-L"),
        slots=int(_option(words, "-N") or 0),
        block_size=block,
        cluster_size=unit,
        clusters=blocks * block // unit,
        stack="o2cb",
        cluster=cluster.name,
    )
    new = replace(
        view,
        signature={"TYPE": "ocfs2"},
        zeros=None,
        superblock=made,
        slot_map=(),
        beats=(),
    )
    return with_view(facts, new)


def _option(words: Sequence[str], name: str) -> str:
    """The word after an option; empty without it."""
    return words[words.index(name) + 1] if name in words else ""


EFFECTS: Effects = {"format": on_all(_formatted), "same-file-system": BARRIER}
