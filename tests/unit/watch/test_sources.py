"""The files that say what is watched: every way in which they can change under a daemon."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from reconciler.errors import SpecInvalid, UsageError
from reconciler.loading import read
from reconciler.model.problems import Problem
from reconciler.watch.sources import EMPTY, Sources

COUNT = 500


def text(*names, number=11, **more):
    clusters = [
        {
            "name": name,
            "members": [{"name": f"{name}-node01", "interconnect": f"10.0.{place}.{number}"}],
            **more,
        }
        for place, name in enumerate(names)
    ]
    return yaml.safe_dump({"version": 1, "clusters": clusters})


def look(sources):
    """One look as the daemon does it; the files that were read, and what is wanted."""
    due = sources.scan()
    for name in due:
        try:
            sources.put(name, read(name))
        except SpecInvalid as error:
            sources.put(name, error.problems)
        except UsageError as error:
            sources.put(name, (Problem(name, 1, 1, "file-unread", str(error)),))
    return due, sources.wishes()


def settle(sources):
    """Two looks: by then what stands still has been read."""
    first, _ = look(sources)
    second, wishes = look(sources)
    return (*first, *second), wishes


def wanted(wishes):
    return {name: Path(wish.file).name for name, wish in wishes.clusters.items()}


def told(wishes):
    return {
        Path(name).name: [f"{p.line}: {p.message}" for p in problems]
        for name, problems in wishes.problems.items()
    }


@pytest.fixture
def site(tmp_path):
    place = tmp_path / "site"
    place.mkdir()
    (place / "a.yaml").write_text(text("one"))
    (place / "b.yml").write_text(text("two", "three"))
    (place / "notes.txt").write_text("nothing")
    return place


@pytest.fixture
def sources(site):
    made = Sources((str(site),))
    look(made)
    return made


def test_a_directory_stands_for_its_files_and_each_cluster_is_a_wish_of_its_own(site):
    due, wishes = look(Sources((str(site),)))
    assert [Path(name).name for name in due] == ["a.yaml", "b.yml"]
    assert wanted(wishes) == {"one": "a.yaml", "two": "b.yml", "three": "b.yml"}
    assert [len(wish.desired.clusters) for wish in wishes.clusters.values()] == [1, 1, 1]
    assert wishes.problems == {}


def test_what_stands_still_is_read_once(sources):
    assert settle(sources)[0] == ()


def test_a_file_that_is_being_written_is_read_when_it_stands_still(sources, site):
    for count in range(3):
        (site / "a.yaml").write_text(text("one", "four")[: 40 + count])
        assert look(sources)[0] == ()
    (site / "a.yaml").write_text(text("one", "four"))
    due, wishes = settle(sources)
    assert due == (str(site / "a.yaml"),)
    assert set(wanted(wishes)) == {"one", "four", "two", "three"}


def test_a_file_that_is_named_twice_or_linked_counts_once(site):
    (site / "z.yaml").symlink_to(site / "a.yaml")
    due, wishes = look(Sources((str(site / "a.yaml"), str(site))))
    assert [Path(name).name for name in due] == ["a.yaml", "b.yml"]
    assert wishes.problems == {}


def test_new_and_removed_files(sources, site):
    (site / "c.yaml").write_text(text("four"))
    (site / "a.yaml").unlink()
    assert wanted(settle(sources)[1]) == {"two": "b.yml", "three": "b.yml", "four": "c.yaml"}


def test_a_broken_file_leaves_the_last_good_wish_and_says_where_until_it_is_mended(
    sources, site
):
    good = sources.wishes().clusters["one"]
    (site / "a.yaml").write_text(text("one", numbering="oops"))
    wishes = settle(sources)[1]
    assert replace(wishes.clusters["one"], wrong=()) == good
    assert wishes.clusters["one"].wrong == wishes.problems[wishes.clusters["one"].file]
    assert [message.partition(":")[0] for message in told(wishes)["a.yaml"]] == ["6"]
    assert settle(sources)[0] == ()
    (site / "a.yaml").write_text(text("one", numbering="compact"))
    wishes = settle(sources)[1]
    assert (wishes.clusters["one"].cluster.numbering, wishes.problems) == ("compact", {})


def _directory(path):
    path.mkdir()


def _fifo(path):
    os.mkfifo(path)


def _dangling(path):
    path.symlink_to("nowhere")


def _circle(path):
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("becomes", "words"),
    [
        (_directory, "it is a directory"),
        (_fifo, "it is no regular file"),
        (_dangling, "No such file or directory"),
        (_circle, "Too many levels of symbolic links"),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_what_is_no_file_any_more_leaves_the_last_good_wish(site, becomes, words, named):
    path = site / "a.yaml"
    sources = Sources((str(path if named else site),))
    look(sources)
    path.unlink()
    becomes(path)
    due, wishes = settle(sources)
    assert (due, told(wishes)) == ((), {"a.yaml": [f"1: {words}"]})
    assert wanted(wishes)["one"] == "a.yaml"
    path.rmdir() if path.is_dir() else path.unlink()
    path.write_text(text("one", numbering="compact"))
    wishes = settle(sources)[1]
    assert (wishes.clusters["one"].cluster.numbering, wishes.problems) == ("compact", {})


def test_a_link_to_a_file_is_a_file_and_another_target_is_a_change(sources, site, tmp_path):
    other = tmp_path / "other"
    other.write_text(text("one", numbering="compact"))
    (site / "a.yaml").unlink()
    (site / "a.yaml").symlink_to(other)
    wishes = settle(sources)[1]
    assert (wishes.clusters["one"].cluster.numbering, wishes.problems) == ("compact", {})
    swapped = tmp_path / "swapped"
    swapped.write_text(text("one", number=99))
    swapped.rename(other)
    assert str(settle(sources)[1].clusters["one"].cluster.members[0].interconnect) == (
        "10.0.0.99"
    )


def test_a_file_that_was_named_and_is_gone_is_still_watched(site):
    sources = Sources((str(site / "a.yaml"),))
    look(sources)
    (site / "a.yaml").unlink()
    wishes = settle(sources)[1]
    assert wanted(wishes) == {"one": "a.yaml"}
    assert told(wishes) == {"a.yaml": ["1: No such file or directory"]}


@pytest.mark.parametrize("how", ["emptied", "gone", "a file"])
def test_a_directory_that_has_lost_all_its_files_keeps_them(sources, site, tmp_path, how):
    before = wanted(sources.wishes())
    shutil.move(site, tmp_path / "aside")
    if how == "emptied":
        site.mkdir()
    elif how == "a file":
        site.write_text("")
    wishes = settle(sources)[1]
    words = {"emptied": EMPTY, "gone": "No such file or directory", "a file": "Not a directory"}
    assert (wanted(wishes), told(wishes)) == (before, {"site": [f"1: {words[how]}"]})
    if site.exists():
        site.rmdir() if site.is_dir() else site.unlink()
    shutil.move(tmp_path / "aside", site)
    assert settle(sources)[1].problems == {}


def test_a_directory_below_and_an_editors_lock_are_passed_over_and_a_link_to_nowhere_is_told(
    site,
):
    (site / "old.yaml").mkdir()
    (site / "lost.yaml").symlink_to("nowhere")
    (site / ".#a.yaml").symlink_to("an editor's lock")
    wishes = look(Sources((str(site),)))[1]
    assert told(wishes) == {"lost.yaml": ["1: No such file or directory"]}


def test_five_hundred_files_change_at_once(tmp_path):
    for count in range(COUNT):
        (tmp_path / f"{count:03}.yaml").write_text(text(f"c{count:03}"))
    sources = Sources((str(tmp_path),))
    assert len(look(sources)[0]) == COUNT
    for count in range(COUNT):
        broken = count % 10 == 0
        (tmp_path / f"{count:03}.yaml").write_text(
            "version: 2" if broken else text(f"c{count:03}", numbering="compact")
        )
    due, wishes = settle(sources)
    assert (len(due), len(wishes.clusters), len(wishes.problems)) == (COUNT, COUNT, COUNT // 10)
    kinds = [wish.cluster.numbering for wish in wishes.clusters.values()]
    assert (kinds.count("compact"), kinds.count("stable")) == (COUNT - 50, 50)
    assert settle(sources)[0] == ()


def test_what_another_file_has_already_stays_there(sources, site):
    (site / "0.yaml").write_text(text("one", number=99))
    wishes = settle(sources)[1]
    assert wanted(wishes)["one"] == "a.yaml"
    (said,) = told(wishes).values()
    assert said == [
        f"1: a cluster 'one' is in {site}/a.yaml, too",
        f"1: the host 'one-node01' of cluster 'one' is in {site}/a.yaml, too",
    ]


def test_a_clash_leaves_the_file_as_it_was_before(sources, site):
    (site / "b.yml").write_text(text("one", "four"))
    wishes = settle(sources)[1]
    assert wanted(wishes) == {"one": "a.yaml", "two": "b.yml", "three": "b.yml"}
    assert set(told(wishes)) == {"b.yml"}


def test_what_a_later_file_has_already_stays_there(sources, site):
    (site / "a.yaml").write_text(text("one", "two"))
    wishes = settle(sources)[1]
    assert wanted(wishes) == {"one": "a.yaml", "two": "b.yml", "three": "b.yml"}
    assert set(told(wishes)) == {"a.yaml"}


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("name", ["0.yaml", "z.yaml"])
def test_a_cluster_moves_to_another_file(sources, site, at_once, name):
    (site / name).write_text(text("two"))
    if not at_once:
        assert wanted(settle(sources)[1])["two"] == "b.yml"
    (site / "b.yml").write_text(text("three"))
    wishes = settle(sources)[1]
    assert wanted(wishes) == {"one": "a.yaml", "two": name, "three": "b.yml"}
    assert wishes.problems == {}


def test_two_files_change_places(sources, site):
    first, second = (site / "a.yaml").read_text(), (site / "b.yml").read_text()
    (site / "a.yaml").write_text(second)
    (site / "b.yml").write_text(first)
    wishes = settle(sources)[1]
    assert wanted(wishes) == {"one": "b.yml", "two": "a.yaml", "three": "a.yaml"}


def test_all_is_read_again_on_request_and_what_is_the_same_stays_the_same(sources):
    before = sources.wishes()
    sources.forget_signatures()
    due, after = look(sources)
    assert (len(due), after) == (2, before)
    assert settle(sources)[0] == ()


def test_what_has_not_changed_is_the_very_same_wish(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    for name in ("a", "b"):
        (site / f"{name}.yaml").write_text(text(name, number=ord(name)))
    sources = Sources([str(site)])
    _, first = settle(sources)
    assert look(sources)[1] is first
    (site / "b.yaml").write_text("version: 1\nclusters: [")
    _, broken = settle(sources)
    assert (broken is not first, [*told(broken)]) == (True, ["b.yaml"])
    assert look(sources)[1] is look(sources)[1]
    (site / "b.yaml").unlink()
    assert [*settle(sources)[1].clusters] == ["a"]


def test_a_wish_says_what_is_wrong_with_its_file_or_its_directory(tmp_path):
    site, away = tmp_path / "site", tmp_path / "away"
    site.mkdir()
    (site / "a.yaml").write_text(text("a"))
    sources = Sources([str(site)])
    _, good = settle(sources)
    assert good.clusters["a"].file_trouble == ""
    (site / "a.yaml").write_text("version: 1\nclusters: [")
    _, broken = settle(sources)
    assert broken.clusters["a"].desired == good.clusters["a"].desired
    assert broken.clusters["a"].file_trouble.startswith(f"{site}/a.yaml:")
    (site / "a.yaml").write_text(text("a"))
    assert settle(sources)[1].clusters["a"].file_trouble == ""
    site.rename(away)
    assert settle(sources)[1].clusters["a"].file_trouble.startswith(f"{site}:1: ")
    away.rename(site)
    assert settle(sources)[1].clusters["a"].file_trouble == ""
