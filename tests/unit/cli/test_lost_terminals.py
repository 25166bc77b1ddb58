"""What is written to a terminal that is gone, or to nobody."""

import os
import pty
import sys

import pytest

from reconciler.cli.streams import ignore_broken_pipes, ignore_lost_terminals
from tests.terminals import hang_up


@pytest.fixture
def lost_terminal():
    ours, theirs = pty.openpty()
    kept = os.dup(theirs)
    hang_up(ours, {"stdin": theirs})
    with os.fdopen(kept, "w") as stream:
        yield stream


@pytest.fixture
def broken_pipe():
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "w") as stream:
        yield stream


@pytest.mark.parametrize("heedless", [ignore_broken_pipes, ignore_lost_terminals])
def test_a_lost_terminal_takes_everything(monkeypatch, lost_terminal, heedless):
    monkeypatch.setattr(sys, "stdout", lost_terminal)
    with pytest.raises(OSError, match="Input/output error"):
        os.write(lost_terminal.fileno(), b"once more\n")
    with heedless():
        print("still there", flush=True)
    assert sys.stdout is lost_terminal


def test_a_broken_pipe_ends_what_only_a_terminal_shall_not(monkeypatch, broken_pipe):
    monkeypatch.setattr(sys, "stdout", broken_pipe)
    with ignore_broken_pipes():
        print("to nobody", flush=True)
    with pytest.raises(BrokenPipeError), ignore_lost_terminals():
        print("to nobody", flush=True)
