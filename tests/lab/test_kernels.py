"""The kernels of suites: what the lab mends in the program, and that it mends nothing else."""

from pathlib import Path

import pytest

from tests.lab.kernels import mend_clone
from tests.lab.shell import LabError

# testb $1, 0x270(%r12); je +12; movq $0, 0x270(%r12)
OLD = bytes.fromhex("41f684247002000001 740c 49c784247002000000000000")
# testb $1, 0x288(%rbx); je +9; xor %edi, %edi; mov %rdi, 0x288(%rbx)
NEW = bytes.fromhex("f6838802000001 7409 31ff4889bb88020000")
# The same test before what stores elsewhere.
OTHER = bytes.fromhex("f6838802000001 7409 31ff4889bb89020000")


@pytest.mark.parametrize(("place", "clone"), [(9, OLD), (7, NEW)])
def test_a_socket_keeps_what_its_listener_has_and_all_else_stays(
    tmp_path: Path, place: int, clone: bytes
) -> None:
    linux = tmp_path / "linux"
    linux.write_bytes(b"before" + clone + OTHER + b"after")
    mend_clone(linux)
    mended = clone[:place] + b"\xeb" + clone[place + 1 :]
    assert linux.read_bytes() == b"before" + mended + OTHER + b"after"


@pytest.mark.parametrize("times", [0, 2])
def test_a_program_in_which_it_is_not_found_once_is_not_touched(
    tmp_path: Path, times: int
) -> None:
    linux = tmp_path / "linux"
    linux.write_bytes(NEW * times + OTHER)
    with pytest.raises(LabError, match=f"{times} places"):
        mend_clone(linux)
    assert linux.read_bytes() == NEW * times + OTHER
