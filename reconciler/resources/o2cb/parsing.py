"""The o2cb settings file, and the units that start cluster and mounts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from functools import lru_cache

from reconciler.model.observed import Unit
from reconciler.probe.sections import Section, choice, group_rows, number, text_file

SETTING = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<key>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")
WORD = re.compile(r"""(?:[^ \t'"\\;&|]|'[^']*'|"(?:\\.|[^"\\])*"|\\.)*""")
PLAIN = re.compile(r"[A-Za-z0-9_./:-]*")
SINCE_BOOT = {word: word for word in ("ran", "missed", "unmet")}


def parse_units(section: Section) -> tuple[Unit, ...]:
    """The units in the probe's order."""
    answers = {"enabled": True, "disabled": False}
    rows = group_rows(section, {"unit": 5, "boot": 3, "since": 2})
    links = {name: (number(written), link) for name, written, link in rows["boot"]}
    since = {name: choice(word, SINCE_BOOT) for name, word in rows["since"]}
    found = []
    for name, load, active, sub, enabled in rows["unit"]:
        written, link = links.get(name, (None, ""))
        boots, ran = choice(enabled, answers), since.get(name, "")
        found.append(Unit(name, load, active, sub, boots, written, link, ran))
    return tuple(found)


def parse_settings(text: str) -> dict[str, str]:
    """The KEY=VALUE lines of a file that a shell reads; a later one wins."""
    found = {}
    for line in text.split("\n"):
        if match := SETTING.fullmatch(line):
            found[match["key"]] = _unquoted(match["value"])
    return found


@lru_cache(1024)  # hosts of one distribution have one file, and each rule reads it
def _unquoted(value: str) -> str:
    """The first shell word, as an assignment takes it; empty if its quotes are odd.

    A carriage return is a character like any other to a shell, so it is to us.
    """
    word = WORD.match(value)
    lexer = shlex.shlex(word[0] if word else "", posix=True)
    lexer.commenters, lexer.whitespace, lexer.whitespace_split = "", " \t", True
    return "".join(lexer)


def render_settings(text: str | None, wanted: Mapping[str, str | int]) -> str:
    """``text`` with the wanted values: only their lines change, missing ones are added.

    Of a key that stands more than once the last line counts for the shell, so all of
    them are changed. Raises ValueError for a value that would need quoting.
    """
    values = {key: str(value) for key, value in wanted.items()}
    for key, value in values.items():
        if not PLAIN.fullmatch(value):
            raise ValueError(f"{key} cannot be written without quotes: {value!r}")
    have = parse_settings(text or "")
    lines = (text or "").split("\n")
    if lines[-1] == "":
        lines.pop()
    changed = [_line(line, have, values) for line in lines]
    changed += [f"{key}={value}" for key, value in values.items() if key not in have]
    return "".join(f"{line}\n" for line in changed)


def _line(line: str, have: Mapping[str, str], values: Mapping[str, str]) -> str:
    match = SETTING.fullmatch(line)
    if not match or match["key"] not in values or have[match["key"]] == values[match["key"]]:
        return line
    return f"{line[: match.start('value')]}{values[match['key']]}"


SECTIONS: dict[str, Callable[[Section], object]] = {
    "o2cb_config": text_file,
    "services": parse_units,
}
