"""Commands of this machine, each bounded in time."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
APT_INSTALL = (
    "apt-get",
    "-o",
    "DPkg::Lock::Timeout=300",
    "install",
    "-y",
    "--no-install-recommends",
)


class LabError(Exception):
    """A mistake or a failure that can be told in a few lines."""


def say(*words: object) -> None:
    """Tell the person at the terminal how far we are."""
    sys.stderr.write(" ".join(map(str, words)) + "\n")
    sys.stderr.flush()


def ask(*argv: object, timeout: float = 60, **options) -> subprocess.CompletedProcess:
    """Run a command and return what came of it; LabError only if it takes too long."""
    words = [str(word) for word in argv]
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    try:
        return subprocess.run(words, text=True, timeout=timeout, check=False, **options)
    except subprocess.TimeoutExpired:
        raise LabError(f"no answer in {timeout} s: {shlex.join(words)}") from None
    except FileNotFoundError:
        raise LabError(f"no such command: {words[0]}") from None


def run(*argv: object, timeout: float = 60, **options) -> subprocess.CompletedProcess:
    """Run a command that has to succeed."""
    result = ask(*argv, timeout=timeout, **options)
    if result.returncode:
        told = ((result.stdout or "") + (result.stderr or ""))[-2000:]
        raise LabError(f"exit {result.returncode}: {shlex.join(map(str, argv))}\n{told}")
    return result


def wait_until(true: Callable[[], bool], timeout: float, step: float = 0.05) -> bool:
    """Whether it became true in time."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(step)
    return true()


def need_root() -> None:
    """Network namespaces and tap devices are root's."""
    if os.geteuid():
        raise LabError("must be root")
