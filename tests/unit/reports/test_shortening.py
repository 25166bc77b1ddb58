"""What is too long is shortened, and never so that two things look the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.reports.shortening import clip_names, clip_text


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("short", "short"),
        ("exactly-tw", "exactly-tw"),
        ("production-images-01", "produc\u2026-01"),
        ("node01.storage.example.org", "node01\u2026org"),
    ],
)
def test_the_start_and_the_end_stay(text, short):
    assert clip_text(text, 10) == short


@given(st.sets(st.text("ab", min_size=1, max_size=12)), st.integers(1, 12))
def test_no_two_names_are_shown_alike(names, most):
    shown = clip_names(sorted(names), most)
    assert len(set(shown.values())) == len(names)
