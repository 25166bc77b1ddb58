"""One run tells all that is wrong: what one problem hides is looked at behind it."""

import pytest

from reconciler.loading import load
from tests.unit.loading.samples import MINIMAL, headlines, refused, replaced

MEMBERS = """\
    members:
      node1: {interconnect: 10.0.0.1/24}
      node2: {interconnect: 10.0.0.2, state: removed}
"""
LIST = """\
    members:
      - name: node1
        interconnect: 10.0.0.1
"""


def codes(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in refused(text).problems]


def test_members_as_a_mapping_are_read_as_they_were_meant():
    text = replaced(LIST, MEMBERS)
    assert codes(text) == [(4, "bad-type"), (5, "bad-address"), (6, "bad-value")]
    hint = refused(text).problems[0].hint
    assert hint == "write a list, whose items begin with a dash: '- name: node1'"


def test_an_item_without_its_dash_is_not_taken_for_many():
    text = replaced("      - name: node1\n", "        name: node1\n")
    assert headlines(text) == ["4:5: error[bad-type]: 'members' takes a list, not a mapping"]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("{wwid: ", "/dev/sdb #", [(9, "bad-type"), (9, "unstable-path")]),
        ("{path: /srv/images}", "/etc", [(11, "bad-type"), (11, "mount-path")]),
        (
            "{path: /srv/images}",
            "{path: /srv/images, options: 'noatime,nofail'}",
            [(11, "bad-type"), (11, "mount-option")],
        ),
    ],
)
def test_a_text_for_a_mapping_or_a_list_is_looked_into(old, new, found):
    assert codes(replaced(old, new)) == found


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ('heartbeat=none, noauto, bogus, "x y"', ["mount-option"] * 3 + ["bad-value"]),
        ('_netdev, "noatime,nodev"', ["mount-option", "bad-value"]),
        ('"x y", ro, rw', ["bad-value", "duplicate-option"]),
    ],
)
def test_a_mount_option_that_is_no_word_hides_no_other(options, found):
    text = replaced("{path: /srv/images}", f"{{path: /srv/images, options: [{options}]}}")
    assert [code for _, code in codes(text)] == found


def test_a_missing_version_hides_nothing():
    text = replaced("version: 1\n", "").replace("/srv/images", "/etc")
    assert codes(text) == [(1, "missing-key"), (10, "mount-path")]


def test_a_required_value_that_is_bad_hides_nothing_of_its_neighbours():
    text = replaced("size: fill", "size: 800").replace("/srv/images", "/etc")
    text = text.replace('wwid: "36001405a1b2c3d4e5f60718293a4b5c6"', "path: /dev/sdb")
    assert codes(text) == [(9, "unstable-path"), (10, "bad-size"), (11, "mount-path")]


@pytest.mark.parametrize("key", ["interconnect: 10.0.0.1", "size: fill"])
def test_what_stands_in_for_a_value_is_never_told_of(key):
    name = key.partition(":")[0]
    assert codes(replaced(key, f"{name}: *x")) == [
        (MINIMAL[: MINIMAL.index(key)].count("\n") + 1, "alias")
    ]


def test_what_stands_above_a_fault_of_the_syntax_is_checked_too():
    text = replaced("10.0.0.1", "10.0.0.1/24").replace("size: fill", "size: [fill")
    assert codes(text) == [(6, "bad-address"), (10, "yaml-syntax")]


def test_what_stands_below_a_fault_of_the_syntax_is_not_missed():
    for number, _line in enumerate(MINIMAL.splitlines()):
        lines = MINIMAL.splitlines()
        text = "\n".join([*lines[:number], '"', *lines[number:]])
        assert {code for _, code in codes(text)} == {"yaml-syntax"}, text


def test_tabs_and_strange_characters_do_not_hide_the_rest():
    text = replaced("size: fill", "size:\t800").replace("/srv/images", "/etc")
    assert codes(text) == [(10, "tab"), (11, "mount-path")]
    text = replaced("label: images", "label: ima\x07ges").replace("/srv/images", "/etc")
    assert [code for _, code in codes(text)] == ["control-character", "mount-path"]


def test_a_byte_order_mark_does_not_hide_the_rest():
    assert codes("\ufeff" + replaced("/srv/images", "/etc")) == [(1, "bom"), (11, "mount-path")]


def test_a_tab_that_breaks_the_structure_is_told_alone():
    assert codes(replaced("        size: fill", "\tsize: fill")) == [(10, "tab")]


def test_a_file_without_problems_has_none():
    assert load("f.yaml", MINIMAL).version == 1
