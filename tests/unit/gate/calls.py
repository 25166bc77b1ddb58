"""Calling the gate on this machine, in a mount namespace of its own where needed."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from reconciler.gate import gate_text, parts
from reconciler.model.scripts import join, travelling

SHELLS = [
    pytest.param(
        tuple(shell.split()),
        id=shell.replace(" ", "-"),
        marks=pytest.mark.skipif(not shutil.which(shell.split()[0]), reason=f"no {shell}"),
    )
    for shell in ("dash", "busybox ash", "bash")
]
Answer = tuple[int, str, str]


# Verbs that need no run that they are of.
OPEN = ("lease-", "pause", "resume", "as", "nonsense")
# Gives the lease to a run, then calls the verb as that run. Here come the lease's text, the gate's,
# where the root of its shell is, and its shell in the words up to --.
PERMITTED = """
lease=$1 script=$2 state=$3/var/lib/reconcile
shift 3
shell=''
while [ "$1" != -- ]; do shell="$shell $1" && shift; done
shift
mkdir -p -m 700 "$state" && printf %s "$lease" >"$state/lease" || exit
printf %s "$lease" >"$state/lease.spare" || exit
read -r boot </proc/sys/kernel/random/boot_id
exec $shell -c "$script" gate as - test 1 1 "$boot" 999999999 test "$@"
"""
# As lease-acquire leaves it to a run that began nothing yet; test_gate_lease has it from there.
LEASE = {"token": 1, "run": "test", "sealed": 0, "holder": "{}", "hosts": "here"}
LEASE |= {"boot": "", "renewed": 0, "step": 0, "action": "", "began": ""}
ROOM = 32768


def lease_text(values: Mapping[str, object]) -> str:
    """The state of the lock as the gate writes it."""
    lines = "".join(f"{name}\t{value}\n" for name, value in values.items())
    return f"{lines}pad\t".ljust(ROOM - 1, " ") + "\n"


def gate(*arguments: str, stdin: str = "", prefix: tuple[str, ...] | None = None) -> Answer:
    """One call; as root in a mount namespace, so that nothing is left in /var/lib.

    A verb that changes something is called as a run that has the lease.
    """
    if not private_mounts_work():
        pytest.skip("needs root and mount namespaces of its own")
    prefix = prefix or ("dash",)
    if prefix[0] != "unshare":
        prefix = within("mount -t tmpfs tmpfs /var/lib", prefix)
    called = [*prefix, *called_with(*arguments)]
    if arguments and not arguments[0].startswith(OPEN):
        called = permitted_call(prefix, arguments)
    done = subprocess.run(
        called,
        input=stdin.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def text_of(*words: str) -> str:
    """What would travel for a call; tests may put something else in its place."""
    return gate_text(*words)


def text_of_all() -> str:
    """All verbs in one text, for calls of several."""
    return travelling(join(parts(), parts()))


def called_with(*words: str) -> tuple[str, ...]:
    """What a shell gets for a call with these words."""
    return ("-c", text_of(*words), "gate", *words)


def wait_for(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """How long the gate waits for whoever works with packages."""

    def text(*words: str) -> str:
        return gate_text(*words).replace("PACKAGE_WAIT=60", f"PACKAGE_WAIT={seconds}")

    monkeypatch.setattr(f"{__name__}.text_of", text)


def permitted_call(prefix: tuple[str, ...], arguments: tuple[str, ...]) -> list[str]:
    """What runs a verb as a run that has the lease; ``prefix`` as ``within`` makes it."""
    place = prefix.index("sh", 3) + 1  # as `within` has it
    before, shell = prefix[:place], prefix[place:]
    root = shell[1] if shell[0] == "chroot" else ""
    text = text_of("as", *["-"] * 7, *arguments)
    called = [lease_text(LEASE), text, root, *shell, "--", *arguments]
    return [*before, "sh", "-c", PERMITTED, "sh", *called]


def on(  # noqa: PLR0913  # the words of `on`
    node: str, verb: str, *, wwid: str = "-", size: str = "-", uuid: str = "-", beats: str = "-"
) -> tuple[str, ...]:
    """The words before a verb's own: the device that was approved, and the verb."""
    return ("on", node, wwid, size, uuid, beats, verb)


def within(script: str, shell: tuple[str, ...] = ("dash",)) -> tuple[str, ...]:
    """The shell with the script's mounts, in a mount namespace of its own."""
    return ("unshare", "-m", "sh", "-c", f'{script} && exec "$@"', "sh", *shell)


@cache
def private_mounts_work() -> bool:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    trial = [*within("mount -t tmpfs tmpfs /mnt"), "-c", ":"]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


needs_root = pytest.mark.skipif(
    not private_mounts_work(), reason="needs root and mount namespaces of its own"
)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def files(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir() if path.is_file()}
