"""Other inputs of a valid one, which pass the first checks: changed lines, words and values.

Each is a function of the input, of chance and of words of the grammar, so that a seed gives the
same inputs again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

WORD = re.compile(rb"([^A-Za-z0-9_.~-]+)")
# What parsers of numbers, words, paths and frames trip over.
ODD: tuple[bytes, ...] = (
    b"", b"-", b"0", b"-1", b"1", b"00", b"+1", b"1_0", b"254", b"255", b"256", b"65535", b"65536",
    b"18446744073709551616", b"9" * 40, b"9" * 5000, b"1e9999", b"nan", b"inf", b"0x1", b"1.5",
    "\u0663".encode(), "\u00b2".encode(), "\u2028".encode(), "\u202e".encode(), "\ufeff".encode(),
    "\u00e9".encode(), b"\xff", b"\xed\xa0\x80", b"\0", b"\r", b"\x1b[2J", b"\x0b", b"\x85",
    b"'", b'"', b"\\", b"\\040", b"\\777", b"\\x", b"%", b"$(x)", b"`", b"|", b"#", b"@@", b"@@end",
    b"@@fail\tx", b"yes", b"no", b"true", b"null", b"{}", b"[]", b"[" * 2000, b'{"a":' * 2000,
    b"A" * 5000, b"\t", b"  ", b"\n", b"\n\n", b":", b"=", b",", b"/", b"../..", b"2026-02-30",
    b"9999-12-31T23:59:59-23:59", b"0001-01-01T00:00:00+23:59",
)  # fmt: skip
# Of these some stand in nearly every input; they are changed more often than other words.
DIGITS = re.compile(rb"[0-9]+")
NUMBERS: tuple[bytes, ...] = (
    b"0", b"1", b"255", b"65536", b"9" * 18, b"9" * 20, b"9" * 4400, b"-1", b"1.5", b"007", b"",
    "\u0663".encode(), "\u00b2".encode(),
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 255, 2**63, 2**64, 10**400, 1.5, 1e308, float("inf"), float("nan"),
    "", "x", "-", "\x1b[2J", "\ud800", "\u202e", "9" * 5000, "'", "%", [], {}, [[]], [None], {"": None},
    {"a": {}}, ["a", 1], "2026-02-30", "9999-12-31T23:59:59-23:59",
)  # fmt: skip
DEEP = "\0deep\0"


def change_text(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    """Lines and words of a text changed, a few times."""
    for _ in range(chance.choice((1, 1, 2, 3, 5))):
        data = chance.choice(TEXT)(data, chance, words)
    return data


def change_json(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    """Values and keys of a document changed; now and then its text."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return change_text(data, chance, words)
    if chance.random() < 0.15:
        return change_text(data, chance, words)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        document = _changed_value(document, chance, words)
    return _dumped(document, chance)


def change_lines_of_json(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    """A line is a document: one of them changed, or the lines among each other."""
    lines = data.split(b"\n")
    if chance.random() < 0.3:
        return change_text(data, chance, words)
    place = chance.randrange(len(lines))
    lines[place] = change_json(lines[place], chance, words)
    return b"\n".join(lines)


def _dumped(document: Any, chance: Random) -> bytes:
    text = json.dumps(document, ensure_ascii=chance.random() < 0.5)
    hollow = chance.choice((("[", "]"), ('{"a":', "}"), ("[", "")))
    deep = hollow[0] * 3000 + "1" * bool(hollow[1]) + hollow[1] * 3000
    return text.replace(json.dumps(DEEP), deep).encode("utf-8", "surrogatepass")


def _changed_value(value: Any, chance: Random, words: Sequence[bytes]) -> Any:
    """Somewhere in ``value`` something else."""
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.08:
        return _odd_value(value, chance, words)
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    place = chance.randrange(len(items))
    key, inner = items[place]
    match chance.randrange(12):
        case 0:
            del items[place]
        case 1:
            items.append((_odd_key(key, chance, words), inner))
        case 2:
            items[place] = (key, items[chance.randrange(len(items))][1])
        case _:
            items[place] = (key, _changed_value(inner, chance, words))
    return dict(items) if isinstance(value, dict) else [item for _key, item in items]


def _odd_key(key: Any, chance: Random, words: Sequence[bytes]) -> str:
    pool = [str(key) + "x", str(key).upper(), "", "\x1b", "0", *map(_text, words)]
    return chance.choice(pool)


def _odd_value(value: Any, chance: Random, words: Sequence[bytes]) -> Any:
    changed = change_text(str(value).encode("utf-8", "replace"), chance, words)
    pool = [*VALUES, DEEP, *map(_text, words), [value], {"a": value}, _text(changed)]
    return chance.choice(pool)


def _text(word: bytes) -> str:
    return word.decode("utf-8", "replace")


def _cut_line(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    del lines[chance.randrange(len(lines))]
    return b"\n".join(lines)


def _double_line(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    line = chance.choice(lines)
    lines[chance.randrange(len(lines)) : 0] = [line] * chance.choice((1, 1, 2, 9))
    return b"\n".join(lines)


def _move_line(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    line = lines.pop(chance.randrange(len(lines)))
    lines.insert(chance.randint(0, len(lines)), line)
    return b"\n".join(lines)


def _change_word(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    parts = WORD.split(data)
    place = chance.randrange(len(parts))
    others = [*ODD, *words, chance.choice(parts)]
    parts[place] = chance.choice([*others, parts[place] + chance.choice(others)])
    return b"".join(parts)


def _change_number(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    found = list(DIGITS.finditer(data))
    if not found:
        return _change_word(data, chance, words)
    one = chance.choice(found)
    return data[: one.start()] + chance.choice(NUMBERS) + data[one.end() :]


def _swap_words(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    parts = WORD.split(data)
    one, other = chance.randrange(len(parts)), chance.randrange(len(parts))
    parts[one], parts[other] = parts[other], parts[one]
    return b"".join(parts)


def _insert_word(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    place = chance.randint(0, len(data))
    return data[:place] + chance.choice((*ODD, *words)) + data[place:]


def _cut_away(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    first = chance.randint(0, len(data))
    return data[:first] + data[first + chance.choice((1, 1, 3, 20, 200)) :]


def _flip(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    if not data:
        return bytes([chance.randrange(256)])
    place = chance.randrange(len(data))
    return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]


def _insert_line(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    made = b"\t".join(chance.choice((*ODD, *words)) for _ in range(chance.randint(1, 6)))
    lines.insert(chance.randint(0, len(lines)), made)
    return b"\n".join(lines)


TEXT: tuple[Callable[[bytes, Random, Sequence[bytes]], bytes], ...] = (
    _cut_line, _double_line, _move_line, _change_word, _change_word, _change_word, _change_number,
    _swap_words,     _insert_word, _cut_away, _flip, _insert_line,
)  # fmt: skip
