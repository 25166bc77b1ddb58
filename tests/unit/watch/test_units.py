"""The daemon as a service: its unit is one that systemd takes, and is well shut in."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.cli import run

SYSTEMD = Path(__file__).parents[3] / "examples/systemd"
UNIT = SYSTEMD / "reconcile-watch.service"
MOST = 2.0
needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="no systemd-analyze"
)


@pytest.fixture
def unit(tmp_path):
    """The unit, with a program that is there."""
    text = re.sub(
        r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE
    )
    (tmp_path / UNIT.name).write_text(text)
    return tmp_path / UNIT.name


def service():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(UNIT.read_text())
    return parser["Service"]


def ended(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False)


@needs_systemd
def test_systemd_takes_the_unit(unit):
    done = ended("systemd-analyze", "verify", unit)
    assert [line for line in done.stderr.splitlines() if UNIT.name in line] == []


@needs_systemd
def test_it_is_shut_in(unit):
    done = ended("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    level = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert float(level[1]) <= MOST


@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="no systemd-sysusers")
def test_its_user_and_directories_are_made(tmp_path):
    (tmp_path / "etc").mkdir()
    root = f"--root={tmp_path}"
    done = ended("systemd-sysusers", root, SYSTEMD / "sysusers.d/reconcile.conf")
    assert done.returncode == 0, done.stderr
    assert "/var/lib/reconcile" in (tmp_path / "etc/passwd").read_text()
    words = ("systemd-tmpfiles", "--create", root, SYSTEMD / "tmpfiles.d/reconcile.conf")
    done = ended(*words)
    assert (tmp_path / "etc/reconcile/clusters").is_dir(), done.stderr


def test_its_command_line_is_one_that_is_understood(capsys):
    words = service()["ExecStart"].split()[1:]
    assert run([*words[:-1], "--help"]) == 0
    capsys.readouterr()


def test_its_loop_is_watched_and_its_processes_end_with_it():
    found = service()
    assert (found["Type"], found["KillMode"]) == ("notify", "mixed")
    assert int(found["WatchdogSec"]) > 0
