"""JUnit reports: suites of cases that passed, failed or were skipped."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from reconciler.frozen import frozen
from reconciler.reports.visible import visible

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


@frozen
class Case:
    """One case: it failed if there is a ``failure``, of that ``kind``; else passed.

    ``skipped`` says why it was not tried, ``output`` is what else is to be read of it.
    """

    name: str
    failure: str = ""
    kind: str = ""
    skipped: str = ""
    output: str = ""


@frozen
class Suite:
    """Cases that belong together."""

    name: str
    cases: tuple[Case, ...]


def render(suites: Sequence[Suite]) -> str:
    """The report as XML; what no reader would see is shown as U+FFFD."""
    root = ET.Element("testsuites", _counts([c for suite in suites for c in suite.cases]))
    for suite in suites:
        found = {"name": visible(suite.name)} | _counts(suite.cases)
        element = ET.SubElement(root, "testsuite", found)
        for case in suite.cases:
            _case(element, suite.name, case)
    ET.indent(root)
    return _DECLARATION + ET.tostring(root, encoding="unicode")


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    return {
        "tests": str(len(cases)),
        "failures": str(sum(bool(case.failure) for case in cases)),
        "skipped": str(sum(bool(case.skipped) for case in cases)),
    }


def _case(suite: ET.Element, name: str, case: Case) -> None:
    """The first line of a failure is its message, the rest its text."""
    found = {"classname": visible(name), "name": visible(case.name)}
    element = ET.SubElement(suite, "testcase", found)
    if case.failure:
        message, _, rest = visible(case.failure).partition("\n")
        failure = ET.SubElement(element, "failure", type=visible(case.kind), message=message)
        failure.text = rest or message
    if case.skipped:
        ET.SubElement(element, "skipped", message=visible(case.skipped))
    if case.output:
        ET.SubElement(element, "system-out").text = visible(case.output)
