"""What is watched does not hang on whether the daemon was started again meanwhile."""

import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from reconciler.loading import load
from reconciler.watch.sources import Sources
from tests.unit.watch.daemons import converged, watching
from tests.unit.watch.test_sources import text, told


class Daemon:
    """The files as a daemon reads them; ``disk`` outlives it."""

    def __init__(self, given, disk):
        self.disk = disk
        self.sources = Sources(given)
        self.sources.expect({file: one.place for file, one in disk.items()})
        self.look()
        for name, file in self.sources.lacking_files().items():
            self.sources.recall(name, load(name, disk[file].text))
        self.keep()

    def look(self):
        """Two looks: by then what stands still has been read and is kept."""
        for _twice in range(2):
            for name in self.sources.scan():
                self.read(name)
            self.sources.wishes()
        self.keep()

    def read(self, name):
        content = Path(name).read_text()
        try:
            self.sources.put(name, load(name, content), content)
        except Exception as error:  # noqa: BLE001  # whatever the loader says of it
            self.sources.put(name, error.problems)

    def keep(self):
        good, lost = self.sources.unkept_files(), self.sources.lost_files()
        self.disk |= {one.file: one for one in good.values()}
        for file in lost.values():
            del self.disk[file]
        self.sources.keep(good)
        self.sources.forget(lost)

    @property
    def watches(self):
        wishes = self.sources.wishes()
        return {name: wish.desired for name, wish in wishes.clusters.items()}, told(wishes)


def overwrite(path, content):
    """What was there before."""
    before = Path(path).read_bytes().decode(errors="replace") if Path(path).exists() else ""
    Path(path).write_text(content)
    return before


def breaks(site):
    (site / "a.yaml").write_text("version: 2\n")


def is_removed(site):
    (site / "a.yaml").unlink()


def is_renamed(site):
    (site / "a.yaml").rename(site / "renamed.yaml")


def becomes_directory(site):
    is_removed(site)
    (site / "a.yaml").mkdir()


def becomes_dangling(site):
    is_removed(site)
    (site / "a.yaml").symlink_to("nowhere")


def becomes_fifo(site):
    is_removed(site)
    os.mkfifo(site / "a.yaml")


def claims_what_another_has(site):
    (site / "b.yml").write_text(text("two", "one", number=99))


def loses_all(site):
    shutil.rmtree(site)
    site.mkdir()


def is_gone(site):
    shutil.rmtree(site)


def is_a_file(site):
    shutil.rmtree(site)
    site.write_text("")


def is_changed(site):
    (site / "a.yaml").write_text(text("one", number=99))


EVENTS = [
    *(breaks, is_removed, is_renamed, becomes_directory, becomes_dangling, becomes_fifo),
    *(claims_what_another_has, loses_all, is_gone, is_a_file, is_changed),
]


@pytest.fixture
def site(tmp_path, monkeypatch):
    place = tmp_path / "site"
    place.mkdir()
    (place / "a.yaml").write_text(text("one"))
    (place / "b.yml").write_text(text("two", "three"))
    monkeypatch.chdir(tmp_path)
    return place


@pytest.mark.parametrize("given", [("site",), ("site/a.yaml", "site/b.yml")])
@pytest.mark.parametrize("befalls", EVENTS)
def test_who_starts_anew_watches_what_who_ran_on_watches(site, given, befalls):
    stays = Daemon(given, {})
    disk = dict(stays.disk)
    befalls(site)
    stays.look()
    assert set(stays.disk) <= set(disk) | {str(site / "renamed.yaml")}
    anew = Daemon(given, dict(disk))
    anew.look()
    assert anew.watches == stays.watches
    again = Daemon(given, dict(anew.disk))  # not only once
    again.look()
    assert (again.watches, again.disk) == (stays.watches, stays.disk)


