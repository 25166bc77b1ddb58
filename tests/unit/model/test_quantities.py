from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.quantities import (
    BLOCK_SIZES,
    CLUSTER_SIZES,
    format_duration,
    format_extent,
    format_size,
    format_sizes,
    parse_duration,
    parse_extent,
    parse_size,
    sizes_on_hosts,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1KiB", 2**10),
        ("512MiB", 2**29),
        ("800GiB", 800 * 2**30),
        ("2TiB", 2**41),
        ("1PiB", 2**50),
    ],
)
def test_a_size_is_an_exact_number_of_bytes(text, size):
    assert parse_size(text) == size
    assert format_size(size) == text


NO_SIZES = [
    "50 furlongs",
    "800G",
    "800GB",
    "800gib",
    "0.5TiB",
    "010GiB",
    "0GiB",
    "-1GiB",
    " 1GiB",
]
NO_SIZES += ["1GiB\n", "1 GiB", "", "GiB", "1_0GiB", "1e3GiB", "٣GiB", "9" * 5000 + "KiB"]


@pytest.mark.parametrize(
    "text", [*NO_SIZES, 5, 5.0, True, None, ["1GiB"]], ids=lambda t: str(t)[:12]
)
def test_refuses_what_is_no_size(text):
    with pytest.raises(ValueError, match="is not a size: a whole number with a binary unit"):
        parse_size(text)
    with pytest.raises(ValueError, match="is neither 'fill' nor a whole number"):
        parse_extent(text)


def test_a_size_without_an_exact_unit_is_told_in_bytes():
    assert format_size(12345) == "12345 bytes"
    assert format_size(0) == "0 bytes"


@given(st.integers(1, 2**60 // 1024).map(lambda kibibytes: kibibytes * 1024))
def test_every_size_is_read_back_as_it_was_written(size):
    assert parse_size(format_size(size)) == size
    assert parse_extent(format_extent(size)) == size


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((2**30, 2**31), ("1GiB", "2GiB")),
        ((2**30 + 2**20, 2**31), ("1025MiB", "2048MiB")),
        ((2**30 + 1, 2**31), ("1073741825 bytes", "2147483648 bytes")),
        ((0, 2**30), ("0GiB", "1GiB")),
        ((0, 0), ("0 bytes", "0 bytes")),
        ((), ()),
    ],
)
def test_sizes_that_are_compared_are_exact_and_of_one_unit(sizes, words):
    assert format_sizes(*sizes) == words


def test_sizes_of_hosts_are_told_once_each_in_the_unit_of_what_is_wanted():
    sizes = {"a": 2**30, "b": 2**30 + 2**20, "c": 2**30, "d": None}
    assert sizes_on_hosts(sizes, 2**31) == (
        "1024MiB on a, c; 1025MiB on b; unknown on d",
        "2048MiB",
    )


def test_fill_is_an_extent_and_no_size():
    assert parse_extent("fill") == format_extent("fill") == "fill"
    with pytest.raises(ValueError, match="'fill' is not a size"):
        parse_size("fill")


@pytest.mark.parametrize(
    ("text", "span"),
    [("30s", timedelta(seconds=30)), ("5m", timedelta(minutes=5)), ("24h", timedelta(days=1))],
)
def test_a_duration_is_exact(text, span):
    assert parse_duration(text) == span
    assert format_duration(span) == text


@pytest.mark.parametrize(
    "text", ["5", "5 m", "5min", "1d", "0s", "1.5h", "5m ", "", 5, None, True]
)
def test_refuses_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is not a duration: a whole number with a unit"):
        parse_duration(text)


@given(st.integers(1, 9_999_999).map(lambda seconds: timedelta(seconds=seconds)))
def test_every_duration_is_read_back_as_it_was_written(span):
    assert parse_duration(format_duration(span)) == span


def test_block_and_cluster_sizes_are_the_kernels():
    assert [parse_size(text) for text in BLOCK_SIZES] == [2**i for i in range(10, 13)]
    assert [parse_size(text) for text in CLUSTER_SIZES] == [2**i for i in range(12, 21)]
