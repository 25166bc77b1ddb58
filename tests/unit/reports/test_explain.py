"""Every declared code has its page, and every page the same form."""

from __future__ import annotations

import re

import pytest

from reconciler.cli import COMMANDS
from reconciler.model.refusals import FINDING, REFUSALS, RUN
from reconciler.reports.explain import codes, page
from tests.pages import page as manual_page
from tests.pages import rows

FILE, YET = manual_page("file"), "not-supported-yet"
WORD = re.compile(r"[a-z]+(-[a-z0-9]+)*")
SECTIONS = ("What it means", "How it is found", "Why it is refused", "What to do", "See also")


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0].strip("\n")


def spans(text: str) -> list[str]:
    """What stands in backticks: what an operator types."""
    return re.findall(r"`([^`]+)`", text)


def test_every_code_has_a_page_and_every_page_a_code():
    assert {item.page for item in REFUSALS.values()} == {f"{code}.md" for code in codes()}


@pytest.mark.parametrize("code", codes())
def test_a_page_begins_with_its_code_and_what_it_says(code):
    assert WORD.fullmatch(code)
    first, empty, *_ = page(code).splitlines()
    name, _, said = first.partition(": ")
    assert (name, empty) == (f"# {code}", "")
    assert 0 < len(said) < 60


@pytest.mark.parametrize("code", codes())
def test_a_page_has_the_five_sections_in_order_and_something_in_each(code):
    text = page(code)
    told = "Why it is told" if REFUSALS[code].source in {FINDING, RUN} else "Why it is refused"
    titles = tuple(re.findall(r"^#+ (.*)$", text, re.MULTILINE)[1:])
    assert titles == (*SECTIONS[:2], told, *SECTIONS[3:])
    assert all(section(text, title) for title in titles)


@pytest.mark.parametrize("code", codes())
def test_a_page_numbers_what_to_do(code):
    numbers = re.findall(r"^([0-9]+)\. ", section(page(code), "What to do"), re.MULTILINE)
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)]
    assert numbers


@pytest.mark.parametrize("code", codes())
def test_a_page_fits_a_terminal(code):
    lines = page(code).splitlines()
    assert 15 <= len(lines) <= 40
    assert max(map(len, lines)) <= 96


@pytest.mark.parametrize("code", codes())
def test_a_page_leads_to_other_pages_only(code):
    leads = re.findall(r"reconcile explain ([a-z][a-z-]*)\b(?!\.)", page(code))
    assert set(leads) <= set(codes()) - {code}


def test_what_is_not_supported_yet_is_what_the_page_of_the_file_says_of_its_keys():
    told = {row[0].strip("`").replace("clusters[].", ""): row for row in rows(FILE, "Key")}
    named = {span.split(":")[0] for span in spans(section(page(YET), "What it means"))}
    assert named & told.keys() == {key for key, row in told.items() if YET in row[-1]}


@pytest.mark.parametrize("code", codes())
def test_a_page_has_no_command_of_ours_that_does_not_exist(code):
    ours = {w for span in spans(page(code)) for w in re.findall(r"\breconcile ([a-z]+)", span)}
    assert ours <= set(COMMANDS)


@pytest.mark.parametrize("code", codes())
def test_what_is_installed_is_said_for_debian_and_for_rhel(code):
    text = page(code)
    assert ("apt-get install" in text) == ("dnf install" in text)
