"""Imports asyncssh without the compilers and linkers that it would start.

It looks for two optional libraries by ``ctypes.util.find_library``, which runs ldconfig, gcc and ld
for each that is not there: a fifth of its import. Where one may be, it is looked for as ever.
"""

from __future__ import annotations

import ctypes.util
import os
from pathlib import Path

FOLDERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64")
_thoroughly = ctypes.util.find_library


def _quickly(name: str) -> str | None:
    """The library, or None at once where no usual folder has it and no other is named."""
    named = os.environ.get("LD_LIBRARY_PATH") or Path("/etc/ld.so.preload").exists()
    there = (
        any(Path(folder).glob(f"{depth}lib{name}.*"))
        for folder in FOLDERS
        for depth in ("", "*/")
    )
    return _thoroughly(name) if named or any(there) else None


ctypes.util.find_library = _quickly
try:
    import asyncssh  # noqa: F401  # for all that import it after this
finally:
    ctypes.util.find_library = _thoroughly
