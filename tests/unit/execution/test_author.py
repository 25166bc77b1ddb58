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
