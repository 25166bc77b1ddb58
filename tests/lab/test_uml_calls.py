"""What User-Mode Linux is told of this machine: one interrupt at a time, and none is lost."""

import os
import subprocess
import sys
from pathlib import Path

from tests.lab import uml_calls
from tests.lab.fixtures import need_lab

# Two that are ready at once, each told once only; then a third question, which has no answer.
ASKED = """
import os, select
told = select.epoll()
for end, other in (os.pipe(), os.pipe()):
    told.register(end, select.EPOLLIN | select.EPOLLET)
    os.write(other, b"x")
print([len(told.poll(0, 64)) for _ in range(3)])
"""


def answers(**environment: str) -> str:
    """How many events each of three questions is answered with."""
    argv = [sys.executable, "-c", ASKED]
    done = subprocess.run(
        argv, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_two_interrupts_are_told_one_after_the_other(tmp_path: Path) -> None:
    need_lab()
    uml_calls.ensure(tmp_path)
    name, _, library = uml_calls.environment(tmp_path).partition("=")
    assert answers() == "[2, 0, 0]"
    assert answers(**{name: library}) == "[1, 1, 0]"
