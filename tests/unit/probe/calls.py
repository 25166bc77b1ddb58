"""Calling the probe on this machine."""

import subprocess

import reconciler.probe

PROBE: str = reconciler.probe.probe_text()


def run(shell: tuple[str, ...], *arguments: str, prefix: tuple[str, ...] = ()) -> str:
    """Its answer; anything on stderr is a failure."""
    done = subprocess.run(
        [*prefix, *shell, "-c", PROBE, "probe", *arguments],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout.decode()
