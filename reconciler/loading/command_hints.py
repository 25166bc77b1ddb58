"""Guesses at the lists of words that the operator meant: commands, units, options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

# What a shell makes of a command, as it stands in a text or as a word of its own.
SHELL = re.compile(r"[|;`]|&&|(?:^|\s)(?:[12&]?>>?|<)(?=\s|$)|[12]>&[12]|&\s*$|\n.")
_LONGEST_COMMAND = 55
_VERBS = frozenset({"stop", "start", "restart", "enable", "disable"})


def command_hint(text: str) -> str:
    """What to do about a command that only a shell could read; nothing for any other."""
    if not SHELL.search(text):
        return ""
    if len(text) > _LONGEST_COMMAND or "\n" in text or not text.strip(" |&;<>\t"):
        return "no shell reads it: write the lines into a script on the host, and its path here"
    return f"no shell reads it; write a script, or a list: [sh, -c, {_item(text.strip())}]"


def services_hint(text: str) -> str:
    """The units of a command of systemctl, which is no unit."""
    match = re.fullmatch(r"(?:sudo )?(?:/\S*/)?(?:systemctl|service) (.+)", text.strip())
    words = match[1].split() if match else []
    units = [word for word in words if word not in _VERBS and not word.startswith("-")]
    return f"write the units alone: [{', '.join(units)}]" if units else ""


def braces_hint(value: Mapping[object, object]) -> str:
    """A placeholder that YAML took for a mapping: ``{guest}`` without quotes."""
    words = [str(key) for key, inner in value.items() if inner is None]
    placeholder = len(value) == 1 and words and re.fullmatch(r"[a-z_]+", words[0])
    return f"put it in quotes: '{{{words[0]}}}'" if placeholder else ""


def list_hint(text: str, words: tuple[str, ...]) -> str:
    """The list that a text was meant to be; ``words`` are its items."""
    return f"write a list: [{', '.join(map(_item, words))}]" if text.strip() else ""


def split_words(key: str, text: str) -> tuple[str, ...]:
    """The items that a text at ``key`` was meant to have: by commas, or as a shell would."""
    if key in {"options", "services", "members", "volumes"}:
        return tuple(word for word in re.split(r"[\s,]+", text) if word)
    try:
        return tuple(shlex.split(text))
    except ValueError:  # a quote that is never closed
        return tuple(text.split())


def _item(word: str) -> str:
    return (
        word
        if re.fullmatch(r"[A-Za-z0-9_./=+-]+", word)
        else "'" + word.replace("'", "''") + "'"
    )
