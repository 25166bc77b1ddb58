from pathlib import Path

import pytest

from reconciler.gate import gate_command, gate_text, verb_parts
from reconciler.model.plan import MINUTE, Command
from tests.unit.gate.calls import SHELLS, files, gate, needs_root, sha, within

HOLDER = "who"


def test_each_text_starts_as_the_hosts_know_it() -> None:
    for verb in verb_parts():
        assert gate_text(verb).startswith("#!/bin/sh\n# reconcile-gate 1\n")


def test_the_command_carries_verb_arguments_and_standard_input() -> None:
    assert gate_command("lease-renew", "c", "r") == Command(
        ("sh", "-c", gate_text("lease-renew"), "gate", "lease-renew", "c", "r"), "", MINUTE
    )
    assert gate_command("write-file", "/a", stdin="x", timeout=9.0) == Command(
        ("sh", "-c", gate_text("write-file"), "gate", "write-file", "/a"), "x", 9.0
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["format-disk"],
        ["write-file", "/srv/a", "644", "absent"],
        ["write-file", "relative", "644", "absent", sha("")],
        ["write-file", "/srv/../a", "644", "absent", sha("")],
        ["write-file", "/srv//a", "644", "absent", sha("")],
        ["write-file", "/srv/a/", "644", "absent", sha("")],
        ["write-file", "/srv/a\nb", "644", "absent", sha("")],
        ["write-file", "/srv/a", "0644", "absent", sha("")],
        ["write-file", "/srv/a", "648", "absent", sha("")],
        ["write-file", "/srv/a", "644", "none", sha("")],
        ["write-file", "/srv/a", "644", "absent", sha("").upper()],
        ["write-file", "/srv/a", "644", "absent", "absent"],
        ["archive-file", "/srv/a"],
        ["archive-file", "/srv/../a", sha("")],
        ["archive-file", "/srv/a", "absent"],
        ["unmount"],
        ["unmount", "srv"],
        ["unmount", "/srv/a", "-l"],
        ["unmount", "/srv/../a"],
        ["set-live", "c", "reconnect_delay_ms"],
        ["set-live", "c", "idle_timeout_ms", "1"],
        ["set-live", "../c", "reconnect_delay_ms", "1"],
        ["set-live", "c", "reconnect_delay_ms", "-1"],
        ["set-live", "c", "reconnect_delay_ms", "01"],
        ["lease-acquire", "c", "r", HOLDER],
        ["lease-acquire", "a/b", "r", HOLDER, "-"],
        ["lease-acquire", "c" * 17, "r", HOLDER, "-"],
        ["lease-acquire", "c", "r\tx", HOLDER, "-"],
        ["lease-acquire", "c", "../r", HOLDER, "-"],
        ["lease-acquire", "c", "r", "", "-"],
        ["lease-acquire", "c", "r", "a\nb", "-"],
        ["lease-acquire", "c", "r", "x" * 1025, "-"],
        ["lease-acquire", "c", "r", HOLDER, ""],
        ["lease-renew", "c"],
        ["lease-release", "c", "r", "x"],
        ["mount", "/dev/null", "-", "/srv/x", "rw; id"],
        ["mount", "/dev/null", "-", "/srv/x", "-o"],
        ["mount", "/dev/null", "-", "/srv/../x", "noatime"],
        ["mount", "/dev/null", "not-a-uuid", "/srv/x", "noatime"],
        ["mount", "dev", "-", "/srv/x", "noatime"],
        ["mount", "/dev/null", "-", "/srv/x"],
    ],
    ids=repr,
)
def test_a_wrong_call_is_refused_before_anything_is_touched(arguments: list[str]) -> None:
    status, out, err = gate(*arguments)
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_new_file_is_written_with_its_mode_and_its_directory(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    path = tmp_path / "etc/new/a.conf"
    done = gate("write-file", str(path), "640", "absent", sha("a\n"), stdin="a\n", prefix=shell)
    assert done == (0, f"ok written {path}\n", "")
    assert files(path.parent) == {"a.conf": "a\n"}
    assert path.stat().st_mode & 0o7777 == 0o640


@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_is_replaced_and_its_old_content_kept(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    path = tmp_path / "a.conf"
    path.write_text("old\n")
    (tmp_path / "a.conf.before").write_text("older\n")
    done = gate(
        "write-file", str(path), "600", sha("old\n"), sha("new"), stdin="new", prefix=shell
    )
    assert done == (0, f"ok written {path}\n", "")
    assert files(tmp_path) == {"a.conf": "new", "a.conf.before": "old\n"}


def test_writing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("new")
    before = path.stat()
    done = gate("write-file", str(path), "600", sha("old"), sha("new"), stdin="new")
    assert done == (0, f"ok unchanged {path}\n", "")
    assert path.stat().st_ino == before.st_ino
    assert files(tmp_path) == {"a.conf": "new"}


@pytest.mark.parametrize("old", ["absent", sha("what was planned for")])
def test_a_file_that_changed_since_is_left_alone(tmp_path: Path, old: str) -> None:
    path = tmp_path / "a.conf"
    path.write_text("someone else's")
    done = gate("write-file", str(path), "644", old, sha("new"), stdin="new")
    now = sha("someone else's")
    assert done == (75, "", f"gate: changed-since: {path} is {now}, not {old}\n")
    assert files(tmp_path) == {"a.conf": "someone else's"}


@needs_root
def test_a_file_that_changes_while_it_is_written_is_left_alone(tmp_path: Path) -> None:
    path, tools = tmp_path / "a.conf", tmp_path / "tools"
    path.write_text("old")
    tools.mkdir()
    quicker = f"case $* in *{tmp_path}*) printf other >{path} ;; esac"
    (tools / "dd").write_text(f'#!/bin/sh\n{quicker}\nexec /bin/dd "$@"\n')
    (tools / "dd").chmod(0o755)
    prefix = within(f"mount -t tmpfs tmpfs /var/lib && mount --bind {tools} /usr/local/sbin")
    words = ("write-file", str(path), "644", sha("old"), sha("new"))
    done = gate(*words, stdin="new", prefix=prefix)
    message = f"{path} is {sha('other')}, not {sha('old')}"
    assert done == (75, "", f"gate: changed-since: {message}\n")
    assert path.read_text() == "other"


def test_a_file_that_vanished_since_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    done = gate("write-file", str(path), "644", sha("old"), sha("new"), stdin="new")
    assert done == (75, "", f"gate: changed-since: {path} is absent, not {sha('old')}\n")
    assert files(tmp_path) == {}


def test_content_that_arrives_cut_short_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("old")
    done = gate("write-file", str(path), "644", sha("old"), sha("new"), stdin="ne")
    assert done == (75, "", f"gate: content-damaged: {path}: stdin has another digest\n")
    assert files(tmp_path) == {"a.conf": "old"}


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/a").symlink_to("/etc/passwd")
    for path, named in (("link/b", "link"), ("real/a", "real/a")):
        done = gate("write-file", f"{tmp_path}/{path}", "644", "absent", sha(""))
        assert done == (75, "", f"gate: symlink: {tmp_path}/{named} is a symbolic link\n")
    assert files(tmp_path / "real").keys() == {"a"}


def test_a_directory_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    done = gate("write-file", str(tmp_path), "644", "absent", sha(""))
    assert done == (75, "", f"gate: not-a-file: {tmp_path} is not a regular file\n")


def test_a_directory_in_the_place_of_the_old_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("old")
    (tmp_path / "a.conf.before").mkdir()
    done = gate("write-file", str(path), "644", sha("old"), sha("new"), stdin="new")
    assert done == (75, "", f"gate: not-a-file: {path}.before is a directory\n")
    assert files(tmp_path) == {"a.conf": "old"}


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_full_disk_leaves_the_old_file_and_no_rest(shell: tuple[str, ...]) -> None:
    path, new = "/mnt/a.conf", "x" * 200_000
    mounts = "mount -t tmpfs -o size=64k tmpfs /mnt && printf old >/mnt/a.conf"
    left = f'trap "cat {path}; ls -A /mnt" EXIT'
    mounts = f"mount -t tmpfs tmpfs /var/lib && {mounts}"
    call = within(f'{mounts} && ( {left}; "$@" ) && set -- true', shell)
    words = ("write-file", path, "644", sha("old"), sha(new))
    status, out, err = gate(*words, stdin=new, prefix=call)
    assert err == f"gate: no-space: {path}: no space left on device\n"
    assert (status, out.split()) == (75, ["olda.conf"])


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_is_archived_once(tmp_path: Path, shell: tuple[str, ...]) -> None:
    path = tmp_path / "a.conf"
    path.write_text("old")
    (tmp_path / "a.conf.before").write_text("older")
    prefix = within("mount -t tmpfs tmpfs /var/lib", shell)
    for _ in range(2):
        done = gate("archive-file", str(path), sha("old"), prefix=prefix)
        assert done == (0, f"ok archived {path}\n", "")
    assert files(tmp_path) == {"a.conf.before": "old"}


@needs_root
def test_a_file_that_changed_since_is_not_archived(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("new")
    done = gate("archive-file", str(path), sha("old"))
    message = f"{path} is {sha('new')}, not {sha('old')}"
    assert done == (75, "", f"gate: changed-since: {message}\n")
    assert files(tmp_path) == {"a.conf": "new"}


@needs_root
def test_a_file_whose_replacement_was_cut_short_is_archived(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("old")
    (tmp_path / "a.conf.before").hardlink_to(path)
    assert gate("archive-file", str(path), sha("old"))[0] == 0
    assert files(tmp_path) == {"a.conf.before": "old"}


@needs_root
def test_nothing_is_archived_through_or_into_something_else(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "a.before").mkdir()
    (tmp_path / "b").write_text("old")
    (tmp_path / "b.before").symlink_to(tmp_path / "a.before")
    (tmp_path / "link").symlink_to("b")
    for name, code, what in (
        ("a", "not-a-file", "a.before is a directory"),
        ("link", "symlink", "link is a symbolic link"),
        ("a.before", "not-a-file", "a.before is not a regular file"),
    ):
        done = gate("archive-file", f"{tmp_path}/{name}", sha("old"))
        assert done == (75, "", f"gate: {code}: {tmp_path}/{what}\n")
    assert gate("archive-file", f"{tmp_path}/b", sha("old"))[0] == 0
    assert files(tmp_path) == {"a": "old", "b.before": "old"}
    assert list((tmp_path / "a.before").iterdir()) == []
