import json
from xml.etree import ElementTree as ET

from reconciler.model.problems import Problem
from reconciler.reports.problems import as_json, as_junit, as_sarif, render
from tests.unit.loading.samples import refused, replaced

KEY = Problem("a b.yaml", 2, 3, "unknown-key", "'nmae' is unknown", "did you mean 'name'?")
VALUE = Problem("a b.yaml", 1, 7, "bad-value", "no <good> & old")
LINES = ("text: \"a 'b' c\", d", "  nmae: x # y")


def test_a_problem_is_a_line_its_source_a_caret_and_a_hint():
    assert (
        render([VALUE, KEY], LINES)
        == """\
a b.yaml:1:7: error[bad-value]: no <good> & old
text: "a 'b' c", d
      ^~~~~~~~~
a b.yaml:2:3: error[unknown-key]: 'nmae' is unknown
  nmae: x # y
  ^~~~
hint: did you mean 'name'?"""
    )


def test_without_problems_nothing_is_rendered():
    assert render([], LINES) == ""


def test_without_its_lines_a_problem_is_words_only():
    assert render([KEY], ()) == (
        "a b.yaml:2:3: error[unknown-key]: 'nmae' is unknown\nhint: did you mean 'name'?"
    )


def test_the_caret_stands_below_its_character_after_tabs_and_wide_letters():
    line = "\t日: x日y"
    assert render([Problem("f", 1, 2, "tab", "m")], (line,)).splitlines()[1:] == [line, "\t^~"]
    assert render([Problem("f", 1, 5, "tab", "m")], (line,)).splitlines()[1:] == [
        line,
        "\t    ^~~~",
    ]


def test_a_plain_text_of_several_words_is_underlined_whole():
    line = "size: 50 big furlongs  # comment"
    assert (
        render([Problem("f", 1, 7, "tab", "m")], (line,)).splitlines()[2]
        == "      " + "^" + "~" * 14
    )


def test_a_long_line_is_cut_around_the_culprit():
    line = "x" * 500 + " here " + "y" * 500
    shown, caret = render([Problem("f", 1, 502, "tab", "m")], (line,)).splitlines()[1:]
    assert len(shown) == 160
    assert shown[caret.index("^") :].startswith("here ")


def test_escape_sequences_do_not_reach_the_terminal():
    assert "\x1b" not in render([Problem("f", 1, 1, "tab", "m")], ("\x1b[31mred",))


def test_json_is_in_the_published_shape():
    assert as_json([KEY]) == {
        "format_version": "1",
        "problems": [
            {
                "code": "unknown-key",
                "file": "a b.yaml",
                "line": 2,
                "column": 3,
                "message": "'nmae' is unknown",
                "hint": "did you mean 'name'?",
            }
        ],
    }


def test_sarif_names_rule_file_and_place():
    log = json.loads(as_sarif([VALUE, KEY]))
    run = log["runs"][0]
    assert log["version"] == "2.1.0"
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["bad-value", "unknown-key"]
    assert all("## What to do" in rule["help"]["text"] for rule in rules)
    assert run["results"][1] == {
        "ruleId": "unknown-key",
        "ruleIndex": 1,
        "level": "error",
        "message": {"text": "'nmae' is unknown; did you mean 'name'?"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "a%20b.yaml"},
                    "region": {"startLine": 2, "startColumn": 3},
                }
            }
        ],
    }


def test_junit_has_a_suite_a_file_and_a_failure_a_problem():
    suites = ET.fromstring(as_junit(["a b.yaml", "fine.yaml"], [VALUE, KEY]))  # noqa: S314
    assert suites.attrib == {"tests": "3", "failures": "2", "skipped": "0"}
    assert [suite.attrib for suite in suites] == [
        {"name": "a b.yaml", "tests": "2", "failures": "2", "skipped": "0"},
        {"name": "fine.yaml", "tests": "1", "failures": "0", "skipped": "0"},
    ]
    case = suites[0][0]
    assert case.attrib == {"classname": "a b.yaml", "name": "bad-value at 1:7"}
    assert case[0].attrib == {"type": "bad-value", "message": "no <good> & old"}
    assert case[0].text == "a b.yaml:1:7: error[bad-value]: no <good> & old"
    assert suites[1][0].attrib == {"classname": "fine.yaml", "name": "valid"}


def test_junit_survives_what_xml_cannot_hold():
    text = as_junit(["f"], [Problem("f", 1, 1, "tab", "a\x00b")])
    assert ET.fromstring(text)[0][0][0].get("message") == "a\ufffdb"  # noqa: S314


def test_on_a_terminal_no_line_is_broken_within_a_word():
    error = refused(replaced("/srv/images", "/srv/my images of the " + "x" * 90))
    found = render(error.problems, error.lines, 80).splitlines()
    assert max(map(len, found)) <= 80
    assert " ".join(found).split()[-8:] == render(error.problems, error.lines).split()[-8:]
