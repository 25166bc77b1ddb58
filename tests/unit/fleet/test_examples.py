"""What `examples/fleet` has is taken by the programs that it is for."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reconciler.cli import run
from reconciler.loading.fleet_settings import read_fleet
from tests.installed import refuse

ROOT = Path(__file__).parents[3]
FLEET = ROOT / "examples/fleet"
UNITS = sorted(FLEET.glob("*.service"))
MOST = 2.0
USER = "postgres" if os.geteuid() == 0 else None
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="no systemd-analyze"
)


def run_program(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)


def service(unit: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text())
    return parser["Service"]


@pytest.fixture(params=UNITS, ids=lambda unit: unit.stem)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A unit, with a program that is there."""
    text = request.param.read_text()
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
    (tmp_path / request.param.name).write_text(text)
    return tmp_path / request.param.name


@needs_systemd
def test_systemd_takes_the_units_and_shuts_them_in(unit):
    done = run_program("systemd-analyze", "verify", unit)
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []
    done = run_program("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    level = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert level is not None
    assert float(level[1]) <= MOST


@pytest.mark.parametrize("path", UNITS, ids=lambda unit: unit.stem)
def test_a_command_line_is_one_that_is_understood(path, capsys):
    assert_understood(service(path)["ExecStart"].split()[1:])
    capsys.readouterr()


def test_the_commands_of_the_containers_are_understood(capsys):
    found = yaml.safe_load((FLEET / "compose.yaml").read_text())["services"]
    ours = [one["command"] for name, one in found.items() if name != "database"]
    assert len(ours) == 4
    for words in ours:
        assert_understood(words)
    capsys.readouterr()


def assert_understood(words: list[str]) -> None:
    assert run([*words, "--help"]) == 0


def test_each_worker_of_the_containers_has_a_state_of_its_own():
    found = yaml.safe_load((FLEET / "compose.yaml").read_text())
    workers = [one for one in found["services"].values() if "worker" in one.get("command", ())]
    states = {volume for one in workers for volume in one["volumes"] if "/var/lib" in volume}
    assert len(states) == len(workers) == 2
    named = {secret["source"] for one in workers for secret in one["secrets"]}
    assert named <= found["secrets"].keys()


@pytest.fixture
def data() -> Iterator[Path]:
    """A directory of the one as whom PostgreSQL runs, which never runs as root."""
    place = Path(tempfile.mkdtemp(prefix="rpg", dir="/tmp"))
    if USER:
        shutil.chown(place, USER)
    yield place
    shutil.rmtree(place)


@pytest.mark.parametrize(
    ("name", "value"), [("synchronous_commit", "on"), ("tcp_user_timeout", "10000")]
)
def test_postgresql_takes_its_settings(data, name, value):
    taken = ask_status(data, (FLEET / "postgresql.conf").read_text(), name)
    assert (taken.stdout.strip(), taken.returncode) == (value, 0)
    assert ask_status(data, "no_such_setting = 1\n", name).returncode != 0


def ask_status(data: Path, settings: str, name: str) -> subprocess.CompletedProcess[str]:
    """A value as PostgreSQL reads it from a file of settings."""
    if not POSTGRES:
        refuse("PostgreSQL is not installed")
    (data / "settings.conf").write_text(settings)
    words = ("-D", data, "-c", f"config_file={data}/settings.conf", "-C", name)
    argv = list(map(str, (POSTGRES[-1], *words)))
    return subprocess.run(argv, capture_output=True, text=True, check=False, user=USER, cwd="/")


def test_each_setting_has_its_reason():
    """A paragraph begins with its reason."""
    for part in (FLEET / "postgresql.conf").read_text().split("\n\n"):
        assert part.startswith("# "), part


def test_the_settings_are_read():
    assert read_fleet(str(FLEET / "fleet.yaml")).zones
