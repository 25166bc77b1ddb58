"""A hint says what to write, wherever that can be told; a description is the last resort."""

import pytest

from tests.unit.loading.samples import MINIMAL, headlines, refused, replaced
from tests.unit.loading.test_values import volume

CLUSTERS = "'- name: images', with 'members:' below it"
SIZES = {
    "0GiB": "write a size above zero, like 800GiB, or fill",
    "-800GiB": "write 800GiB: the whole size, not a change of it",
    "+100GiB": "write 100GiB: the whole size, not a change of it",
    "800B": "write the unit: '1KiB' is the next whole number of KiB above 800 bytes",
    "8192 B": "write the unit: as bytes it is '8KiB'",
    '"1,024GiB"': "did you mean '1024GiB'?",
    "100%FREE": "did you mean 'fill'?",
    "1.3333TiB": "write a whole number: 1365GiB",
    "800 Go": "did you mean '800GiB'?",
}
NUMBERS = {
    "heartbeat: {dead_threshold: 60s}": "write 31: it counts heartbeats of 2 s",
    "network: {idle_timeout_ms: 3e4}": "write 30000",
    "network: {idle_timeout_ms: 30s}": "write 30000, in milliseconds",
}


@pytest.mark.parametrize(("size", "hint"), SIZES.items())
def test_a_size_that_is_none_is_answered_with_one_that_is(size, hint):
    assert [p.hint for p in refused(replaced("fill", size)).problems] == [hint]


@pytest.mark.parametrize(("line", "hint"), NUMBERS.items())
def test_a_number_with_a_unit_or_an_exponent_is_answered_with_the_number(line, hint):
    text = replaced("    members:\n", f"    {line}\n    members:\n")
    assert [p.hint for p in refused(text).problems] == [hint]


def test_a_number_of_many_digits_is_told_its_bounds():
    found = headlines(volume("slots: 99999999999999999999"))
    assert found == [
        "11:16: error[bad-value]: 'slots' is 99999999999999999999; it must be at most 255"
    ]


def test_a_file_without_clusters_is_told_how_one_begins():
    (missing,) = refused("version: 1\n").problems
    assert missing.hint == f"write 'clusters:', and in the next line {CLUSTERS}"
    (empty,) = refused("version: 1\nclusters: []\n").problems
    assert empty.hint == f"write {CLUSTERS}"


def test_too_many_members_are_told_how_many_to_keep():
    member = "      - name: node1\n        interconnect: 10.0.0.1\n"
    (found,) = refused(replaced(member, member * 256)).problems
    assert found.hint == "keep at most 255"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_conflict_marker_of_git_is_recognised_and_told_alone(end):
    sides = "<<<<<<< HEAD\n        size: fill\n=======\n        size: 1GiB\n>>>>>>> other\n"
    text = replaced("        size: fill\n", sides).replace("\n", end)
    (found,) = refused(text).problems
    assert (found.line, "conflict marker" in found.message) == (10, True)
    assert found.hint.startswith("settle the merge")


def test_a_file_whose_lines_end_with_cr_alone_has_one_problem():
    (found,) = refused(MINIMAL.replace("\n", "\r")).problems
    assert found.hint == "save it with LF line ends"


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("size: fill", "size:\tfill", "write a space in its place"),
        ("        size: fill", "\tsize: fill", "indent by two spaces a level"),
    ],
)
def test_a_tab_is_answered_by_where_it_stands(old, new, hint):
    assert [p.hint for p in refused(replaced(old, new)).problems] == [hint]


@pytest.mark.parametrize("code", [0x200B, 0x202E])
def test_a_character_that_nobody_sees_is_named(code):
    (found,) = refused(replaced("name: node1", f"name: no{chr(code)}de1")).problems
    assert f"U+{code:04X} (" in found.message
    assert found.hint == "remove it, or type the text anew"


def test_a_letter_that_looks_like_another_is_named():
    (found,) = refused(replaced("name: node1", "name: n\u043ede1")).problems
    assert "U+043E (CYRILLIC SMALL LETTER O)" in found.hint


def test_typographic_quotes_are_no_quotes():
    (found,) = refused(replaced("fill", "\u201c800GiB\u201d")).problems
    assert found.hint == "write it without typographic quotes: 800GiB"
