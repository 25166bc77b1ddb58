"""What systemd says of the order of units, and the drop-ins that have the name of ours."""

from pathlib import Path

import pytest

from reconciler.model.observed import Ordering, Unknown
from reconciler.probe.sections import read, split
from reconciler.resources import SECTIONS
from tests.unit.gate.calls import SHELLS, needs_root, within
from tests.unit.probe.calls import run

# As systemd 252 prints it: a list is one line, what has a backslash is quoted.
SYSTEMCTL = r"""#!/bin/sh
[ "$1 $2 $3" = "show -p Id,Wants,Before,After,RequiresMountsFor" ] || exit 9
shift 3
for name; do case $name in
o2cb.service) printf '%s\n' "Id=$name" 'Wants=network-online.target remote-fs-pre.target' \
    'Before=ocfs2.service shutdown.target remote-fs-pre.target' \
    'After=basic.target multipathd.service ssh.service iscsid.service' RequiresMountsFor= '' ;;
a.service) printf '%s\n' Id=alias.service Wants= Before=shutdown.target \
    'After=-.mount "srv-b\\x2dc.mount" ocfs2.service o2cb.service' \
    'RequiresMountsFor=/var/tmp /srv/b-c' '' ;;
*) printf '%s\n' "Id=$name" Wants= Before= After=o2cb.service RequiresMountsFor= '' ;;
esac; done
"""
FEWER = "#!/bin/sh\nprintf 'Id=o2cb.service\\nAfter=\\n'\n"
TEXT = "# Written by reconcile for the cluster ocfs2.\n[Unit]\nAfter=o2cb.service\n"


def seen(tmp_path: Path, systemctl: str, shell: tuple[str, ...], *asked: str) -> object:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/systemctl").write_text(systemctl)
    (tmp_path / "bin/systemctl").chmod(0o755)
    (tmp_path / "etc").mkdir()
    for name in ("a.service.d/reconcile.conf", "b.service.d/other.conf", "reconcile.conf"):
        (tmp_path / "etc" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "etc" / name).write_text(TEXT)
    script = (
        f"mount --bind {tmp_path}/bin /usr/local/sbin && mkdir -p /etc/systemd/system && "
        f"mount --bind {tmp_path}/etc /etc/systemd/system"
    )
    text = run(shell, *asked, "--only", "ordering", prefix=within(script, ()))
    return read(split(text)["ordering"], SECTIONS["ordering"])


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_of_each_unit_asked_for_what_concerns_the_cluster_is_told(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    asked = ("--path", "/srv/b-c", "--order", "a.service", "--order", r"srv-b\x2dc.mount")
    found = seen(tmp_path, SYSTEMCTL, shell, *asked)
    assert isinstance(found, Ordering)
    assert found.words == (
        ("a.service", "After=o2cb.service"),
        ("a.service", "After=ocfs2.service"),
        ("a.service", "RequiresMountsFor=/srv/b-c"),
        ("o2cb.service", "After=iscsid.service"),
        ("o2cb.service", "After=multipathd.service"),
        ("o2cb.service", "Before=remote-fs-pre.target"),
        ("o2cb.service", "Wants=remote-fs-pre.target"),
        (r"srv-b\x2dc.mount", "After=o2cb.service"),
    )
    assert [(file.path, file.text, file.mode) for file in found.files] == [
        ("/etc/systemd/system/a.service.d/reconcile.conf", TEXT, "644")
    ]


@needs_root
def test_a_unit_that_systemd_does_not_tell_of_is_unknown_not_unordered(tmp_path: Path) -> None:
    found = seen(tmp_path, FEWER, ("dash",), "--order", "a.service")
    assert found == Unknown("systemctl does not tell of a.service")


@needs_root
def test_a_systemctl_that_fails_is_unknown(tmp_path: Path) -> None:
    found = seen(tmp_path, "#!/bin/sh\nexit 1\n", ("dash",))
    assert found == Unknown("systemctl failed")
