"""Who holds a lease, and whether he surely has ended."""

import os
import signal
from contextlib import contextmanager

import pytest

from reconciler.execution import author


@contextmanager
def child():
    """A process that waits; it is asked for its end at the end."""
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.fixture
def holder(monkeypatch):
    """Of a child, as it would say it of itself."""
    with child() as pid:
        with monkeypatch.context() as here:
            here.setattr(os, "getpid", lambda: pid)
            claim = author.claim("images", "r1", 0.0)
        yield pid, claim


def test_who_lives_is_not_dead_and_a_zombie_is(holder):
    pid, claim = holder
    assert not claim.is_dead(claim.holder.text())
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays as a zombie
    assert claim.is_dead(claim.holder.text())


def test_a_run_id_sorts_by_time_and_is_nobody_elses():
    first, second = author.new_run(), author.new_run()
    assert first[:8].isdecimal()
    assert first.partition("-")[0] <= second.partition("-")[0]
    assert first != second


def test_who_runs_it_is_told_with_the_machine():
    who = author.author()
    assert author.words() == f"{who['user']}@{who['controller']}"


@pytest.mark.parametrize("text", ["", "7", "{}", "[" * 99999, '{"controller": "a"}'])
def test_who_cannot_be_read_is_not_dead(text):
    assert not author.claim("images", "r1", 0.0).is_dead(text)


def test_who_was_on_another_machine_is_not_dead(holder, monkeypatch):
    _pid, claim = holder
    monkeypatch.setattr(author, "_machine", lambda: "another")
    assert not claim.is_dead(claim.holder.text().replace('"pid": ', '"pid": 9'))


def test_a_machine_that_does_not_say_who_it_is_takes_nobody_for_dead(tmp_path, monkeypatch):
    monkeypatch.setattr(author, "Path", lambda place: tmp_path / place.strip("/"))
    claim = author.claim("images", "r1", 0.0)
    assert (claim.holder.machine, claim.holder.space) == ("unknown", "unknown")
    assert not claim.is_dead(claim.holder.text())
