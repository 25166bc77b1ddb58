"""The container's recipe: what can be told of it without an engine that builds it."""

import asyncio
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.storage.private import OURS
from tests.cli_harness import desk
from tests.unit.watch.daemons import Daemon

ROOT = Path(__file__).parents[3]
RECIPE = ROOT / "examples/container/Containerfile"
BIN = "/opt/reconcile/bin"


def instructions():
    """Its lines in order: the instruction and what follows it."""
    lines = RECIPE.read_text().splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def words(name):
    """The words of each command of an instruction; a shell would be another form."""
    found = [rest for instruction, rest in instructions() if instruction == name]
    return [json.loads(rest[rest.index("[") :]) for rest in found]


def copied_files():
    """What the first stage takes of the sources."""
    rest = [line.split() for name, line in instructions() if name == "COPY"]
    return [file for line in rest if not line[0].startswith("--") for file in line[:-1]]


def test_no_command_is_for_a_shell():
    for name, line in instructions():
        if name in {"RUN", "CMD", "ENTRYPOINT", "VOLUME"}:
            assert line.startswith("["), line
        elif name == "HEALTHCHECK":
            assert re.search(r" CMD \[", line)


def test_it_runs_as_a_fixed_user_who_is_not_root_and_ends_by_sigterm():
    last = [name for name, _line in instructions()].index("USER")
    found = dict(instructions()[last:])
    (user,) = {line for name, line in instructions() if name == "USER"}
    assert re.fullmatch(r"([1-9][0-9]{3,}):\1", user)
    uid = user.partition(":")[0]
    assert ["groupadd", "--gid", uid, "reconcile"] in words("RUN")
    assert any(run[:3] == ["useradd", "--uid", uid] for run in words("RUN"))
    (install,) = (run for run in words("RUN") if run[0] == "install")
    assert install[1:] == ["-d", "-m", f"{OURS:04o}", "-o", uid, "-g", uid, *words("VOLUME")[0]]
    assert found["STOPSIGNAL"] == "SIGTERM"
    state = dict(word.split("=") for word in dict(instructions())["ENV"].split())
    assert state["RECONCILE_STATE"].startswith(words("VOLUME")[0][0])


def test_what_it_installs_is_locked():
    (locked,) = (run for run in words("RUN") if "--require-hashes" in run)
    assert locked[locked.index("-r") + 1] in copied_files()
    assert all(
        "--no-index" in run for run in words("RUN") if "install" in run[1:2] and run != locked
    )


@pytest.mark.skipif(not shutil.which("hadolint"), reason="no hadolint")
def test_hadolint_has_nothing_to_say():
    done = subprocess.run(["hadolint", RECIPE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_it_copies_is_enough_to_build_and_to_install(tmp_path):
    source, wheel, target = (tmp_path / name for name in ("source", "wheel", "target"))
    source.mkdir()
    for name in copied_files():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name)
        else:
            shutil.copy(ROOT / name, source / name)
    places = {f"{BIN}/python": sys.executable, "/wheel": str(wheel)}
    build, install = (run for run in words("RUN") if "/wheel" in run)
    done = [places.get(word, word) for word in build]
    subprocess.run(done, cwd=source, check=True, capture_output=True)
    assert install[0] == f"{BIN}/pip"
    pip = [sys.executable, "-m", "pip", *(places.get(word, word) for word in install[1:])]
    subprocess.run([*pip, "--target", target], check=True, capture_output=True)
    program = [sys.executable, "-P", "-c", "from reconciler.__main__ import main; main()"]
    environment = {"PYTHONPATH": str(target), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    told = subprocess.run(
        [*program, "--version"], check=True, capture_output=True, text=True, env=environment
    )
    assert "reconcile" in told.stdout
    (entry,) = words("ENTRYPOINT")
    assert (target / "bin" / entry[0].removeprefix(f"{BIN}/")).is_file()


async def test_its_command_watches_is_healthy_and_ends(tmp_path):
    async with desk(tmp_path) as at:
        token = tmp_path / "token"
        token.write_text("only of this test")
        token.chmod(0o600)
        (command,), (health,) = words("CMD"), words("HEALTHCHECK")
        known = {
            "0.0.0.0:8080": "0.0.0.0:0",  # as in a container
            "file:/run/secrets/reconcile-token": f"file:{token}",
            "/etc/reconcile/clusters": at.file,
        }
        assert known.keys() <= set(command)
        process = await at.start(*(known.get(word, word) for word in command))
        daemon = Daemon(process)
        try:
            port = (await daemon.until("serving"))["port"]
            assert ":8080/" in health[2]
            asked = [sys.executable, *health[1:2], health[2].replace(":8080/", f":{port}/")]
            looks = await asyncio.create_subprocess_exec(*asked)
            assert await looks.wait() == 0
            assert await daemon.end(signal.SIGTERM) == 0
            looks = await asyncio.create_subprocess_exec(
                *asked, stderr=asyncio.subprocess.DEVNULL
            )
            assert await looks.wait() == 1
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
