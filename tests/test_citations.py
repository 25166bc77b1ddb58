"""What code, tests and pages cite is in the manual, and under the number that they give.

One form each: a fact, as code cites it, is "manual TOPIC, SECTION" or "manual TOPIC, SECTION.RULE"
in parentheses or in a sentence; an invariant I and its number; a hazard the word and its number. A
page is named as a command that prints it, "reconcile manual TOPIC".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.reports.manual import TOPICS, titles
from tests.pages import MANUAL, page, rows

ROOT = Path(__file__).parents[1]
FILES = (
    *(ROOT / "README.md", ROOT / "Makefile", ROOT / "pyproject.toml"),
    *(
        path
        for top in ("reconciler", "tests", "examples")
        for path in sorted((ROOT / top).rglob("*"))
        if path.suffix in {".py", ".sh", ".md", ".yaml", ".yml"}
        and "golden" not in path.parts
        and path != Path(__file__)
    ),
)
FACT = re.compile(r"\bmanual ([a-z][a-z0-9-]*), ([0-9]+)(?:\.([0-9]+))?")
PAGE = re.compile(r"\breconcile manual ([a-z][a-z0-9-]*)(?:`?, section ([0-9]+))?")
INVARIANT = re.compile(r"\bI([0-9]{1,2})\b")
HAZARD = re.compile(r"\b[Hh]azards? ([0-9]+)")
LINK = re.compile(r"\]\(([a-z][a-z0-9-]*)\.md\)")
# Pages that are not here: what was once called so has its place in the manual.
ELSEWHERE = re.compile(r"\b(?:[A-Z][A-Z0-9_]+\.md|DESIGN|HAZARDS|RELIABILITY)\b")
HERE = {path.name for path in (*ROOT.glob("*.md"), *(ROOT / "reconciler").glob("*.md"))}
HERE |= {"CODE.md", "TOPIC.md"}  # any of them


def flat(text: str) -> str:
    """In one line, as a citation may be broken in a comment."""
    return re.sub(r"\s*\n\s*(?:#+ |\* )?", " ", text)


def wrongs(text: str) -> Iterator[str]:
    """Each citation in a text that leads nowhere."""
    words = flat(text)
    for topic, section, rule in FACT.findall(words):
        if not (topic in TOPICS and has(topic, section, rule)):
            yield f"manual {topic}, {section}{rule and f'.{rule}'}"
    for topic, section in PAGE.findall(words):
        if topic not in TOPICS or (section and not has(topic, section, "")):
            yield f"reconcile manual {topic} {section}".strip()
    yield from (f"I{n}" for n in INVARIANT.findall(words) if f"I{n}" not in NUMBERS)
    yield from (f"hazard {n}" for n in HAZARD.findall(words) if n not in NUMBERS)
    yield from (name for name in ELSEWHERE.findall(words) if name not in HERE)


def has(topic: str, section: str, rule: str) -> bool:
    """Whether a page has a section of that number, and in it a rule of that number."""
    parts = re.split(r"^## ([0-9]+)\. .*\n", page(topic), flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    if section not in found:
        return False
    return not rule or re.search(rf"^{rule}\. ", found[section], re.MULTILINE) is not None


NUMBERS = {row[0] for topic in ("hazards", "invariants") for row in rows(page(topic), "#")}


def test_each_citation_leads_somewhere() -> None:
    found = {str(path.relative_to(ROOT)): list(wrongs(path.read_text())) for path in FILES}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_the_pages_that_are_there_are_the_topics() -> None:
    assert sorted(path.stem for path in MANUAL.glob("*.md")) == sorted(TOPICS)
    assert all(titles().values())


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_links_to_pages_and_counts_its_sections_from_one(topic: str) -> None:
    assert set(LINK.findall(page(topic))) <= set(TOPICS)
    numbers = [int(n) for n in re.findall(r"^## ([0-9]+)\. ", page(topic), re.MULTILINE)]
    first = 0 if topic == "ocfs2" else 1
    assert numbers == list(range(first, first + len(numbers)))
    assert len(numbers) == len(re.findall(r"^## ", page(topic), re.MULTILINE))


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_is_read_in_a_few_minutes(topic: str) -> None:
    """Prose at 200 words a minute; tables are looked up."""
    prose = [line for line in page(topic).splitlines() if not line.startswith("|")]
    assert len(" ".join(prose).split()) <= 2000


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("(manual ocfs2, 4)", []),
        ("as manual ocfs2, 0.8 says", []),
        ("(manual\n    # ocfs2, 4)", []),
        ("manual ocfs2, 7", ["manual ocfs2, 7"]),
        ("manual ocfs2, 0.10", ["manual ocfs2, 0.10"]),
        ("manual facts, 1", ["manual facts, 1"]),
        ("`reconcile manual lock`, section 2", []),
        ("`reconcile manual lock`, section 9", ["reconcile manual lock 9"]),
        ("reconcile manual locks", ["reconcile manual locks"]),
        ("I32, hazard 44", []),
        ("I33", ["I33"]),
        ("hazard 45", ["hazard 45"]),
        ("(DESIGN, 8)", ["DESIGN"]),
        ("OCFS9.md, 4", ["OCFS9.md"]),
        ("README.md", []),
        ("a manual procedure, 4 steps", ["manual procedure, 4"]),
    ],
)
def test_a_slip_in_a_citation_is_found(text: str, wrong: list[str]) -> None:
    assert list(wrongs(text)) == wrong
