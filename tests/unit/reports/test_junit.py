from xml.etree import ElementTree as ET

from reconciler.reports.junit import Case, Suite, render

HOSTILE = "a]]></failure><x y=\"&'\x00\x1b[31m\x9b\ud800\u202e"


def read(*suites):
    return ET.fromstring(render(suites))  # noqa: S314  # made here


def test_counts_what_passed_failed_and_was_skipped():
    root = read(
        Suite("one", (Case("a"), Case("b", "no\nfor two reasons", "code"))),
        Suite("two", (Case("c", skipped="not read"), Case("d", output="some words"))),
    )
    assert root.attrib == {"tests": "4", "failures": "1", "skipped": "1"}
    assert [suite.attrib for suite in root] == [
        {"name": "one", "tests": "2", "failures": "1", "skipped": "0"},
        {"name": "two", "tests": "2", "failures": "0", "skipped": "1"},
    ]
    assert [element.tag for element in root[0][0]] == []
    failure = root[0][1][0]
    assert (failure.tag, failure.attrib) == ("failure", {"type": "code", "message": "no"})
    assert failure.text == "for two reasons"
    assert root[1][0][0].attrib == {"message": "not read"}
    assert root[1][1][0].text == "some words"


def test_words_of_hosts_stay_words():
    root = read(Suite(HOSTILE, (Case(HOSTILE, HOSTILE, HOSTILE), Case("s", skipped=HOSTILE))))
    harmless = "a]]></failure><x y=\"&'\ufffd\ufffd[31m\ufffd\ufffd\ufffd"
    case = root[0][0]
    assert case.attrib == {"classname": harmless, "name": harmless}
    assert case[0].attrib == {"type": harmless, "message": harmless}
    assert case[0].text == harmless
    assert [element.tag for element in root.iter()].count("x") == 0
