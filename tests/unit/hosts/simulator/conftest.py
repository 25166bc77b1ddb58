"""What the simulated gate refuses, the real one refuses in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.hosts.simulator.state import reply
from tests.unit.hosts.simulator.gate_words import is_word_of_the_gate

REFUSED = 75


@pytest.fixture(autouse=True)
def in_the_words_of_the_gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each refusal that a test meets is one of the shell's."""
    said: list[str] = []
    make = reply.Failed.__init__

    def noted(self: Any, status: int, stderr: str, *more: Any) -> None:
        if status == REFUSED:
            said.append(stderr)
        make(self, status, stderr, *more)

    monkeypatch.setattr(reply.Failed, "__init__", noted)
    yield
    assert [line for line in said if not is_word_of_the_gate(line)] == []
