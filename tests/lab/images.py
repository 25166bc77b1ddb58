"""The images of the hosts, built once and cached by the hash of their recipe."""

import json
import os
import re
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from tests.lab import uml_calls
from tests.lab.files import remove
from tests.lab.locks import locked
from tests.lab.recipe import KINDS, SUITE, SUITES, TOOLS, ingredients, recipe_hash
from tests.lab.shell import APT_INSTALL, SYSTEM_PATH, LabError, ask, run, say

CACHE = Path(os.environ.get("LAB_CACHE", "/var/cache/ocfs2-lab-reconcile"))
ROOT = Path(__file__).parents[2]


# Not for the lab itself: what they write is put on its disks as a stranger's data. (In the
# recipe they would have the images built anew, which have nothing of them.)
STRANGERS = {"mkfs.xfs": "xfsprogs", "cryptsetup": "cryptsetup-bin"}


def record_of(suite: str) -> Path:
    """Where the last build of a suite says what it left."""
    return CACHE / f"built-{suite}.json"


def built_images(suite: str) -> dict | None:
    """What the last build left in the cache, or None if that is missing or out of date."""
    with suppress(OSError, ValueError, KeyError):
        built = json.loads(record_of(suite).read_text())
        files = [CACHE / built[kind] for kind in (*KINDS, "kernel", "repository")]
        current = built["recipe"] == recipe_hash(ingredients(suite))
        if current and all(f.exists() for f in files):
            return built
    return None


def ensure_tools() -> None:
    """Install what this machine lacks to build and to run a lab."""
    needed = {**TOOLS, **STRANGERS}
    missing = sorted(
        {needed[tool] for tool in needed if not shutil.which(tool, path=SYSTEM_PATH)}
    )
    if missing:
        say("installing", *missing)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if ask(*APT_INSTALL, *missing, timeout=600, env=quiet).returncode:
            run("apt-get", "update", timeout=300)
            run(*APT_INSTALL, *missing, timeout=600, env=quiet)


def ensure_images(suite: str = SUITE, *, again: bool = False) -> dict:
    """The images of a suite, built first if the recipe has changed (or `again`)."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with locked(CACHE / "build.lock", timeout=1500):
        ensure_tools()
        uml_calls.ensure(CACHE)
    with locked(CACHE / f"build-{suite}.lock", timeout=1500) as lock:
        if not again and (built := built_images(suite)):
            return built
        private = ("unshare", "--mount", "--propagation", "private")
        # The child inherits the lock: if this process is killed, nobody builds beside it.
        result = ask(
            *private,
            sys.executable,
            "-m",
            "tests.lab.build",
            suite,
            timeout=1500,
            cwd=ROOT,
            stderr=None,
            pass_fds=[lock.fileno()],
        )
        shutil.rmtree(CACHE / f"work-{suite}", ignore_errors=True)
        if result.returncode:
            log = CACHE / f"build-{suite}.log"
            told = log.read_text(errors="replace")[-2000:]
            raise LabError(f"the build of {suite} failed; the end of {log}:\n{told}")
        return built_images(suite)


def drop_old_images() -> None:
    """Remove images of other recipes; a lab that is up may still use them."""
    built = [built_images(suite) or {} for suite in SUITES]
    keep = {str(value) for one in built for value in one.values()}
    for path in CACHE.iterdir():
        if (
            re.match(r"(full|bare|repository|kernel|linux)-", path.name)
            and path.name not in keep
        ):
            remove(path)
