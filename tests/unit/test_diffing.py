"""What differs inside a value, in words that say which side is which."""

import pytest

from reconciler.diffing import differences


@pytest.mark.parametrize(
    ("expected", "actual", "lines"),
    [
        ({"A": "5000"}, {"A": "4000"}, ("A: expected 5000, actual 4000",)),
        ({"A": 1}, {"A": 1, "B": 2}, ("B: expected nothing, actual 2",)),
        (("x", "y"), ["y"], ("expected x, actual nothing",)),
        ("a=1; b", "a=2; b", ("expected a=1, actual a=2",)),
        ((1, 2), [2, 1], ()),
        ("one", "two", ()),
        (None, {"A": 1}, ()),
    ],
)
def test_each_line_says_what_is_expected_and_what_is_there(expected, actual, lines):
    assert differences(expected, actual) == lines


def test_texts_of_several_lines_are_compared_by_line():
    assert differences("a\nb\n", "a\nc\n")[-2:] == ("-b", "+c")
