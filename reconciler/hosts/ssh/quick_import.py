"""Imports asyncssh without what it would start and load that no run of ours uses.

* It looks for optional libraries by ``ctypes.util.find_library``, which runs ldconfig, gcc and ld
  for each that is not there. One that the dynamic linker's cache does not know is not there.
* X.509 certificates, which OpenSSH does not have, which need a package that is no part of ours,
  and which are never trusted here.
* The garbage collector, which finds nothing in what is imported.
"""

from __future__ import annotations

import ctypes.util
import gc
import os
import sys
from pathlib import Path
from typing import NoReturn

LINKER_CACHE = Path("/etc/ld.so.cache")
X509 = "asyncssh.crypto.x509"
_thoroughly = ctypes.util.find_library


def _quickly(name: str) -> str | None:
    """The library, or None at once where the linker does not know it and no other is named."""
    named = os.environ.get("LD_LIBRARY_PATH") or Path("/etc/ld.so.preload").exists()
    try:
        known = LINKER_CACHE.read_bytes()
    except OSError:
        return _thoroughly(name)
    return _thoroughly(name) if named or f"lib{name}.so".encode() in known else None


def _refuse_x509(*_data: object) -> NoReturn:
    raise ValueError("X.509 certificates are not supported")


_collects = gc.isenabled()
_first = "asyncssh" not in sys.modules
gc.disable()
ctypes.util.find_library = _quickly
if _first:
    sys.modules[X509] = None  # type: ignore[assignment]  # so an import of it fails, as it is documented
try:
    from asyncssh import public_key
finally:
    ctypes.util.find_library = _thoroughly
    if _collects:
        gc.freeze()
        gc.enable()
if _first:
    del sys.modules[X509]
if not hasattr(public_key, "import_x509_certificate"):
    # A file of certificates that ssh_config names may hold one: that is no reason to crash.
    public_key.import_x509_certificate = _refuse_x509  # type: ignore[attr-defined, assignment]  # not public
