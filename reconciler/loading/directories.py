"""The desired-state files of a directory: its ``*.yaml`` and ``*.yml``, sorted."""

from __future__ import annotations

import os
from pathlib import Path

SUFFIXES = (".yaml", ".yml")


def list_files(directory: str) -> list[str]:
    """Regular files alone, through links as well; none of what is no directory.

    OSError for a directory that cannot be listed.
    """
    if not Path(directory).is_dir():
        return []
    files = (f for f in Path(directory).iterdir() if f.suffix in SUFFIXES and f.is_file())
    return [str(file) for file in sorted(files)]


def identify(name: str) -> str:
    """What two names of one file have in common."""
    return os.path.realpath(name)
