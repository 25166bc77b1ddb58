"""Words that hosts and files chose, before they go into a document."""

from __future__ import annotations

_LAYOUT = str.maketrans("", "", "\n\t")


def visible(text: str) -> str:
    """``text`` with U+FFFD for what no reader would see but a program may obey.

    Those are control characters, changes of writing direction and lone surrogates, which also
    no encoding of a file can hold. Line ends and tabs stay.
    """
    if text.translate(_LAYOUT).isprintable():  # nearly always, and much faster
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
