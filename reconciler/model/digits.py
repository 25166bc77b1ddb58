"""Numbers as other programs write them."""

from __future__ import annotations

# Each such number has 63 bits.
LONGEST = 18


def is_number(word: str) -> bool:
    """Whether a word is a plain decimal number, of no more than 18 digits.

    ``int`` takes more for a number, as the digits of other scripts, and raises ValueError for one
    of more than 4,300 digits, which ``str.isdecimal`` calls one.
    """
    return word.isascii() and word.isdecimal() and len(word) <= LONGEST


def is_port(word: str) -> bool:
    """Whether a word is the number of a port."""
    return is_number(word) and 0 < int(word) < 1 << 16
