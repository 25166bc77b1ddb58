"""Errors of the operating system are said in words, wherever they are caught."""

import ast
import socket
from pathlib import Path

import pytest

import reconciler
from reconciler.system_errors import say_error

SOURCES = sorted(Path(reconciler.__file__).parent.rglob("*.py"))
# What an error of the operating system is caught by.
CAUGHT = {"OSError", "ConnectionError", "TimeoutError", "FileNotFoundError", "PermissionError"}
CAUGHT |= {"LOGIN_ERRORS", "Exception"}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ConnectionRefusedError(111, "Connect call failed ('10.0.0.1', 22)"),
            "connection refused (10.0.0.1 port 22)",
        ),
        (
            OSError(
                "Multiple exceptions: [Errno 111] Connect call failed ('::1', 22, 0, 0), "
                "[Errno 101] Connect call failed ('10.0.0.1', 22)"
            ),
            "connection refused (::1 port 22), network unreachable (10.0.0.1 port 22)",
        ),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "name unknown"),
        (
            socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
            "the name servers do not answer",
        ),
        (OSError(113, "No route to host"), "no route to the host"),
        (OSError(113, "Connect call failed ('10.0.0.1', 22)"), "no route to the host (10.0.0.1 port 22)"),
        (FileNotFoundError(2, "No such file or directory", "/a: b"), "/a: b: no such file or directory"),
        ("Connection lost: [Errno 104] Connection reset by peer", "Connection lost: connection reset by the other side"),
        (OSError("no number"), "no number"),
        (TimeoutError(), ""),
    ],
)  # fmt: skip
def test_an_error_is_said_in_words(error, words):
    assert say_error(error) == words


def caught(handler):
    found = {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(handler.type)
        if isinstance(node, ast.Name | ast.Attribute)
    }
    return bool(found & (CAUGHT | {"Error"}))


def shown(handler):
    """Where an error that was caught is made a text as it is."""
    for node in ast.walk(handler):
        match node:
            case ast.FormattedValue(value=ast.Name(id=handler.name)):
                yield node.lineno
            case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=handler.name)]):
                yield node.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_error_of_the_operating_system_is_shown_with_its_number(path):
    handlers = [
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ExceptHandler)
    ]
    found = [line for h in handlers if h.name and h.type and caught(h) for line in shown(h)]
    assert found == [], "say it with say_error"
