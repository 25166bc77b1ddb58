"""Keys that are pressed while bars are drawn."""

import os
import termios

import pytest

from reconciler.cli import keyboard


@pytest.fixture
def terminal(monkeypatch):
    """Both ends of a terminal whose foreground we are; ours may be closed."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "r") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        monkeypatch.setattr(keyboard.os, "tcgetpgrp", lambda _terminal: os.getpgrp())
        yield ours, theirs


def shows_control_keys(terminal):
    return bool(termios.tcgetattr(terminal)[keyboard.LOCAL_MODES] & termios.ECHOCTL)


def test_they_are_not_shown_until_the_bars_are_gone(terminal):
    ours, theirs = terminal
    assert shows_control_keys(theirs)
    with keyboard.unseen_control_keys():
        assert not shows_control_keys(theirs)
    assert shows_control_keys(theirs)
    os.close(ours)


def test_a_terminal_that_is_lost_meanwhile_fails_nothing(terminal):
    ours, _theirs = terminal
    with keyboard.unseen_control_keys():
        os.close(ours)


def test_in_the_background_and_without_a_terminal_nothing_is_set(terminal, monkeypatch):
    ours, theirs = terminal
    monkeypatch.setattr(keyboard.os, "tcgetpgrp", lambda _terminal: os.getpgrp() + 1)
    with keyboard.unseen_control_keys():
        assert shows_control_keys(theirs)
    monkeypatch.setattr("sys.stdin", None)
    with keyboard.unseen_control_keys():
        pass
    os.close(ours)
