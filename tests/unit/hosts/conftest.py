"""A place for SSH servers of these tests, and one whose key is trusted."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.hosts.ssh_server import Lab, Server, ssh_lab


@pytest.fixture
async def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    async with ssh_lab(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
async def server(lab: Lab) -> Server:
    made = await lab.serve()
    lab.trust(made.line())
    return made
