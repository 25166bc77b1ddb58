"""Two values that differ, so that the difference is seen: nothing of it is ever cut away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.diffing import differences
from reconciler.model.addresses import parse_address
from reconciler.model.quantities import format_sizes


def in_sizes(address: str, before: object, after: object) -> tuple[object, object]:
    """Both values of a change; those of a size in one unit, as a person would write them."""
    if "size" not in parse_address(address).aspect:
        return before, after
    sizes = [value for value in (before, after) if isinstance(value, int)]
    words: dict[object, object] = dict(zip(sizes, format_sizes(*sizes), strict=True))
    return words.get(before, before), words.get(after, after)


def told_difference(expected: object, actual: object) -> Iterator[str]:
    """Of texts the lines, of lists the items that differ; else both values whole.

    Behind long values on one line stands what of them differs.
    """
    if _is_text(expected, actual) or _is_text(actual, expected):
        expected, actual = expected or "", actual or ""
    inside = differences(expected, actual)
    alike = isinstance(expected, str) and isinstance(actual, str)
    if not inside or (alike and "\n" not in f"{expected}{actual}"):
        yield f"expected  {value_words(expected)}"
        yield f"actual    {value_words(actual)}"
    yield from inside


def _is_text(value: object, other: object) -> bool:
    """Whether it has lines, and the other one has, too, or is missing."""
    return isinstance(value, str) and "\n" in value and isinstance(other, str | None)


def value_words(value: object) -> str:
    """A value on one line, whole."""
    if value is None or value in ("", [], ()):
        return "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {value_words(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(value_words, value))
    return " | ".join(str(value).strip().splitlines())
