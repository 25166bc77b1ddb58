"""Which build of a module runs, and which is installed: by srcversion, else by build id."""

from pathlib import Path

import pytest

from reconciler.hosts.observer import parse_facts
from reconciler.model.observed import Kernel, ModuleBuild
from reconciler.probe import probe_text
from reconciler.resources import SECTIONS
from tests.unit.gate.debian import Debian, needs_debian

FILE = "/usr/lib/modules/lab/extra/ocfs2.ko"
SYS = "/sys/module/ocfs2"
NOTE = bytes.fromhex("040000001400000003000000474e5500")
ONE, TWO = bytes(range(8, 28)), bytes([10, 0, *range(18)])


@pytest.fixture
def debian(tmp_path: Path) -> Debian:
    return Debian(tmp_path)


def module(build_id: bytes) -> bytes:
    """As much of a module as is looked at."""
    return bytes(64) + NOTE + build_id + b"\x06" * 3000


def builds(debian: Debian, file: str, told: str = "") -> tuple[ModuleBuild, ...]:
    words = f"filename:       {file}\\n{told}name:           ocfs2\\n"
    debian.put("/usr/local/bin/modinfo", f"#!/bin/sh\nprintf '{words}'\n")
    debian.put("/probe.sh", probe_text("kernel"))
    text = debian.run('sh -c "$(cat /probe.sh)" probe --only kernel')
    found = parse_facts(text, SECTIONS).kernel
    assert isinstance(found, Kernel)
    return found.builds


@needs_debian
@pytest.mark.parametrize("file_id", [ONE, TWO], ids=["same", "other"])
def test_without_a_srcversion_the_build_id_tells(debian: Debian, file_id: bytes) -> None:
    debian.put(f"{SYS}/notes/.note.gnu.build-id", NOTE + ONE)
    debian.put(FILE, module(file_id))
    found = ModuleBuild("ocfs2", f"build-id:{ONE.hex()}", f"build-id:{file_id.hex()}")
    assert builds(debian, FILE) == (found,)


@needs_debian
def test_a_srcversion_tells_where_there_is_one(debian: Debian) -> None:
    debian.put(f"{SYS}/srcversion", b"AAA\n")
    debian.put(FILE, module(ONE))
    found = ModuleBuild("ocfs2", "srcversion:AAA", "srcversion:BBB")
    assert builds(debian, FILE, "srcversion:     BBB\\n") == (found,)


@needs_debian
def test_a_compressed_module_is_read_as_it_is_unpacked(debian: Debian) -> None:
    debian.put(f"{SYS}/notes/.note.gnu.build-id", NOTE + ONE)
    debian.put(FILE, module(ONE))
    debian.run(f"gzip {FILE}")
    id_ = f"build-id:{ONE.hex()}"
    assert builds(debian, f"{FILE}.gz") == (ModuleBuild("ocfs2", id_, id_),)


@needs_debian
def test_what_cannot_be_read_is_unknown(debian: Debian) -> None:
    debian.put(f"{SYS}/notes/.note.gnu.build-id", NOTE + ONE)
    debian.put(f"{FILE}.zst", b"not to be read")
    id_ = f"build-id:{ONE.hex()}"
    assert builds(debian, f"{FILE}.zst") == (ModuleBuild("ocfs2", id_, None),)
