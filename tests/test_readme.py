"""README is short, in a newcomer's order, and what it names is there. So is what the manual shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from reconciler.cli import COMMANDS
from reconciler.loading import read
from reconciler.reports.manual import TOPICS, manual_page

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
LINK = re.compile(r"\]\(([^)#]+)\)")
OURS = re.compile(r"\breconcile ([a-z]+)\b")
FENCED = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
QUESTIONS = (
    "What it looks like",
    "Try it",
    "Install",
    "Your first own cluster",
    "Safety promises",
    "What it is not",
    "What works today",
    "What stays on hosts, and how to remove it",
    "Where the rest is",
)
PAGES = {"README": README, **{topic: manual_page(topic) for topic in TOPICS}}


def blocks(text: str, language: str) -> list[str]:
    """What stands in fences of a language, without the indentation of its list."""
    found = [item for item in FENCED.findall(text) if item[1] == language]
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, _, code in found]


def test_it_is_short_and_answers_in_the_order_in_which_a_newcomer_asks() -> None:
    assert len(README.splitlines()) <= 200
    assert tuple(re.findall(r"^## (.*)$", README, re.MULTILINE)) == QUESTIONS


def test_every_link_leads_to_a_file() -> None:
    assert [link for link in LINK.findall(README) if not (ROOT / link).is_file()] == []


def test_it_links_to_every_page_of_the_manual() -> None:
    linked = set(re.findall(r"\]\(reconciler/manual/([a-z0-9-]+)\.md\)", README))
    assert linked == set(TOPICS)


@pytest.mark.parametrize("name", PAGES)
def test_a_command_that_a_page_shows_exists(name: str) -> None:
    shown = [span for span in re.findall(r"`([^`\n]+)`", PAGES[name]) if "::" not in span]
    shown += blocks(PAGES[name], "console") + blocks(PAGES[name], "sh")
    assert {word for text in shown for word in OURS.findall(text)} <= set(COMMANDS)


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_shows_of_a_file_is_yaml(name: str) -> None:
    for block in blocks(PAGES[name], "yaml"):
        assert yaml.safe_load(block), block


def test_the_file_that_it_shows_is_a_valid_one(tmp_path: Path) -> None:
    (block,) = blocks(README, "yaml")
    file = tmp_path / "cluster.yaml"
    file.write_text(block)
    assert [member.name for member in read(str(file)).clusters[0].members] == [
        "node01",
        "node02",
        "node03",
    ]
