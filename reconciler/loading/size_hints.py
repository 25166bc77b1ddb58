"""Guesses at the size that the operator meant, and which sizes there are."""

from __future__ import annotations

import re
from fractions import Fraction

from reconciler.model.quantities import BLOCK_SIZES, CLUSTER_SIZES, format_size, parse_size

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([kmgtp])(?:ib?|b)?", re.IGNORECASE)
_FOUND_SIZE = re.compile(
    r"(?<![\w.-])[0-9]{1,15}(?:\.[0-9]{1,9})?\s*[kmgtp]i?b?(?![A-Za-z0-9])", re.IGNORECASE
)
_SOME_BYTES = 1 << 20  # a plain number from here on is a size in bytes, below it one in GiB


# Keys that take some sizes only, the smallest first.
_AMONG = {"block_size": BLOCK_SIZES, "cluster_size": CLUSTER_SIZES}
_FEW = 3


def size_hint(key: str, text: str) -> str:
    """The size that was probably meant, with a binary unit and without a fraction."""
    meant = _any_size_hint(key, text)
    known = _AMONG.get(key)
    said = re.search(r"(?<![0-9])[1-9][0-9]{0,15}[KMGTP]iB", meant or text) if known else None
    if not known or (said and said[0] in known):
        return meant
    return _nearest_size(known, parse_size(said[0]) if said else None)


def _nearest_size(known: tuple[str, ...], size: int | None) -> str:
    """All of a few; of many, those about ``size``."""
    if len(known) <= _FEW or size is None:
        return f"write {', '.join(known[:-1])} or {known[-1]}"
    below = [text for text in known if parse_size(text) < size]
    if len(below) == len(known):
        return f"write {known[-1]}, the largest"
    return (
        f"write {below[-1]} or {known[len(below)]}"
        if below
        else f"write {known[0]}, the smallest"
    )


def _any_size_hint(key: str, text: str) -> str:
    if re.fullmatch(r"[1-9][0-9]{0,15}", text):
        return _unitless(int(text)) if key == "size" else _in_bytes(int(text))
    if key == "size" and text.strip() in {"100%", "all", "max", "whole", "100%FREE"}:
        return "did you mean 'fill'?"
    match = _SIZE.fullmatch(text.strip())
    if not match:
        return _odd_size(key, text.strip()) or _size_within(key, text)
    size = Fraction(match[1]) * 1024 ** (" kmgtp".index(match[2].lower()))
    meant = format_size(int(size)) if size.denominator == 1 else ""
    if meant.endswith("iB"):
        return f"did you mean '{meant}'?" if meant != text else ""
    return _odd_size(key, text.strip()) or _whole_size(match)


def _unitless(number: int) -> str:
    if number < _SOME_BYTES:
        return f"write the unit: '{number}GiB', if that is meant"
    return _in_bytes(number)


def _in_bytes(number: int) -> str:
    meant = format_size(number)
    if meant.endswith("iB"):
        return f"write the unit: as bytes it is '{meant}'"
    whole = format_size(-(-number // 1024) * 1024)
    return f"write the unit: '{whole}' is the next whole number of KiB above {number} bytes"


def _size_within(key: str, text: str) -> str:
    """The one size that stands in ``text`` among other things, or how one is written."""
    if found := re.fullmatch(r"([1-9][0-9]{0,5})\s*[eE]i?[bB]?", text.strip()):
        return f"write '{int(found[1]) * 1024}PiB'"
    if parts := re.fullmatch(r"([1-9][0-9]*)TiB\s+([1-9][0-9]*)GiB", text.strip()):
        return f"write one number: {int(parts[1]) * 1024 + int(parts[2])}GiB"
    bare = re.sub(r"(?<=[0-9])_(?=[0-9])", "", re.sub(r"(?<=[0-9]),(?=[0-9])", ".", text))
    bare = re.sub(r"(?<![0-9])\.(?=[0-9])", "0.", bare)
    sizes = [m[0] for m in _FOUND_SIZE.finditer(bare)]
    if len(sizes) == 1 and sizes[0] != text and (hint := _any_size_hint(key, sizes[0].strip())):
        return hint
    if len(sizes) == 1 and sizes[0] != text:
        return f"write {sizes[0].strip()} alone"
    if len(sizes) > 1:
        return f"write one size, like {sizes[-1].strip()}"
    return "write a size like 800GiB, or fill for all of the device" if key == "size" else ""


def _odd_size(key: str, text: str) -> str:
    """What to do about a size that is none in any spelling that is exact."""
    if re.fullmatch(r"[-+]?0+(\.0+)?\s*[kmgtp]?i?b?", text, re.IGNORECASE):
        return "write a size above zero, like 800GiB" + (", or fill" if key == "size" else "")
    if re.fullmatch(r"[-+][1-9][0-9]*[KMGTP]iB", text):
        return f"write {text[1:]}: the whole size, not a change of it"
    plain = re.sub(r"(?<=[0-9]),(?=[0-9]{3})|\s", "", text)
    plain = re.sub(r"(?i)([kmgtp])o$", lambda unit: f"{unit[1].upper()}iB", plain)
    if re.fullmatch(r"[1-9][0-9]*[KMGTP]iB", plain) and plain != text:
        return f"did you mean '{plain}'?"
    if match := re.fullmatch(r"([1-9][0-9]{0,14})\s*b(ytes?)?", text, re.IGNORECASE):
        return _in_bytes(int(match[1]))
    return ""


def _whole_size(match: re.Match[str]) -> str:
    """The size of a fraction, rounded down, in the next smaller unit."""
    units = "kmgtp"
    below = units.index(match[2].lower()) - 1
    if below < 0 or "." not in match[1]:
        return ""
    return f"write a whole number: {int(Fraction(match[1]) * 1024)}{units[below].upper()}iB"
