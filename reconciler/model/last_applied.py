"""What a volume was when it was last applied, as far as hosts remember it."""

from __future__ import annotations

from reconciler.frozen import frozen


@frozen
class LastApplied:
    """Where runs mounted a volume's device, with which options, and how it was labelled.

    ``paths`` are without the one that the file has now, ``lists`` the commands that listed its
    guests; all are empty where nobody remembers.
    """

    paths: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    lists: tuple[tuple[str, ...], ...] = ()
