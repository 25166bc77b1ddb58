"""Which kernel boots next, as GRUB's menu or grubby tells; and whether its module is there."""

from pathlib import Path

import pytest

from reconciler.hosts.observer import parse_facts
from reconciler.model.observed import Kernel
from reconciler.probe import probe_text
from reconciler.resources import SECTIONS
from tests.unit.gate.calls import SHELLS
from tests.unit.gate.debian import Debian, needs_debian

# As grub-mkconfig writes it, cut short.
MENU = """\
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
else
   set default="%s"
fi
function load_video {
  insmod all_video
}
menuentry 'Debian GNU/Linux' --class os $menuentry_id_option 'gnulinux-simple-U' {
\tlinux\t/boot/vmlinuz-6.1.0-40-amd64 root=/dev/vda1 ro quiet
}
submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced-U' {
\tmenuentry 'Debian, with Linux 6.1.0-40-amd64' $menuentry_id_option 'id-40' {
\t\tlinux\t/boot/vmlinuz-6.1.0-40-amd64 root=/dev/vda1 ro
\t}
\tmenuentry 'Debian, with Linux 6.1.0-9-amd64' $menuentry_id_option 'id-9' {
\t\tlinux\t/boot/vmlinuz-6.1.0-9-amd64 root=/dev/vda1 ro
\t}
}
menuentry 'Memory test' {
\tlinux16\t/boot/memtest86+.bin
}
"""
NEWER, OLDER = "6.1.0-40-amd64", "6.1.0-9-amd64"


@pytest.fixture
def debian(tmp_path: Path) -> Debian:
    return Debian(tmp_path)


def kernel(debian: Debian, shell: str = "sh") -> Kernel:
    debian.put("/probe.sh", probe_text("kernel"))
    text = debian.run(f'{shell} -c "$(cat /probe.sh)" probe --only kernel')
    found = parse_facts(text, SECTIONS).kernel
    assert isinstance(found, Kernel)
    return found


@needs_debian
@pytest.mark.parametrize(
    ("default", "saved", "following"),
    [
        ("0", "", NEWER),
        ("1>1", "", OLDER),
        ("1>0", "", NEWER),
        ("gnulinux-advanced-U>id-9", "", OLDER),
        ("Advanced options>Debian, with Linux 6.1.0-9-amd64", "", OLDER),
        ("${saved_entry}", "saved_entry=id-9\n", OLDER),
        ("${saved_entry}", "", NEWER),
        ("0", "saved_entry=0\nnext_entry=1>1\n", OLDER),
        ("0", "next_entry=\n", NEWER),
        ("1", "", None),
        ("2", "", None),
        ("7", "", None),
        ("id-gone", "", None),
    ],
)
def test_the_menu_tells_which_kernel_boots_next(
    debian: Debian, default: str, saved: str, following: str | None
) -> None:
    debian.put("/boot/grub/grub.cfg", MENU % default)
    debian.put("/boot/grub/grubenv", f"# GRUB Environment Block\n{saved}####")
    assert kernel(debian).next_boot == following


@needs_debian
@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_reads_the_menu(debian: Debian, shell: tuple[str, ...]) -> None:
    debian.put("/boot/grub2/grub.cfg", MENU % "1>1")
    assert kernel(debian, " ".join(shell)).next_boot == OLDER


@needs_debian
def test_without_a_menu_nobody_knows_what_boots_next(debian: Debian) -> None:
    debian.put("/boot/vmlinuz-9.9.9", "")
    found = kernel(debian)
    assert (found.next_boot, found.next_boot_module) == (None, None)


@needs_debian
@pytest.mark.parametrize(
    ("told", "following"),
    [
        ("/boot/vmlinuz-5.14.0-70.el9.x86_64", "5.14.0-70.el9.x86_64"),
        ("/boot/efi/0123/5.14.0/linux", None),
        ("", None),
    ],
)
def test_grubby_is_asked_first(debian: Debian, told: str, following: str | None) -> None:
    debian.put("/boot/grub/grub.cfg", MENU % "0")
    debian.put("/usr/local/bin/grubby", f"#!/bin/sh\necho {told}\n")
    assert kernel(debian).next_boot == following


@needs_debian
@pytest.mark.parametrize("there", ["there", ""])
def test_a_module_that_only_the_index_has_is_none(debian: Debian, there: str) -> None:
    debian.put("/boot/grub/grub.cfg", MENU % "0")
    file = "/usr/lib/modules/lab/ocfs2.ko"
    telling = f"case $1 in -k) echo {file} ;; *) echo 'filename:       {file}' ;; esac"
    debian.put("/usr/local/bin/modinfo", f"#!/bin/sh\n{telling}\n")
    if there:
        debian.put(file, "")
    found = kernel(debian)
    assert (found.module_file, found.next_boot_module) == (file if there else None, bool(there))
