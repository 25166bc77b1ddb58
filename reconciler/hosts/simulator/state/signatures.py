"""What blkid finds on a simulated device."""

from __future__ import annotations

from reconciler.hosts.simulator.state.disk import Content, Filesystem, Signature

TABLES = ("gpt", "dos")


def blkid(content: Content) -> list[tuple[str, str]]:
    """The answer of `blkid -p -o export`, empty for zeros and for what it does not know."""
    if isinstance(content, Filesystem):
        found = [
            ("LABEL", content.label),
            ("UUID", content.uuid),
            ("VERSION", "0.90"),
            ("BLOCK_SIZE", str(content.block_size)),
            ("TYPE", "ocfs2"),
            ("USAGE", "filesystem"),
        ]
    elif isinstance(content, Signature):
        kind = "PTTYPE" if content.kind in TABLES else "TYPE"
        found = [("LABEL", content.label), ("UUID", content.uuid), (kind, content.kind)]
    else:
        found = []
    return [(key, value) for key, value in found if value]
