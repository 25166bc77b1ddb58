"""Small pictures of times: what rounds found in a day, how a volume fills. SVG, with words beside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup

from reconciler.model.watched import Sample
from reconciler.reports.html.markup import join_markup, tag
from reconciler.storage.rounds import Span

SLOTS = 48
_WIDTH, _HEIGHT = 5, 18


def heat_strip(spans: Sequence[Span], begin: datetime, end: datetime) -> Markup:
    """A slot each half hour of a day: the colour of what its last round found, none of no round."""
    each = (end - begin) / SLOTS
    found = [
        _state(spans, begin + place * each, begin + (place + 1) * each)
        for place in range(SLOTS)
    ]
    slots = [
        tag(
            "rect",
            x=place * _WIDTH,
            y=0,
            width=_WIDTH - 1,
            height=_HEIGHT,
            class_=f"slot {state}",
        )
        for place, state in enumerate(found)
    ]
    drawn = tag(
        "svg",
        tag("title", _in_words(found)),
        join_markup(slots),
        viewBox=f"0 0 {SLOTS * _WIDTH} {_HEIGHT}",
        class_="strip",
        role="img",
    )
    return Markup(drawn)  # noqa: S704  # tag escapes


def _state(spans: Sequence[Span], begin: datetime, end: datetime) -> str:
    inside = [span for span in spans if span.began <= end and span.last > begin]
    return inside[-1].state.lower() if inside else "none"


def _in_words(found: Sequence[str]) -> str:
    """For who does not see it: how many half hours of each."""
    numbers = {state: found.count(state) for state in dict.fromkeys(found)}
    told = ", ".join(
        f"{number} {'without a round' if state == 'none' else state}"
        for state, number in numbers.items()
    )
    return f"the last {SLOTS} half hours: {told}"


def fill_curve(samples: Sequence[Sample]) -> Markup:
    """Size and used bytes over time; nothing for fewer than two moments."""
    if len(samples) < 2:
        return Markup("")
    begin, end = samples[0].at, samples[-1].at
    span = max((end - begin).total_seconds(), 1.0)
    top = max(max(one.size, one.used) for one in samples) or 1

    def points(values: Sequence[int]) -> str:
        pairs = zip(samples, values, strict=True)
        return " ".join(
            f"{(one.at - begin).total_seconds() / span * 600:.1f},{150 - value / top * 140:.1f}"
            for one, value in pairs
        )

    drawn = tag(
        "svg",
        tag("title", "size and used bytes over time"),
        tag("polyline", points=points([one.size for one in samples]), class_="size"),
        tag("polyline", points=points([one.used for one in samples]), class_="used"),
        viewBox="0 0 600 150",
        class_="curve",
        role="img",
    )
    return Markup(drawn)  # noqa: S704  # tag escapes