def test_what_is_kept_is_the_last_that_was_watched(site):
    one = Daemon(("site",), {})
    (site / "a.yaml").write_text(text("one", number=50))
    one.look()
    breaks(site)
    one.look()
    anew = Daemon(("site",), one.disk)
    ((_, wish),) = [found for found in anew.watches[0].items() if found[0] == "one"]
    assert str(wish.clusters[0].members[0].interconnect) == "10.0.0.50"
    (site / "a.yaml").write_text(text("one", number=60))
    anew.look()
    assert anew.watches == Daemon(("site",), {}).watches


def test_a_place_that_became_something_else_of_use_is_that(site, tmp_path):
    disk = Daemon(("site",), {}).disk
    shutil.rmtree(site)
    site.write_text(text("four"))
    now = Daemon(("site",), dict(disk))
    assert (set(now.watches[0]), set(now.disk)) == ({"four"}, {str(site)})
    site.unlink()
    site.mkdir()
    (site / "b.yaml").write_text(text("five"))
    now = Daemon(("site",), now.disk)
    assert (set(now.watches[0]), set(now.disk)) == ({"five"}, {str(site / "b.yaml")})


def test_a_file_that_was_never_good_is_not_watched(site):
    breaks(site)
    assert "one" not in Daemon(("site",), Daemon(("site",), {}).disk).watches[0]


def test_what_is_kept_of_other_places_stays(site, tmp_path):
    disk = Daemon(("site",), {}).disk
    (tmp_path / "other.yaml").write_text(text("four"))
    other = Daemon(("other.yaml",), dict(disk))
    assert set(other.disk) == {*disk, str(tmp_path / "other.yaml")}
    assert set(other.watches[0]) == {"four"}


def test_what_changes_while_it_is_being_kept_is_kept_next(site):
    sources = Sources(("site",))
    for name in sources.scan():
        sources.put(name, load(name, Path(name).read_text()), Path(name).read_text())
    sources.wishes()
    under_way = sources.unkept_files()
    newer = text("one", number=70)
    sources.put("site/a.yaml", load("a", newer), newer)
    sources.keep(under_way)
    sources.wishes()
    assert [one.text for one in sources.unkept_files().values()] == [newer]


@asynccontextmanager
async def begin_watching(tmp_path):
    """A desk, and a file of its cluster that nobody writes anew; a daemon has read it and ended."""
    async with converged(tmp_path) as at:
        file = str(tmp_path / "watched.yaml")
        overwrite(file, yaml.safe_dump(at.document))
        async with watching(at, file) as daemon:
            await daemon.until("round-ended")
            await daemon.end()
        yield at, file


async def test_a_daemon_that_starts_while_its_file_is_broken_goes_on_with_what_it_said(
    tmp_path,
):
    async with begin_watching(tmp_path) as (at, file):
        good = overwrite(file, "version: 2\n")
        for _twice in range(2):
            async with watching(at, file) as daemon:
                remembered = await daemon.until("file-remembered", file=file)
                assert remembered["kept"].startswith("20")
                wrong = await daemon.until("file-wrong")
                assert wrong["still_watched"] == "ocfs2"
                assert (await daemon.look())["unreachable"] == 0
                assert await daemon.end() == 0
        async with watching(at, file) as daemon:
            await daemon.until("file-wrong")
            overwrite(file, good)
            await daemon.until("file-good-again")
            assert await daemon.end() == 0
            assert daemon.told("condition", reason="RoundFailed") == []


async def test_a_state_that_is_begun_anew_knows_all_files_again(tmp_path):
    async with begin_watching(tmp_path) as (at, file):
        (database,) = tmp_path.rglob("state.db")
        overwrite(database, "damaged" * 4096)
        async with watching(at, file) as daemon:
            await daemon.until("state-not-kept")
            await daemon.look()
            await daemon.end()
        overwrite(file, "version: 2\n")
        async with watching(at, file) as daemon:
            await daemon.until("file-wrong", still_watched="ocfs2")
            assert await daemon.end() == 0
