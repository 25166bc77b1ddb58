"""What is written is for its owner alone, whole, and where it was meant to be."""

import os
import stat
from pathlib import Path

import pytest

from reconciler.cli import run
from reconciler.errors import UsageError
from reconciler.storage.private import (
    append_private,
    check_directory,
    create_private,
    private_directory,
    write_private,
)
from tests.unit.gate.calls import needs_root

SOMEBODY = 12345


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def names(directory):
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture(params=[write_private, create_private])
def write(request):
    return request.param


def test_a_new_file_is_for_its_owner_alone(tmp_path, write):
    before = os.umask(0)
    try:
        write(str(tmp_path / "p"), "text")
    finally:
        os.umask(before)
    assert (mode(tmp_path / "p"), (tmp_path / "p").read_text()) == (0o600, "text")
    assert names(tmp_path) == ["p"]


def test_a_file_to_append_to_is_for_its_owner_alone_and_keeps_what_it_has(tmp_path):
    path = tmp_path / "p"
    before = os.umask(0)
    try:
        for text in (b"one\n", b"two\n"):
            number = append_private(str(path))
            os.write(number, text)
            os.close(number)
    finally:
        os.umask(before)
    assert (mode(path), path.read_text()) == (0o600, "one\ntwo\n")


@needs_root
def test_nothing_is_appended_to_a_file_of_somebody_else(tmp_path):
    path = tmp_path / "p"
    path.touch(0o600)
    os.chown(path, SOMEBODY, -1)
    with pytest.raises(UsageError, match=f"belongs to uid {SOMEBODY}, not to you"):
        append_private(str(path))


def test_an_older_file_is_replaced_whole_and_closed_to_others(tmp_path):
    path = tmp_path / "p"
    path.write_text("older")
    path.chmod(0o666)
    with path.open() as reader:
        write_private(str(path), "newer")
        assert reader.read() == "older"
    assert (mode(path), path.read_text()) == (0o600, "newer")
    with pytest.raises(UsageError, match="is there already"):
        create_private(str(path), "newest")
    assert (path.read_text(), names(tmp_path)) == ("newer", ["p"])


def test_nothing_is_left_of_what_could_not_be_written(tmp_path, write):
    with pytest.raises(UnicodeEncodeError):
        write(str(tmp_path / "p"), "\ud800")
    assert names(tmp_path) == []


@pytest.mark.parametrize("target", ["there", "nowhere"])
def test_a_symbolic_link_is_not_followed(tmp_path, write, target):
    (tmp_path / "there").write_text("mine")
    (tmp_path / "p").symlink_to(target)
    with pytest.raises(UsageError, match="p is a symbolic link"):
        write(str(tmp_path / "p"), "text")
    assert (tmp_path / "there").read_text() == "mine"
    assert names(tmp_path) == ["p", "there"]


def test_what_is_no_file_is_not_replaced(tmp_path, write):
    os.mkfifo(tmp_path / "p")
    with pytest.raises(UsageError, match="is no regular file"):
        write(str(tmp_path / "p"), "text")
    assert stat.S_ISFIFO((tmp_path / "p").lstat().st_mode)


@needs_root
def test_a_directory_that_somebody_else_leads_elsewhere_is_refused(tmp_path, write):
    (tmp_path / "real" / "sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    write(str(tmp_path / "link" / "sub" / "mine"), "text")
    os.chown(tmp_path / "link", SOMEBODY, -1, follow_symlinks=False)
    with pytest.raises(UsageError, match="link is a symbolic link of somebody else"):
        write(str(tmp_path / "link" / "sub" / "p"), "text")
    assert names(tmp_path / "real" / "sub") == ["mine"]


def test_a_directory_is_made_for_its_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        private_directory(tmp_path / "a" / "b")
        private_directory(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "b") == 0o700


def test_one_that_is_open_to_others_is_refused_with_the_command_that_mends_it(tmp_path):
    place = tmp_path / "state x"
    (place / "runs").mkdir(parents=True)
    place.chmod(0o750)
    with pytest.raises(UsageError) as raised:
        private_directory(place)
    assert str(raised.value) == (
        f"{place}, where runs are recorded, is open to others (mode 750): chmod 700 '{place}'"
    )
    assert mode(place) == 0o750
    check_directory(tmp_path / "missing")


def test_nobody_is_told_to_change_or_remove_what_is_no_state_directory(tmp_path):
    """As /tmp or /etc, and a file that is somebody's."""
    place, file = tmp_path / "shared", tmp_path / "file"
    place.mkdir()
    place.chmod(0o777)
    file.touch()
    for wrong in (place, file):
        with pytest.raises(UsageError, match=r"name another --state-dir$"):
            check_directory(wrong)


@needs_root
def test_one_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "state" / "runs").mkdir(0o700, parents=True)
    os.chown(tmp_path / "state", SOMEBODY, -1)
    with pytest.raises(
        UsageError, match=rf"belongs to uid {SOMEBODY}, not to you: .*chown -R 0 "
    ):
        private_directory(tmp_path / "state")
    (tmp_path / "state" / "runs").rmdir()
    with pytest.raises(UsageError, match=r"or run as that user$"):
        private_directory(tmp_path / "state")


@pytest.mark.parametrize("words", [("history",), ("show",), ("apply", "FILE")])
def test_no_command_works_with_a_state_directory_of_others(tmp_path, capsys, words):
    state, file = tmp_path / "state", tmp_path / "cluster.yaml"
    (state / "runs").mkdir(parents=True)
    state.chmod(0o777)
    file.write_text(next(Path("examples").glob("*.yaml")).read_text())
    words = [str(file) if word == "FILE" else word for word in words]
    assert run([*words, "--state-dir", str(state)]) == 64
    assert f"chmod 700 {state}" in capsys.readouterr().err
    assert list((state / "runs").iterdir()) == []
