"""Secrets that stand in a file all the same: masked wherever the file is shown.

A log of a pipeline keeps what validate prints, and whoever reads the log would have them. Too
much is masked rather than too little: what stands behind such a key, up to the end of its line.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.model.secrets import NAMED_SO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.model.problems import Problem

MASK = "********"
_KEY = re.compile(
    rf"(?<![\w.-])(?P<key>[\"']?{NAMED_SO}[\"']?(?:\s{{0,9}}:|\s{{1,9}}=\s)\s{{0,9}})(?P<value>.*)$",
    re.IGNORECASE,
)
_REFERENCE = r"(?!env:|file:)"  # these stand for a secret and are none
_ARGUMENT = re.compile(
    rf"((?<![\w.-])(?:-{{0,2}}{NAMED_SO}=|--?{NAMED_SO}(?:[\"']?\s{{0,9}},\s{{0,9}}|\s{{1,9}})))"
    rf"([\"']?){_REFERENCE}[^\s\"',\]}}]+",
    re.IGNORECASE,
)
# Whoever has the address of a webhook may post there: its path is what nobody can guess.
_PATH = re.compile(r"(https?://[^/\s\"']{1,256}/)[^\s\"',}\]]+", re.IGNORECASE)
_URL = re.compile(r"(://[^/\s:@\"']{0,64}:)[^/\s@\"']{1,256}(?=@)")
_PEM_BEGINS, _PEM_ENDS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY.*"), "-----END"
_NAMED_BY_VALUE = frozenset({"alias", "tag"})  # the message has a piece of the value itself


def mask_text(text: str) -> str:
    """``text``, which is one line, without the secrets in it."""
    text = _mask_arguments(text)
    found = _KEY.search(text)
    if not found or not found["value"].strip():
        return text
    value = found["value"].rstrip()
    return text[: found.start("value")] + MASK + value[len(value.rstrip("]}")) :]


def mask_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines of a file without the secrets in them; what goes on below a key included."""
    return tuple(_masked(lines))


def mask_problem(problem: Problem, lines: Sequence[str]) -> Problem:
    """``problem`` without the secrets in its words; ``lines`` are the file's as they stand."""
    words = [mask_text(problem.message), _mask_arguments(problem.hint)]
    if problem.code in _NAMED_BY_VALUE and problem.line <= len(lines):
        for piece in _pieces(lines[problem.line - 1]):
            words = [word.replace(piece, MASK) for word in words]
    return replace(problem, message=words[0], hint=words[1])


@lru_cache(8)  # hundreds of problems may stand in one long line
def _pieces(line: str) -> tuple[str, ...]:
    """The words of the secret value in a line, if one is in it."""
    found = _KEY.search(line)
    return tuple(re.findall(r"[^\s,{}\[\]&*!]+", found["value"])) if found else ()


def mask_problems(problems: Iterable[Problem], lines: Sequence[str]) -> list[Problem]:
    """The same for all problems of a file."""
    return [mask_problem(problem, lines) for problem in problems]


def _mask_arguments(text: str) -> str:
    """``text`` without those secrets that are told by more than the name of a key."""
    text = _PATH.sub(rf"\1{MASK}", _URL.sub(rf"\1{MASK}", text))
    text = _PEM_BEGINS.sub(MASK, text)
    return _ARGUMENT.sub(rf"\1\2{MASK}", text)


def _masked(lines: Sequence[str]) -> Iterator[str]:
    below: int | None = None  # the column of the key whose value may go on
    in_pem = False
    for line in lines:
        indent = len(line) - len(line.lstrip(" "))
        if in_pem or (below is not None and (indent > below or not line.strip())):
            yield " " * indent + MASK if line.strip() else line
            in_pem = in_pem and _PEM_ENDS not in line
            continue
        found = _KEY.search(line)
        below = _column(line, found.start("key")) if found else None
        in_pem = bool(_PEM_BEGINS.search(line)) and _PEM_ENDS not in line
        yield mask_text(line)


def _column(line: str, start: int) -> int:
    """Lines that are indented more than this go on with the value."""
    before = line[:start]
    is_block = not before.strip(" -")
    return start if is_block else len(line) - len(line.lstrip(" "))
