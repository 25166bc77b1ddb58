"""Small pictures of times: what rounds found in a day or a month, how a volume fills. SVG, with words beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from markupsafe import Markup

from reconciler.model.quantities import round_size
from reconciler.model.watched import Sample
from reconciler.reports.html.markup import join_markup, tag
from reconciler.storage.rounds import Span
from reconciler.watch.assessment import STATES

RangeName = Literal["day", "week", "month"]
_WIDTH, _HEIGHT = 240, 18
# Of the curve: its size, and the room below for what is written.
_WIDE, _TALL, _BELOW = 600, 150, 18


@dataclass(frozen=True, slots=True)
class Range:
    """A time that a strip shows, in ``slots`` equal parts, each in ``words``."""

    length: timedelta
    slots: int
    words: str


RANGES: Mapping[RangeName, Range] = {
    "day": Range(timedelta(days=1), 48, "half hours"),
    "week": Range(timedelta(days=7), 56, "times of three hours"),
    "month": Range(timedelta(days=30), 60, "half days"),
}


def heat_strip(spans: Sequence[Span], end: datetime, name: RangeName = "day") -> Markup:
    """A slot each part of the time before ``end``: the colour of the worst that rounds found in it."""
    shown = RANGES[name]
    found = _worst(spans, end, shown)
    wide = _WIDTH / shown.slots
    slots = [
        tag(
            "rect",
            x=f"{place * wide:.2f}",
            y=0,
            width=f"{wide - 1:.2f}",
            height=_HEIGHT,
            class_=f"slot {state}",
        )
        for place, state in enumerate(found)
    ]
    drawn = tag(
        "svg",
        tag("title", _in_words(found, shown)),
        join_markup(slots),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        class_="strip",
        role="img",
    )
    return Markup(drawn)  # noqa: S704  # tag escapes


def _worst(spans: Sequence[Span], end: datetime, shown: Range) -> list[str]:
    """By slot, the earliest first; spans may be thousands, so that each is looked at once."""
    begin, each = end - shown.length, shown.length / shown.slots
    ranks = [-1] * shown.slots
    for span in spans:
        first, last = (
            min(shown.slots - 1, max(0, int((at - begin) / each)))
            for at in (span.began, span.last)
        )
        state = span.state.lower()
        rank = STATES.index(state) if state in STATES else 0
        for place in range(first, last + 1):
            ranks[place] = max(ranks[place], rank)
    return ["none" if rank < 0 else STATES[rank] for rank in ranks]


def _in_words(found: Sequence[str], shown: Range) -> str:
    """For who does not see it: how many of each."""
    numbers = {state: found.count(state) for state in dict.fromkeys(found)}
    told = ", ".join(
        f"{number} {'without a round' if state == 'none' else state}"
        for state, number in numbers.items()
    )
    return f"the last {shown.slots} {shown.words}: {told}"


def fill_curve(samples: Sequence[Sample]) -> Markup:
    """Size and used bytes over time, from none to the most; nothing for fewer than two moments."""
    if len(samples) < 2:
        return Markup("")
    begin, end = samples[0].at, samples[-1].at
    span = max((end - begin).total_seconds(), 1.0)
    top = max(max(one.size, one.used) for one in samples) or 1

    def points(values: Sequence[int]) -> str:
        pairs = zip(samples, values, strict=True)
        return " ".join(
            f"{(one.at - begin).total_seconds() / span * _WIDE:.1f},"
            f"{_TALL - value / top * (_TALL - 10):.1f}"
            for one, value in pairs
        )

    line = points([one.used for one in samples])
    base = _TALL + _BELOW - 4
    drawn = tag(
        "svg",
        tag("title", "size and used bytes over time"),
        tag("polygon", points=f"0,{_TALL} {line} {_WIDE},{_TALL}", class_="filled"),
        tag("polyline", points=points([one.size for one in samples]), class_="size"),
        tag("polyline", points=line, class_="used"),
        tag("text", f"{begin:%Y-%m-%d}", x=0, y=base),
        tag("text", f"{end:%Y-%m-%d}", x=_WIDE, y=base, class_="end"),
        tag("text", round_size(top), x=4, y=24),
        viewBox=f"0 0 {_WIDE} {_TALL + _BELOW}",
        class_="curve",
        role="img",
    )
    return Markup(drawn)  # noqa: S704  # tag escapes
