"""Since when, as a host itself tells it: links of units, and when packages came."""

import os
from pathlib import Path

import pytest

from reconciler.model.observed import Packages, Unit
from reconciler.probe.sections import read, split
from reconciler.resources import SECTIONS
from tests.unit.gate.calls import SHELLS, needs_root, within
from tests.unit.probe.calls import run

SYSTEMCTL = """\
#!/bin/sh
shift 3
for name; do
state=disabled load=loaded
case $name in
linked.*|required.*) state=enabled ;;
script.*|scriptless.*) state=generated ;;
masked.*|runtime.*) load=masked ;;
o2cb.*|ocfs2.*|multipathd.*|*iscsi*|firewalld.*|nftables.*) load=not-found ;;
esac
printf 'Id=%s\\nLoadState=%s\\nActiveState=inactive\\nSubState=dead\\n' $name $load
printf 'FragmentPath=%s\\nUnitFileState=%s\\n\\n' /etc/units/$name $state
done
"""
WANTS = "systemd/system/multi-user.target.wants"
# Unit -> what tells of it, below /etc, and whether that is a link; None: nothing does.
PLACES = {
    "linked.service": f"{WANTS}/linked.service",
    "required.service": "systemd/system/a.target.requires/required.service",
    "masked.service": "systemd/system/masked.service",
    "script.service": "rc3.d/S20script",
    "scriptless.service": "rc3.d",
    "off.service": WANTS,
    "elsewhere.service": None,
    "static.service": None,
    "runtime.service": None,
    "strange.service": None,
}
TIME = 1_700_000_000


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """What is bound over /etc."""
    made = tmp_path / "etc"
    for name in (WANTS, "systemd/system/a.target.requires", "rc3.d", "units"):
        (made / name).mkdir(parents=True)
    for unit, place in PLACES.items():
        wanted = "WantedBy=multi-user.target other.target\n" if unit != "static.service" else ""
        (made / "units" / unit).write_text(f"[Unit]\nA=WantedBy=x\n[Install]\n{wanted}")
        if place and place.rpartition("/")[2] not in {"rc3.d", WANTS.rpartition("/")[2]}:
            (made / place).symlink_to("/nowhere")
    (made / "units/elsewhere.service").write_text("[Install]\nWantedBy=absent.target\n")
    (made / "units/strange.service").write_text("[Install]\nWantedBy=\n")
    (made / "units/runtime.service").unlink()
    for number, place in enumerate(filter(None, PLACES.values())):
        when = (TIME + number, TIME + number)
        os.utime(made / place, when, follow_symlinks=False)
    return made


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_unit_tells_of_its_link_or_of_where_that_was(
    tmp_path: Path, etc: Path, shell: tuple[str, ...]
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/systemctl").write_text(SYSTEMCTL)
    (tmp_path / "bin/systemctl").chmod(0o755)
    words = [word for name in PLACES for word in ("--unit", name)]
    script = f"mount --bind {tmp_path}/bin /usr/local/sbin && mount --bind {etc} /etc"
    text = run(shell, *words, "--only", "services", prefix=within(script, ()))
    found = read(split(text)["services"], SECTIONS["services"])
    told = {u.name: (u.written, u.link) for u in found if isinstance(u, Unit)}  # type: ignore[attr-defined]
    times = {p: TIME + n for n, p in enumerate(filter(None, PLACES.values()))}
    expected = {
        unit: (times[place], f"/etc/{place}") if place else (None, "")
        for unit, place in PLACES.items()
    }
    assert {name: told[name] for name in PLACES} == expected
    assert {one for name, one in told.items() if name not in PLACES} == {(None, "")}


RPM = """\
#!/bin/sh
case "$*" in *INSTALLTIME*) ;; *) exit 1 ;; esac
printf 'ii \\tocfs2-tools\\t1.8-1\\t1700000000\\n'
printf 'ii \\tkmod-ocfs2\\t1-1\\t1700000005\\nii \\tkmod-ocfs2\\t2-1\\t1700000009\\n'
"""


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_rpm_tells_when_it_installed_a_package(tmp_path: Path, shell: tuple[str, ...]) -> None:
    for name, text in {"bin/rpm": RPM, "bin/dnf": "#!/bin/sh\n", "release": "ID=ol\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    script = (
        f"mount --bind {tmp_path}/bin /usr/local/sbin && "
        f"mount --bind {tmp_path}/release /etc/os-release"
    )
    text = run(shell, "--only", "packages", prefix=within(script, ()))
    found = read(split(text)["packages"], SECTIONS["packages"])
    assert isinstance(found, Packages)
    assert found.versions == {"ocfs2-tools": "1.8-1", "kmod-ocfs2": "1-1, 2-1"}
    assert found.installed == {"ocfs2-tools": 1_700_000_000, "kmod-ocfs2": 1_700_000_009}


def test_a_host_that_does_not_tell_is_read_all_the_same() -> None:
    rows = (("manager", "dpkg"), ("version", "ocfs2-tools", "1.8"))
    packages = SECTIONS["packages"](rows)
    assert isinstance(packages, Packages)
    assert packages.installed == {}
    units = SECTIONS["services"]((("unit", "a", "loaded", "active", "exited", "enabled"),))
    assert units == (Unit("a", "loaded", "active", "exited", enabled=True),)
