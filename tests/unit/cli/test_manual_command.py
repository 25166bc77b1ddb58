"""``reconcile manual``: a list, a page, and what to do about a word that is neither."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress

import pytest

from reconciler.cli import run
from reconciler.reports.manual import TOPICS, manual_page
from reconciler.reports.pages import page_lines


def test_without_a_topic_it_has_a_line_each(capsys):
    assert run(["manual"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(TOPICS)
    assert all(len(line.split()) > 2 for line in lines)


@pytest.mark.parametrize("topic", TOPICS)
def test_with_one_it_prints_the_page(capsys, topic):
    assert run(["manual", topic]) == 0
    assert capsys.readouterr().out == manual_page(topic)


def test_as_json_it_is_the_same(capsys):
    assert run(["manual", "--format", "json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["topics"]) == list(TOPICS)
    assert run(["manual", "lock", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["topic"] == "lock"
    assert document["page"] == manual_page("lock").rstrip()


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("exitcodes", "did you mean exit-codes?"),
        ("lease-held", "it is a refusal code: reconcile explain lease-held"),
        ("heartbeat", "the word is on: "),
        ("I28", "the word is on: invariants"),
        ("xyzzy", "there are commands, "),
        ("../plan", "did you mean plan?"),
    ],
)
def test_a_word_that_is_no_topic_is_64_and_says_where_to_look(capsys, word, hint):
    assert run(["manual", word]) == 64
    streams = capsys.readouterr()
    assert streams.out == ""
    assert hint in streams.err


def test_on_a_terminal_a_page_is_laid_out_for_its_width(tmp_path):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "manual", "exit-codes"],
        stdin=theirs,
        stdout=theirs,
        env={**os.environ, "PAGER": "cat", "COLUMNS": "70", "LINES": "10", "TERM": "xterm"},
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the end of a terminal is an error
        while found := os.read(ours, 4096):
            shown += found
    os.close(ours)
    assert process.wait() == 0
    lines = shown.decode().replace("\r", "").rstrip().splitlines()
    assert lines == list(page_lines(manual_page("exit-codes").rstrip(), 70))
