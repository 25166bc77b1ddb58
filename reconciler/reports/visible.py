"""Words that hosts and files chose, before they go into a document."""

from __future__ import annotations


def visible(text: str) -> str:
    """``text`` with U+FFFD for what no reader would see but a program may obey.

    Those are control characters, changes of writing direction and lone surrogates, which also
    no encoding of a file can hold. Line ends and tabs stay.
    """
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
