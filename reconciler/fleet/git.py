"""``git`` as a program: it asks nobody, runs nothing of a repository, and ends in bounded time.

What it is given comes from the settings of the fleet, what it answers partly from a server. So no
word of either is an option, no configuration but ours is read, and no more is taken in than what
is of use.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from reconciler.errors import SourceFailed
from reconciler.reports.visible import visible
from reconciler.system_errors import say_error

# An older one reads the user's configuration in place of ours (GIT_CONFIG_GLOBAL came with 2.32), or
# knows no signatures of ssh.
OLDEST = (2, 34)
# Seconds that a command may take which asks nobody, one that asks a server what it has, and one
# that gets it all.
LOCAL, ASKING, FETCHING = 60.0, 60.0, 600.0
# Seconds after which who was killed is not waited for any longer.
PATIENCE = 5.0
# Bytes: of an answer, and of a file that git may write. A pack is one file.
LONGEST_ANSWER = 256 << 20
LARGEST_FILE = 4 << 30
# Of ulimit, in bytes (POSIX). A limit that is there may be smaller, and stays.
BLOCK = 512
BOUNDED = 'ulimit -f "$0" 2>/dev/null; exec git "$@"'
LONGEST_SAID = 300  # characters of what git says
ALWAYS_SAID = (
    *("Could not read from remote repository", "Please make sure you have the correct access"),
    *("and the repository exists", "the remote end hung up unexpectedly"),
)
# What a server is reached with, and nothing of what git itself is told by its environment.
KEPT_VARIABLES = (
    *("PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "TMPDIR"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
)
# Nobody is asked, host keys are always checked, and what hangs is given up.
SSH = (
    *("-oBatchMode=yes", "-oStrictHostKeyChecking=yes", "-oConnectTimeout=20"),
    *("-oServerAliveInterval=15", "-oServerAliveCountMax=3", "-oForwardAgent=no"),
    *("-oClearAllForwardings=yes", "-oPermitLocalCommand=no", "-oControlPath=none"),
)
# All that is configured: neither the system's file nor the user's is read.
CONFIGURATION = """\
[core]
\thooksPath = /dev/null
\tfsmonitor = false
\tsymlinks = false
\tattributesFile = /dev/null
[protocol]
\tallow = never
[protocol "ssh"]
\tallow = always
[protocol "https"]
\tallow = always
[protocol "file"]
\tallow = always
[fetch]
\trecurseSubmodules = false
[http]
\tlowSpeedLimit = 1000
\tlowSpeedTime = 30
[gc]
\tautoDetach = false
[gpg]
\tformat = ssh
\tprogram = /bin/false
\tminTrustLevel = fully
[gpg "openpgp"]
\tprogram = /bin/false
[gpg "x509"]
\tprogram = /bin/false
[gpg "ssh"]
\tprogram = ssh-keygen
"""
# A repository on this machine may belong to somebody else, as to the user of a git server.
SAFE = """\
[safe]
\tdirectory = {0}
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """How git ended: its exit status, what it printed, and what it said in one line."""

    status: int
    output: bytes
    said: str


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git on the bare repository ``place``; ``configuration`` is the file of all its settings."""

    place: Path
    configuration: Path

    def configure(self, local_repository: str, signers: Path | None) -> None:
        """Write the file of its settings.

        A ``local_repository`` is one that is fetched from, ``signers`` the file of those whose
        signatures count.
        """
        text = CONFIGURATION
        if signers is not None:
            text += f"\tallowedSignersFile = {_quoted(str(signers))}\n"
        for directory in filter(None, (local_repository, str(self.place))):
            text += SAFE.format(_quoted(directory))
        self.configuration.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.configuration.with_name(f"{self.configuration.name}.new")
        fresh.write_text(text)
        fresh.replace(self.configuration)

    async def check_version(self) -> None:
        """Raises SourceFailed where git is older than what is rested on here."""
        answer = await self.run("version")
        found = re.search(rb"([0-9]+)\.([0-9]+)", answer.output)
        if found is None or (int(found[1]), int(found[2])) < OLDEST:
            words = answer.output.decode(errors="replace").strip() or answer.said
            needed = ".".join(map(str, OLDEST))
            message = f"{visible(words)!r} is too old: git {needed} or newer is needed"
            raise SourceFailed("git-failed", message)

    async def run(
        self, *words: str, longest: float = LOCAL, given: bytes | None = None
    ) -> Answer:
        """Run it with these words, and ``given`` on its standard input.

        Raises SourceFailed where there is no git, where it does not end within ``longest`` seconds,
        and where it answers too much.
        """
        ours = environment(os.environ, self.configuration)
        if shutil.which("git", path=ours.get("PATH")) is None:
            message = "there is no program git on this worker: install the package git"
            raise SourceFailed("git-failed", message)
        starting = asyncio.create_subprocess_exec(
            *("sh", "-c", BOUNDED, str(LARGEST_FILE // BLOCK)),
            *(f"--git-dir={self.place}", "--no-pager", *words),
            stdin=asyncio.subprocess.PIPE if given is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=ours,
            cwd="/",
            start_new_session=True,  # so that what it starts ends with it
        )
        try:
            process = await _started(asyncio.ensure_future(starting))
        except OSError as error:
            raise SourceFailed(
                "git-failed", f"git did not start: {say_error(error)}"
            ) from error
        try:
            return await self._hear(process, words[0], longest, given)
        finally:
            await _end(process)

    async def _hear(
        self,
        process: asyncio.subprocess.Process,
        verb: str,
        longest: float,
        given: bytes | None,
    ) -> Answer:
        out = cast("asyncio.StreamReader", process.stdout)  # for both are pipes
        err = cast("asyncio.StreamReader", process.stderr)
        try:
            async with asyncio.timeout(longest):
                work = (_feed(process, given), _take(out, verb), _take(err, verb))
                _fed, output, errors = await asyncio.gather(*work)
                status = await process.wait()
        except TimeoutError:
            message = f"git {verb} did not end within {longest:g} s"
            raise SourceFailed("source-unreachable", message) from None
        return Answer(status, output, _in_words(errors))


def environment(ours: Mapping[str, str], configuration: Path) -> Mapping[str, str]:
    """What git gets of our environment, and what keeps it from asking and from other settings."""
    config = ours.get("RECONCILE_SSH_CONFIG")
    ssh = ("ssh", *SSH, *(("-F", config) if config else ()))
    return {key: ours[key] for key in KEPT_VARIABLES if key in ours} | {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "SSH_ASKPASS": "/bin/false",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(configuration),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ALLOW_PROTOCOL": "ssh:https:file",
        "GIT_SSH_COMMAND": shlex.join(ssh),
        "GIT_SSH_VARIANT": "ssh",
    }


async def _feed(process: asyncio.subprocess.Process, given: bytes | None) -> None:
    if given is None or process.stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):  # its exit status says why
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()


async def _take(stream: asyncio.StreamReader, verb: str) -> bytes:
    found = bytearray()
    while piece := await stream.read(1 << 16):
        found += piece
        if len(found) > LONGEST_ANSWER:
            message = f"git {verb} answered more than {LONGEST_ANSWER >> 20} MiB"
            raise SourceFailed("git-failed", message)
    return bytes(found)


async def _started(
    starting: asyncio.Future[asyncio.subprocess.Process],
) -> asyncio.subprocess.Process:
    """The process; who is cancelled before it is there ends it, with all that it has started.

    asyncio would kill git alone, and wait for the ssh that holds its pipes.
    """
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(OSError):
            await _end(await starting)
        raise


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what has not ended, with all that it has started, as an ssh that waits for a server."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):  # of a disk that does not answer, nothing ends
        async with asyncio.timeout(PATIENCE):
            await process.wait()


def _in_words(errors: bytes) -> str:
    """What it said of an error, in one line: without what it always says."""
    text = visible(errors.decode(errors="replace"))
    lines = (line.strip().removeprefix("fatal: ") for line in text.splitlines())
    told = [line for line in lines if line and not line.startswith(ALWAYS_SAID)]
    words = "; ".join(told)
    return words if len(words) <= LONGEST_SAID else f"{words[: LONGEST_SAID - 1]}…"


def _quoted(value: str) -> str:
    """As git-config(1) has a value with whatever characters."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
