"""What was meant by a word that is no command."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path

# Words that other tools have, or that people say, for commands of ours.
OTHERS: Mapping[str, tuple[str, ...]] = {
    "check": ("validate", "plan"),
    "converge": ("apply",),
    "create": ("init", "apply"),
    "deploy": ("apply",),
    "diff": ("plan", "drift"),
    "doc": ("manual",),
    "docs": ("manual",),
    "facts": ("observe",),
    "freeze": ("pause",),
    "info": ("status",),
    "lint": ("validate",),
    "list": ("status", "history"),
    "log": ("history", "show"),
    "logs": ("history", "show"),
    "ls": ("status", "history"),
    "man": ("manual",),
    "new": ("init", "import"),
    "preview": ("plan",),
    "ps": ("status",),
    "refresh": ("observe",),
    "runs": ("history",),
    "unfreeze": ("resume",),
    "unpause": ("resume",),
    "version": ("-V",),
    "why": ("explain",),
}


def suggest(word: str, commands: Collection[str]) -> str:
    """A sentence that says what may have been meant; where nothing is like it, how to see all."""
    known = [name for name in OTHERS.get(word, ()) if name in commands or name == "-V"]
    if near := known or get_close_matches(word.lower(), commands, 1):
        return f"did you mean {' or '.join(f'reconcile {name}' for name in near)}?"
    if Path(word).is_file():
        return f"{word} is a file: reconcile plan {word}"
    return "reconcile help lists all commands"
