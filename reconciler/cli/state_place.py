"""Where the records of runs are."""

from __future__ import annotations

import os
from pathlib import Path


def state_directory(given: str | None) -> Path:
    """``--state-dir``, else RECONCILE_STATE, else the XDG state directory."""
    if given or os.environ.get("RECONCILE_STATE"):
        return Path(given or os.environ["RECONCILE_STATE"])
    from platformdirs import user_state_path  # noqa: PLC0415  # only when it is needed

    return user_state_path("reconcile", appauthor=False)
