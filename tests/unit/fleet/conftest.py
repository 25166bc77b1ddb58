from pathlib import Path

import pytest

from tests.unit.fleet.git_repository import Repository, new_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return new_repository(tmp_path / "server.git")
