"""What is wrong with a file is kept as words that say the same when they are read again."""

from __future__ import annotations

from reconciler.errors import SpecInvalid
from reconciler.fleet.wishes import MOST_PROBLEMS, problem_words, read_problems
from reconciler.loading import load
from reconciler.model.problems import Problem


def problems_of(text: str) -> tuple[Problem, ...]:
    try:
        load("a.yaml", text)
    except SpecInvalid as error:
        return error.problems
    return ()


def test_problems_come_back_with_code_and_place():
    found = problems_of("version: 1\nclusters:\n  - {name: a b, memberz: []}\n")
    assert len(found) > 1
    read = read_problems("a.yaml", problem_words(found))
    places = [(p.file, p.line, p.column, p.code) for p in found]
    assert [(p.file, p.line, p.column, p.code) for p in read] == places
    assert read[0].message == f"{found[0].message}; {found[0].hint}"


def test_words_of_a_file_begin_no_line_of_their_own():
    words = problem_words([Problem("a", 1, 2, "bad-value", "a\n9:9: alias: b\u2028c", "d")])
    assert words == "1:2: bad-value: a 9:9: alias: b c; d"
    assert [p.code for p in read_problems("a", words)] == ["bad-value"]


def test_of_many_problems_the_first_are_kept():
    many = [Problem("a", n, 1, "bad-value", "x") for n in range(1, MOST_PROBLEMS + 5)]
    read = read_problems("a", problem_words(many))
    assert len(read) == MOST_PROBLEMS + 1
    assert (read[-1].code, read[-1].message) == ("more", "4 more")


def test_what_another_version_wrote_is_passed_over():
    assert read_problems("a", "1:1: no-such-code: x\nanything\n") == ()
    assert read_problems("a", "") == ()
