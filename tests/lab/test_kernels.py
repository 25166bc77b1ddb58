"""The kernels of suites: what the lab mends in them, and that it mends nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.kernels import mend_clone, mend_slots
from tests.lab.shell import LabError

# testb $1, 0x270(%r12); je +12; movq $0, 0x270(%r12)
OLD = bytes.fromhex("41f684247002000001 740c 49c784247002000000000000")
# testb $1, 0x288(%rbx); je +9; xor %edi, %edi; mov %rdi, 0x288(%rbx)
NEW = bytes.fromhex("f6838802000001 7409 31ff4889bb88020000")
# The same test before what stores elsewhere.
OTHER = bytes.fromhex("f6838802000001 7409 31ff4889bb89020000")

# cmpl $0, 0x24(%r13,%rdx,8); lea 4(%rdx), %rcx; je; cmpl $0, 8(%r13,%rcx,8); then je or nothing
VALID = bytes.fromhex("41837cd52400 488d4a04")
NUMBER = bytes.fromhex("41837ccd0800")
PREFERRED = VALID + bytes.fromhex("0f849b000000") + NUMBER
EACH = VALID + bytes.fromhex("740c") + NUMBER
FAR, NEAR = bytes.fromhex("0f848f000000"), bytes.fromhex("7404")
# The search for a node: cmp %ecx, 8(%r13,%rsi,8) instead.
SEARCH = VALID + bytes.fromhex("7407 41394cf508 7404")


@pytest.mark.parametrize(("place", "clone"), [(9, OLD), (7, NEW)])
def test_a_socket_keeps_what_its_listener_has_and_all_else_stays(
    tmp_path: Path, place: int, clone: bytes
) -> None:
    linux = tmp_path / "linux"
    linux.write_bytes(b"before" + clone + OTHER + b"after")
    mend_clone(linux)
    mended = clone[:place] + b"\xeb" + clone[place + 1 :]
    assert linux.read_bytes() == b"before" + mended + OTHER + b"after"


def test_node_0_keeps_its_slot_and_all_else_stays(tmp_path: Path) -> None:
    module = tmp_path / "ocfs2.ko"
    module.write_bytes(SEARCH + PREFERRED + FAR + SEARCH + EACH + NEAR + b"after")
    mend_slots(module)
    mended = PREFERRED + b"\x90" * 6 + SEARCH + EACH + b"\x90" * 2
    assert module.read_bytes() == SEARCH + mended + b"after"


@pytest.mark.parametrize(
    ("mend", "program", "found"),
    [
        (mend_clone, OTHER, 0),
        (mend_clone, NEW + NEW + OTHER, 2),
        (mend_slots, SEARCH, 0),
        (mend_slots, EACH + NEAR, 1),
        (mend_slots, (EACH + NEAR) * 3, 3),
    ],
)
def test_a_program_in_which_it_is_not_found_as_often_as_it_should_be_is_not_touched(
    tmp_path: Path, mend: Callable[[Path], None], program: bytes, found: int
) -> None:
    path = tmp_path / "program"
    path.write_bytes(program)
    with pytest.raises(LabError, match=f"{found} places"):
        mend(path)
    assert path.read_bytes() == program
