"""The kernels of suites: what the lab mends in a module, and that it mends nothing else."""

from pathlib import Path

import pytest

from tests.lab.kernels import CALLS_NOBODY, mend_listener
from tests.lab.shell import LabError

# test rbx,rbx; jne +9; mov 0x108(rdi),rbx; jmp
LISTENER = bytes.fromhex("4885db 7509 488b9f08010000 eb32".replace(" ", ""))


def module(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "7.2.7/kernel/fs/ocfs2/cluster/ocfs2_nodemanager.ko"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_the_listener_calls_nobody_and_all_else_stays(tmp_path: Path) -> None:
    path = module(tmp_path, b"before" + LISTENER + b"after")
    mend_listener(tmp_path)
    mended = LISTENER[:5] + CALLS_NOBODY + LISTENER[-2:]
    assert path.read_bytes() == b"before" + mended + b"after"
    assert len(CALLS_NOBODY) == 7


@pytest.mark.parametrize("times", [0, 2])
def test_a_module_in_which_it_is_not_found_once_is_not_touched(
    tmp_path: Path, times: int
) -> None:
    path = module(tmp_path, LISTENER * times)
    with pytest.raises(LabError, match=f"{times} places"):
        mend_listener(tmp_path)
    assert path.read_bytes() == LISTENER * times
