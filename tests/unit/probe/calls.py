"""Calling the probe on this machine."""

import subprocess
from itertools import pairwise

from reconciler.probe import probe_text


def run(shell: tuple[str, ...], *arguments: str, prefix: tuple[str, ...] = ()) -> str:
    """The answer of what would travel; anything on stderr is a failure."""
    only = [name for option, name in pairwise(arguments) if option == "--only"]
    done = subprocess.run(
        [*prefix, *shell, "-c", probe_text(*only), "probe", *arguments],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout.decode()
