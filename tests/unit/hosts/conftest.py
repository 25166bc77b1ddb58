"""A place for SSH servers of these tests, and one whose key is trusted."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.hosts.openssh import RUNTIME
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


@pytest.fixture
def privileges() -> None:
    """The empty directory that sshd wants when root runs it; its unit makes it elsewhere.

    It stays: tests beside this one may need it.
    """
    if os.geteuid() == 0:
        RUNTIME.mkdir(mode=0o755, exist_ok=True)
