"""What a test needs of the machine: without it the test skips with the reason, and in CI it fails."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def refuse(reason: str) -> NoReturn:
    """Skip this test; fail it where everything has to run."""
    must_run = os.environ.get("RECONCILE_REQUIRE_LAB") == "1" or os.environ.get("CI") == "true"
    raise (pytest.fail.Exception if must_run else pytest.skip.Exception)(reason)


def require_program(name: str, package: str) -> Path:
    """The program of a package of the distribution; without it the test is refused."""
    found = shutil.which(name)
    if found is None:
        refuse(f"{name} is not installed: apt install {package}")
    return Path(found)
