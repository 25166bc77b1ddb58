"""The timeline of a plan as SVG: a lane a host, barriers across, outages shaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.plan import Action
from reconciler.planning.review.outages import said_risk
from reconciler.reports.grouping import steps
from reconciler.reports.html.markup import Markup, join_markup, tag
from reconciler.reports.shortening import clip_names
from reconciler.reports.timeline import Bar, Window, timeline, windows

HEAD, LANE = 30, 34  # the same in style.css, where the names of the hosts stand beside
NARROW, BROAD, PACE = 520, 6000, 7.5  # pixels, and pixels a second where there is room
TICKS = (5, 10, 30, 60, 120, 300, 600, 1800, 3600)
APART = 60  # pixels between two marks of time, at least
DIGIT = 7  # pixels that a digit takes
LABEL = 58  # pixels that a time takes
READABLE = 13  # pixels that a number of two digits takes


def lanes(actions: Sequence[Action], order: Sequence[str], anchor: str) -> Markup:
    """Names at the left and the lanes beside them, which scroll where they are too wide.

    Hosts stand as in ``order``, others after them.
    """
    bars = timeline(actions)
    at_work = dict.fromkeys(bar.action.host for bar in bars if bar.action.host)
    hosts = (
        *(host for host in order if host in at_work),
        *(host for host in at_work if host not in order),
    )
    shown = clip_names(hosts, 18)
    names = [tag("div", shown[host], title=host) for host in hosts]
    return tag(
        "div",
        tag("div", join_markup(names), class_="hosts"),
        tag("div", _drawing(bars, hosts, _Links(actions, anchor)), class_="scroll", tabindex=0),
        class_="lanes",
    )


class _Links:
    """Where in the table of actions each stands."""

    def __init__(self, actions: Sequence[Action], anchor: str) -> None:
        self.numbers: Mapping[str, int] = {
            a.id: step.number for step in steps(actions) for a in step.actions
        }
        self.anchor = anchor

    def around(self, actions: Sequence[Action], *children: str) -> Markup:
        """The children as a link to the first action's line, with the words of all."""
        words = [f"{self.numbers[a.id]} {a.host or 'all'}: {a.summary}" for a in actions]
        place = f"#{self.anchor}-{self.numbers[actions[0].id]}"
        return tag("a", tag("title", "\n".join(words)), *children, href=place)


def _drawing(bars: Sequence[Bar], hosts: Sequence[str], links: _Links) -> Markup:
    total = max((bar.end for bar in bars), default=1.0)
    scale = min(max(total * PACE, NARROW), BROAD) / total
    wide, tall = round(total * scale) + 2, HEAD + LANE * len(hosts)
    rows = {host: HEAD + LANE * place for place, host in enumerate(hosts)}
    parts = [
        *(tag("line", x1=0, y1=y, x2=wide, y2=y, class_="edge") for y in rows.values()),
        *_ticks(total, scale, tall),
        *(_window(window, rows[window.host], scale) for window in windows(bars)),
        *(_barrier(group, scale, tall, links) for group in _barriers(bars)),
        *(_bar(bar, rows[bar.action.host], scale, links) for bar in bars if bar.action.host),
    ]
    return tag("svg", *parts, class_="timeline", width=wide, height=tall)


def _ticks(total: float, scale: float, tall: int) -> Iterator[Markup]:
    step = next((tick for tick in TICKS if tick * scale >= APART), TICKS[-1])
    for number in range(int(total // step) + 1):
        x = round(number * step * scale, 1)
        yield tag("line", x1=x, y1=12, x2=x, y2=tall, class_="tick")
        if x + LABEL <= total * scale:
            yield tag("text", _clock(number * step), x=x + 3, y=11, class_="small")


def _clock(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}:{rest:02} min" if minutes else f"{rest} s"


def _window(window: Window, y: int, scale: float) -> Markup:
    words = "something is taken away" if window.ended else "taken away, and not given back"
    x, wide = window.start * scale, (window.end - window.start) * scale
    return tag(
        "g",
        tag("title", f"outage on {window.host}: {words}"),
        tag(
            "rect",
            x=round(x, 1),
            y=y + 1,
            width=round(wide, 1),
            height=LANE - 2,
            class_="window" if window.ended else "window open",
        ),
    )


def _barriers(bars: Sequence[Bar]) -> list[list[Bar]]:
    """Those that are waited for at the same time together."""
    groups: dict[float, list[Bar]] = {}
    for bar in (bar for bar in bars if not bar.action.host):
        groups.setdefault(bar.start, []).append(bar)
    return list(groups.values())


def _barrier(group: Sequence[Bar], scale: float, tall: int, links: _Links) -> Markup:
    first = group[0]
    x, wide = first.start * scale, max((first.end - first.start) * scale, 4)
    numbers = [str(links.numbers[bar.action.id]) for bar in group]
    words = ",".join(numbers)
    return links.around(
        [bar.action for bar in group],
        tag(
            "rect",
            x=round(x, 1),
            y=16,
            width=round(wide, 1),
            height=tall - 16,
            class_="barrier",
        ),
        *_number(words if len(words) * DIGIT <= wide else numbers[0], x, wide, 27),
    )


def _bar(bar: Bar, y: int, scale: float, links: _Links) -> Markup:
    x, wide = bar.start * scale, max((bar.end - bar.start) * scale - 1, 2)
    return links.around(
        [bar.action],
        tag(
            "rect",
            x=round(x, 1),
            y=y + 6,
            width=round(wide, 1),
            height=LANE - 12,
            rx=3,
            class_=f"bar {said_risk(bar.action)}",
        ),
        *_number(str(links.numbers[bar.action.id]), x, wide, y + LANE // 2 + 4),
    )


def _number(number: str, x: float, wide: float, y: float) -> Iterator[Markup]:
    if wide >= READABLE:
        yield tag("text", number, x=round(x + wide / 2, 1), y=y, class_="count middle")
