"""At which commit something was wanted so."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.frozen import frozen

SHOWN = 12  # digits of a commit, as git itself shows of a large repository


@frozen
class Revision:
    """A whole ``commit``, and the branch, the tag or the commit that led to it."""

    commit: str
    ref: str

    @property
    def words(self) -> str:
        """``8f14e45fceea (main)``; of a commit that was pinned itself the commit alone."""
        return say_revision(self.commit, self.ref)

    @property
    def fields(self) -> Mapping[str, str]:
        """As records and documents have it."""
        return {"commit": self.commit, "ref": self.ref}


def say_revision(commit: object, ref: object) -> str:
    """As ``Revision.words``, of the fields of a record; empty without a commit."""
    if not commit:
        return ""
    short = str(commit)[:SHOWN]
    return f"{short} ({ref})" if ref and ref != commit else short
