"""Labs for tests: `lab = lab_module("NAME", hosts=2)` in a module is a fixture of that module."""

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.images import ensure_images
from tests.lab.lab import Lab
from tests.lab.life import down_orphans
from tests.lab.shell import LabError

__all__ = ["Lab", "lab_module", "lab_of", "need_lab", "why_no_lab"]


def why_no_lab() -> str | None:
    """Why no lab can be made on this machine; None if it can, and has its images."""
    reasons = {
        "the lab needs root": os.geteuid() == 0,
        "the lab needs Debian": Path("/etc/debian_version").exists(),
        "the lab's kernel is for x86-64": platform.machine() == "x86_64",
        "the lab needs /dev/net/tun": Path("/dev/net/tun").exists(),
    }
    if reason := next((reason for reason, met in reasons.items() if not met), None):
        return reason
    try:
        ensure_images()
    except LabError as error:
        return f"the lab has no images: {error}"
    return None


def need_lab() -> None:
    """Skip if there can be no lab; fail instead when RECONCILE_REQUIRE_LAB=1."""
    if reason := why_no_lab():
        refuse = pytest.fail if os.environ.get("RECONCILE_REQUIRE_LAB") == "1" else pytest.skip
        refuse(reason)


def lab_module(name: str, **options: str | int) -> Callable:
    """A fixture that boots a lab once for a module; the options are those of `Lab.up`.

    This process owns the lab: if it is killed, the next one to ask for any lab removes it.
    """

    @pytest.fixture(scope="module")
    def lab() -> Iterator[Lab]:
        with lab_of(name, **options) as up:
            yield up

    return lab


@contextmanager
def lab_of(name: str, **options: str | int) -> Iterator[Lab]:
    """A lab of this process, as `lab_module` has it, for fixtures with parameters."""
    need_lab()
    down_orphans()
    with Lab.up(f"{name}-{os.getpid()}", owner=os.getpid(), **options) as up:
        yield up
