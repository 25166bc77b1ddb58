"""The last good text of each watched file: the newest, whole, of files of any name."""

import stat
from dataclasses import replace

from reconciler.storage.kept_files import (
    KeptFile,
    drop_kept_files,
    keep_file,
    kept_places,
    load_kept_file,
)
from tests.unit.storage.moments import EPOCH, at

ONE = KeptFile("/site", "/site/a.yaml", "version: 1\nclusters: []  # é, \U0001f40d\n", EPOCH)


def test_the_newest_text_is_kept_and_the_same_again_is_not_written(state):
    other = replace(ONE, text="version: 1\n", at=at(5))
    with state.writing() as connection:
        assert load_kept_file(connection, ONE.file) is None
        keep_file(connection, ONE)
        keep_file(connection, replace(ONE, at=at(1)))
        assert load_kept_file(connection, ONE.file) == ONE
        keep_file(connection, other)
        assert load_kept_file(connection, ONE.file) == other


def test_files_have_their_places_until_they_are_dropped(state):
    long = KeptFile("/site", f"/{'d' * 4000}/a.yaml", "x" * 256 * 1024, EPOCH)
    alone = KeptFile("/b.yaml", "/b.yaml", "b", EPOCH)
    with state.writing() as connection:
        for one in (ONE, long, alone):
            keep_file(connection, one)
        places = {ONE.file: "/site", long.file: "/site", "/b.yaml": "/b.yaml"}
        assert kept_places(connection) == places
        assert load_kept_file(connection, long.file) == long
        drop_kept_files(connection, {long.file, ONE.file, "/nobody.yaml"})
        assert kept_places(connection) == {"/b.yaml": "/b.yaml"}


def test_a_name_that_is_no_text_has_its_own(state):
    strange = [KeptFile("/s", f"/s/{end}.yaml", end, EPOCH) for end in ("\udc80", "\udc81")]
    with state.writing() as connection:
        for one in strange:
            keep_file(connection, one)
        found = [load_kept_file(connection, one.file) for one in strange]
    assert len({one.text for one in found if one}) == 1  # what no database holds is U+FFFD
    assert [one is None for one in found] == [False, False]


def test_only_its_owner_reads_what_is_kept(file_state, tmp_path):
    mark = "kept of nobody"
    with file_state.writing() as connection:
        keep_file(connection, replace(ONE, text=mark))
    held = [p for p in (tmp_path / "state").iterdir() if mark.encode() in p.read_bytes()]
    assert held
    assert {stat.S_IMODE(path.stat().st_mode) for path in held} == {0o600}
    assert mark not in repr(replace(ONE, text=mark))
