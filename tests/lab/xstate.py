"""User-Mode Linux on processors whose register state is larger than it knows of (AMX)."""

import hashlib
import shutil
from pathlib import Path

from tests.lab.shell import APT_INSTALL, SYSTEM_PATH, run, say

SOURCE = Path(__file__).with_suffix(".c")
# Larger than what UML keeps: bit 18 of XCR0 alone are 8 KiB.
WIDE = "amx_tile"
COMPILE = ("gcc", "-shared", "-fPIC", "-O2", "-ffreestanding", "-nostdlib")


def is_wide() -> bool:
    """Whether this machine's processor has such a state."""
    return f" {WIDE} " in f" {Path('/proc/cpuinfo').read_text()} "


def library(cache: Path) -> Path:
    """Where the library that pads the state is, by its source."""
    return cache / f"xstate-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}.so"


def environment(cache: Path) -> list[str]:
    """What a guest's kernel is to be started with: ``NAME=VALUE``."""
    return [f"LD_PRELOAD={library(cache)}"] if is_wide() else []


def ensure(cache: Path) -> None:
    """Compile the library if this machine needs it; nobody else may do so meanwhile."""
    target = library(cache)
    if not is_wide() or target.exists():
        return
    if not shutil.which("gcc", path=SYSTEM_PATH):
        say("installing gcc")
        run(*APT_INSTALL, "gcc", timeout=600)
    made = target.with_suffix(".new")
    run(*COMPILE, "-o", made, SOURCE)
    made.rename(target)
