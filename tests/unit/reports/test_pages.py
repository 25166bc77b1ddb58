"""Pages of the manual for a terminal: no line too long that could be broken, no word lost."""

import re

import pytest

from reconciler.reports.explain import codes, page
from reconciler.reports.manual import TOPICS, manual_page
from reconciler.reports.pages import page_lines

PAGES = {
    **{topic: manual_page(topic) for topic in TOPICS},
    **{code: page(code) for code in codes()},
}


def words(text):
    found = (word.rstrip(":") for word in re.split(r"[\s|]+", text))
    return {word for word in found if word.strip("-")}


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_page_fits_and_nothing_of_it_is_lost(width):
    for name, text in PAGES.items():
        assert fits(text, width), name


def fits(text, width):
    lines = list(page_lines(text, width))
    fenced = {part for block in text.split("```")[1::2] for part in block.splitlines()}
    longest = [line for line in lines if line not in fenced and len(line) > width]
    broken = [x for x in longest if " " in re.sub(r"^\s*(\S+: |[-*] |\d+\. )?", "", x)]
    kept = words(text.replace("\\|", "|")) <= words("\n".join(lines))
    return kept and not broken and not any(line.startswith("|-") for line in lines)


def test_a_table_is_columns_or_where_it_is_too_wide_rows_of_words():
    table = "|Key|What it is|\n|-|-|\n|`a`|one two three four five six seven|"
    assert list(page_lines(table, 30)) == [
        "Key  What it is",
        "---  -------------------------",
        "`a`  one two three four five",
        "     six seven",
    ]
    assert list(page_lines(table, 20)) == [
        "Key: `a`",
        "    What it is: one",
        "        two three",
        "        four five",
        "        six seven",
    ]


def test_prose_is_filled_and_items_hang():
    text = "# T\none two\nthree\n\n- four five six\n  seven\n\n```\nas it is\n```"
    assert list(page_lines(text, 12)) == [
        *("# T", "one two", "three", "", "- four five", "  six seven", ""),
        *("```", "as it is", "```"),
    ]
