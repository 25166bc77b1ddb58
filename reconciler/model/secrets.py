"""Words of a file that stand for a secret: a variable or a file of the controller's.

What is planned, shown and recorded is the word itself. ``execution.secrets`` reads what it
stands for, when an approved action runs and not before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# A whole word. file://... is a URL, and a word like any other.
REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:~?/(?!/)[^\x00-\x1f\x7f{}]*")
# What begins so and is no reference is a mistake; cmd: would have looking run programs here.
PREFIXES = ("env:", "file:", "cmd:")
URL = "file://"


def references(words: Sequence[str]) -> tuple[str, ...]:
    """Those of the words that stand for a secret, each once."""
    return tuple(dict.fromkeys(word for word in words if REFERENCE.fullmatch(word)))


def is_mistaken(word: str) -> bool:
    """Whether a word looks like a reference and is none."""
    return (
        word.startswith(PREFIXES) and not word.startswith(URL) and not REFERENCE.fullmatch(word)
    )


# What the name of a key, an option or a variable has when its value is a secret.
NAMED_SO = (
    r"(?:[\w.-]{0,40}(?:pass(?:word|wd|phrase|code)|secret|token|credential|private[_-]?key|api[_-]?key"
    r"|ssh[_-]?key|access[_-]?key|key[_-]?(?:data|material))[\w.-]{0,40}|pass|pwd|psk|pin)"
)


def names_secret(key: str) -> bool:
    """Whether the value of a key so called is a secret."""
    return re.fullmatch(NAMED_SO, key, re.IGNORECASE) is not None
