"""The example of a timer: the script tells each change once, and exits as drift does."""

import os
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "examples/systemd"
FAKES = {
    "reconcile": 'cat "$STATE_DIRECTORY/../says"; exit $(cat "$STATE_DIRECTORY/../code")',
    "mail": 'echo "$2" >>"$STATE_DIRECTORY/../mails"; exit ${MAIL_CODE:-0}',
}


@pytest.fixture
def look(tmp_path):
    (tmp_path / "state").mkdir()
    for name, text in FAKES.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)

    def look(code, says, **more):
        (tmp_path / "says").write_text(says)
        (tmp_path / "code").write_text(str(code))
        (tmp_path / "mails").write_text("")
        env = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "STATE_DIRECTORY": str(tmp_path / "state"),
            "MAILTO": "ops@example.com",
            **more,
        }
        done = subprocess.run(
            [SYSTEMD / "reconcile-drift", "c.yaml"], env=env, capture_output=True, check=False
        )
        return done.returncode, (tmp_path / "mails").read_text().splitlines()

    return look


def test_each_change_is_told_once(look):
    assert look(0, "fine") == (0, [])
    assert look(2, "a") == (2, ["drift: c.yaml"])
    assert look(2, "a") == (2, [])
    assert look(2, "a b") == (2, ["drift: c.yaml"])
    assert look(0, "fine") == (0, ["no drift any more: c.yaml"])
    assert look(0, "fine") == (0, [])


@pytest.mark.parametrize("code", [1, 3, 64])
def test_a_look_that_failed_says_nothing_of_drift_and_forgets_nothing(look, code):
    assert look(2, "a") == (2, ["drift: c.yaml"])
    assert look(code, "") == (code, [])
    assert look(2, "a") == (2, [])


def test_what_could_not_be_sent_is_sent_the_next_time(look):
    assert look(2, "a", MAIL_CODE="1") == (1, ["drift: c.yaml"])
    assert look(2, "a") == (2, ["drift: c.yaml"])
