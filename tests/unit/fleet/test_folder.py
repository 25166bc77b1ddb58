"""A directory as a source: what is read of it, and what is left as it was."""

from __future__ import annotations

import os
import threading

import pytest

from reconciler.errors import SourceFailed
from reconciler.fleet.folder import read_folder
from reconciler.fleet.snapshot import MAX_BYTES


def texts(place, apart: float = 0.0):
    return {f.name: f.text for f in read_folder(str(place), apart).files}


def refusal(place) -> str:
    with pytest.raises(SourceFailed) as failed:
        read_folder(str(place), 0.0)
    return failed.value.code


def test_files_in_it_and_below_it_are_read(tmp_path):
    (tmp_path / "north").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("a.yaml", "north/b.yml", ".c.yaml", ".hidden/d.yaml", "notes.txt"):
        (tmp_path / name).write_text(name)
    assert texts(tmp_path) == {
        f"{tmp_path}/a.yaml": "a.yaml",
        f"{tmp_path}/north/b.yml": "north/b.yml",
    }


def test_links_to_files_are_followed_and_to_directories_not(tmp_path):
    elsewhere = tmp_path / "..data"
    elsewhere.mkdir()
    (elsewhere / "a.yaml").write_text("one")
    place = tmp_path / "clusters"
    place.mkdir()
    (place / "a.yaml").symlink_to(elsewhere / "a.yaml")
    (place / "folder").symlink_to(elsewhere)
    assert texts(place) == {f"{place}/a.yaml": "one"}


def test_a_file_that_changes_meanwhile_is_not_read(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("one")
    looked = threading.Event()

    def write() -> None:
        looked.wait(30)
        (tmp_path / "b.yaml").write_text("two, half")
        (tmp_path / "c.yaml").write_text("new")

    writer = threading.Thread(target=write)
    writer.start()

    def apart(_seconds: float) -> None:
        looked.set()
        writer.join()

    found = read_folder(str(tmp_path), 1.0, apart)
    assert [file.name for file in found.files] == [f"{tmp_path}/a.yaml"]
    assert found.unsettled == {f"{tmp_path}/b.yaml", f"{tmp_path}/c.yaml"}


def test_a_file_that_is_gone_at_the_second_look_is_left_as_it_was(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("one")
    found = read_folder(str(tmp_path), 1.0, lambda _seconds: (tmp_path / "b.yaml").unlink())
    assert [file.name for file in found.files] == [f"{tmp_path}/a.yaml"]
    assert found.unsettled == {f"{tmp_path}/b.yaml"}


def test_what_is_no_directory_or_has_no_files_is_no_wish(tmp_path):
    assert refusal(tmp_path / "gone") == "source-unreachable"
    assert refusal(tmp_path) == "source-empty"
    (tmp_path / "a.txt").write_text("one")
    assert refusal(tmp_path / "a.txt") == "source-unreachable"


def test_what_cannot_be_read_is_told_by_its_name(tmp_path):
    (tmp_path / "a.yaml").write_text("one")
    (tmp_path / "b.yaml").symlink_to("nowhere")
    (tmp_path / "c.yaml").write_bytes(b"x" * (MAX_BYTES + 1))
    (tmp_path / "d.yaml").write_bytes(b"\xff")
    os.mkfifo(tmp_path / "e.yaml")
    (tmp_path / os.fsdecode(b"\xff.yaml")).symlink_to("nowhere")
    found = read_folder(str(tmp_path), 0.0)
    assert {
        f.name.rpartition("/")[2]: f.problems[0].code for f in found.files if f.problems
    } == {
        "b.yaml": "entry-refused",
        "c.yaml": "too-large",
        "d.yaml": "not-utf8",
        "e.yaml": "entry-refused",
        "\ufffd.yaml": "entry-refused",
    }


def test_more_than_is_of_use_is_not_read(tmp_path, monkeypatch):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("one")
    monkeypatch.setattr("reconciler.fleet.folder.MOST_BYTES", 5)
    assert refusal(tmp_path) == "source-too-large"
    monkeypatch.setattr("reconciler.fleet.folder.MOST_FILES", 1)
    assert refusal(tmp_path) == "source-too-large"
