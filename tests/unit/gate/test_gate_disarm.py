"""What mounts by itself never does again; a systemctl and an /etc of the tests' own."""

# ruff: noqa: PLR0913, PLR0917 - the columns of a table

from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, Answer, gate, needs_root, within

# It finds a unit's file as systemd does, and knows a mask and the units that are active.
SYSTEMCTL = """\
#!/bin/sh
cd {here}
echo "$*" >>called
for name; do :; done
case "$*" in
show*)
    fragment='' load=not-found active=inactive
    for dir in lib run etc; do
        for file in $dir/$name $dir/systemd/system/$name; do
            [ -e $file ] && load=loaded fragment=/$file
        done
    done
    if [ -L etc/systemd/system/$name ]; then load=masked fragment=; fi
    if [ -e active ]; then active=active; fi
    if [ -e unread ]; then fragment=; fi
    printf 'LoadState=%s\\nActiveState=%s\\nFragmentPath=%s\\n' $load $active $fragment ;;
daemon-reload) rm -f unread ;;
mask*) [ -e deaf ] || ln -s /dev/null etc/systemd/system/$name ;;
*is-active*) [ -e active ] ;;
reload*) exit 0 ;;
esac
"""
UNIT = "srv-images.mount"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for directory in ("etc/systemd/system", "etc/auto.master.d", "lib/systemd/system",
                      "run/systemd/system", "tools"):  # fmt: skip
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "etc/alternatives").mkdir()
    (tmp_path / "etc/alternatives/awk").symlink_to(Path("/usr/bin/awk").resolve())
    (tmp_path / "tools/systemctl").write_text(SYSTEMCTL.format(here=tmp_path))
    (tmp_path / "tools/systemctl").chmod(0o755)
    return tmp_path


def disarm(here: Path, *words: str, shell: tuple[str, ...] = ("dash",)) -> Answer:
    script = (
        "mount -t tmpfs tmpfs /var/lib && "
        f"mount --bind {here}/tools /usr/local/sbin && mount --bind {here}/etc /etc"
    )
    return gate("disarm", *words, prefix=within(script, shell))


def called(here: Path) -> list[str]:
    lines = (here / "called").read_text().splitlines()
    return [line for line in lines if not line.startswith("show")]


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_unit_of_the_administrator_is_put_away(here: Path, shell: tuple[str, ...]) -> None:
    (here / "etc/systemd/system" / UNIT).write_text("[Mount]\n")
    for _ in range(2):
        assert disarm(here, "unit", UNIT, "-", shell=shell) == (0, f"ok disarmed {UNIT}\n", "")
    assert [path.name for path in (here / "etc/systemd/system").iterdir()] == [f"{UNIT}.before"]
    assert called(here) == [f"disable {UNIT}", "daemon-reload"]


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_unit_of_a_package_is_masked(here: Path, shell: tuple[str, ...]) -> None:
    (here / "lib/systemd/system" / UNIT).write_text("[Mount]\n")
    (here / "etc/systemd/system" / UNIT).write_text("[Mount]\n")
    for _ in range(2):
        assert disarm(here, "unit", UNIT, "-", shell=shell) == (0, f"ok disarmed {UNIT}\n", "")
    assert (here / "etc/systemd/system" / UNIT).readlink() == Path("/dev/null")
    put_away = [f"disable {UNIT}", "daemon-reload"]
    assert called(here) == [*put_away, f"disable {UNIT}", f"mask {UNIT}", "daemon-reload"]


@needs_root
def test_a_file_that_systemd_has_not_read_yet_counts(here: Path) -> None:
    (here / "etc/systemd/system" / UNIT).write_text("[Mount]\n")
    (here / "unread").touch()
    assert disarm(here, "unit", UNIT, "-")[0] == 0
    assert [path.name for path in (here / "etc/systemd/system").iterdir()] == [f"{UNIT}.before"]


@needs_root
def test_a_unit_that_stays_is_told(here: Path) -> None:
    (here / "lib/systemd/system" / UNIT).write_text("[Mount]\n")
    (here / "deaf").touch()
    words = f"gate: disarm-failed: {UNIT} is still at /lib/systemd/system/{UNIT}\n"
    assert disarm(here, "unit", UNIT, "-") == (70, "", words)


@needs_root
def test_what_is_active_or_generated_is_refused(here: Path) -> None:
    (here / "run/systemd/system" / UNIT).write_text("[Mount]\n")
    words = f"gate: automount-generated: {UNIT} comes from /run/systemd/system/{UNIT}\n"
    assert disarm(here, "unit", UNIT, "-") == (75, "", words)
    (here / "active").touch()
    words = "gate: automount-active: srv.automount is active\n"
    assert disarm(here, "unit", "srv.automount", "-") == (75, "", words)
    assert not [line for line in called(here) if "disable" in line]


