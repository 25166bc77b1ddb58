"""Cuts a failing history down to what it needs to break the same law."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.simulation.history import Chapter, History
from tests.simulation.player import play


def law_of(wrong: str) -> str:
    """The law of a sentence: its number, or the first word of a disaster, or the kind of a crash."""
    words = wrong.split()
    return " ".join(words[:2]) if words[0] == "crash" else words[0]


def shrink(history: History, law: str, most: int = 200) -> History:
    """The smallest history found in ``most`` plays that still breaks the law."""
    left, found = most, True
    while found:
        found = False
        for smaller in _smaller(history):
            if left == 0:
                return history
            left -= 1
            if any(law_of(wrong) == law for wrong in play(smaller).wrongs):
                history, found = smaller, True
                break
    return history


def _smaller(history: History) -> Iterator[History]:
    """The largest cuts first: chapters, then troubles and changes, then the site."""
    chapters = history.chapters
    if len(chapters) > 1:
        for n in range(len(chapters)):
            yield replace(history, chapters=(*chapters[:n], *chapters[n + 1 :]))
    for n, chapter in enumerate(chapters):
        for less in _less(chapter):
            yield replace(history, chapters=(*chapters[:n], less, *chapters[n + 1 :]))
    if history.site.stripped:
        yield replace(history, site=replace(history.site, stripped=()))
    if history.site.scheme:
        yield replace(history, site=replace(history.site, scheme=""))
    if history.lasting:
        yield replace(history, lasting=False)


def _less(chapter: Chapter) -> Iterator[Chapter]:
    for n in range(len(chapter.troubles)):
        yield replace(chapter, troubles=(*chapter.troubles[:n], *chapter.troubles[n + 1 :]))
    for n in range(len(chapter.changes)):
        yield replace(chapter, changes=(*chapter.changes[:n], *chapter.changes[n + 1 :]))
