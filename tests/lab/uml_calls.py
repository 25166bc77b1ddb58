"""What stands between User-Mode Linux and this machine's kernel: see ``uml_calls.c``."""

import hashlib
import shutil
from pathlib import Path

from tests.lab.shell import APT_INSTALL, SYSTEM_PATH, run, say

SOURCE = Path(__file__).with_suffix(".c")
COMPILE = ("gcc", "-shared", "-fPIC", "-O2", "-ffreestanding", "-nostdlib")


def library(cache: Path) -> Path:
    """Where the library is, by its source."""
    return cache / f"uml-calls-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}.so"


def environment(cache: Path) -> str:
    """What a guest's kernel is to be started with: ``NAME=VALUE``."""
    return f"LD_PRELOAD={library(cache)}"


def ensure(cache: Path) -> None:
    """Compile the library; nobody else may do so meanwhile."""
    target = library(cache)
    if target.exists():
        return
    if not shutil.which("gcc", path=SYSTEM_PATH):
        say("installing gcc")
        run(*APT_INSTALL, "gcc", timeout=600)
    made = target.with_suffix(".new")
    run(*COMPILE, "-o", made, SOURCE)
    made.rename(target)