MAP = """\
# /srv/images -fstype=ocfs2 :/dev/x
other\t-fstype=nfs host:/x
images\t-fstype=ocfs2,noatime :/dev/x
more -fstype=ocfs2 \\
    :/dev/y

"""


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("file", ["auto.misc", "auto.master.d/x.autofs"])
@pytest.mark.parametrize(
    ("line", "old", "new"),
    [
        ("images -fstype=ocfs2,noatime :/dev/x", "images\t", "#reconcile: images\t"),
        ("more -fstype=ocfs2 \\", "more -fstype=ocfs2 \\\n ",
         "#reconcile: more -fstype=ocfs2 \\\n#reconcile:  "),
        ("    :/dev/y", "more -fstype=ocfs2 \\\n ",
         "#reconcile: more -fstype=ocfs2 \\\n#reconcile:  "),
        ("# /srv/images -fstype=ocfs2 :/dev/x", "", ""),
        ("images", "", ""),
    ],
)  # fmt: skip
def test_a_line_of_a_map_is_commented_out(
    here: Path, shell: tuple[str, ...], file: str, line: str, old: str, new: str
) -> None:
    path = here / "etc" / file
    path.write_text(MAP)
    path.chmod(0o640)
    (here / "active").touch()
    for _ in range(2):
        done = disarm(here, "autofs", f"/etc/{file}", line, shell=shell)
        assert done == (0, f"ok disarmed /etc/{file}\n", "")
    assert path.read_text().strip() == MAP.replace(old, new).strip()
    assert path.stat().st_mode & 0o777 == 0o640
    if old:
        assert path.with_name(path.name + ".before").read_text() == MAP
        assert called(here) == ["-q is-active autofs.service", "reload autofs.service"]


@needs_root
def test_a_long_or_odd_line_is_found_as_the_probe_tells_it(here: Path) -> None:
    path = here / "etc/auto.misc"
    long = "x -fstype=ocfs2 :" + "é" * 500
    path.write_text(f"{long} more\nbell\a -fstype=ocfs2 \\t&$x\n")
    told = long.encode()[:1000].decode(errors="surrogateescape")
    assert disarm(here, "autofs", "/etc/auto.misc", "bell? -fstype=ocfs2 \\t&$x")[0] == 0
    assert "\n#reconcile: bell\a -fstype=ocfs2 \\t&$x\n" in path.read_text()
    assert disarm(here, "autofs", "/etc/auto.misc", told)[0] == 0
    assert path.read_text().startswith("#reconcile: x")


@needs_root
def test_a_map_that_is_not_there_or_a_program_stays(here: Path) -> None:
    assert disarm(here, "autofs", "/etc/auto.none", "x")[0] == 0
    (here / "etc/auto.net").write_text("#!/bin/sh\nx\n")
    (here / "etc/auto.net").chmod(0o755)
    words = "gate: automount-generated: /etc/auto.net is a program\n"
    assert disarm(here, "autofs", "/etc/auto.net", "x") == (75, "", words)


@needs_root
def test_a_map_that_is_a_link_is_not_followed(here: Path) -> None:
    (here / "etc/other").write_text(MAP)
    (here / "etc/auto.misc").symlink_to("other")
    words = "gate: symlink: /etc/auto.misc is a symbolic link\n"
    done = disarm(here, "autofs", "/etc/auto.misc", "images -fstype=ocfs2,noatime :/dev/x")
    assert done == (75, "", words)
    assert (here / "etc/other").read_text() == MAP


@pytest.mark.parametrize(
    "words",
    [
        ("unit", "srv.mount"),
        ("unit", "srv.mount", "x"),
        ("unit", "a.service", "-"),
        ("unit", "-.mount", "-"),
        ("unit", "a b.mount", "-"),
        ("unit", "../a.mount", "-"),
        ("autofs", "/etc/auto.misc", ""),
        ("autofs", "/etc/passwd", "x"),
        ("autofs", "/etc/auto.d/x", "x"),
        ("autofs", "/etc/auto.master.d/../passwd", "x"),
        ("autofs", "/etc/auto.master.d/x/y", "x"),
        ("swap", "x", "-"),
    ],
    ids=repr,
)
def test_words_that_make_no_sense_change_nothing(words: tuple[str, ...]) -> None:
    status, out, err = gate("disarm", *words)
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")
