"""What is too long to be read whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping


def shorten_hashes(words: str) -> str:
    """Without the most of each file's hash."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1…", words)


def clip_text(text: str, most: int) -> str:
    """``text``, or its start and its end: names that are alike differ there."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 1]}\u2026{text[-end:] if end else ''}"


def clip_names(names: Iterable[str], most: int) -> Mapping[str, str]:
    """Each name as it is shown, never two of them alike: those are left whole."""
    shown = {name: clip_text(name, most) for name in names}
    times = Counter(shown.values())
    return {name: text if times[text] == 1 else name for name, text in shown.items()}
