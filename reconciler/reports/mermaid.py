"""The ordered actions of a cluster as a Mermaid graph, host by host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.plan import Action
from reconciler.planning.review.outages import said_risk
from reconciler.reports.grouping import steps
from reconciler.reports.shortening import clip_text
from reconciler.reports.timeline import Stage, stages, timeline
from reconciler.reports.visible import visible

# More boxes, lines or words make a picture that nobody reads, and that code hosts refuse.
MOST_STAGES = 80
MOST_LINES = 200
MOST_ACTIONS = 8
LONGEST = 60
_PLAIN = frozenset(" ._/,:()=+-\u2026")
_RISKS: Mapping[str, str] = {"outage": "outage", "data": "data"}
_CLASSES = (
    "  classDef outage stroke:#d97706,stroke-width:2px",
    "  classDef data stroke:#dc2626,stroke-width:2px",
)


def graph(actions: Sequence[Action]) -> str:
    """A flowchart with a subgraph a host, barriers between; empty if it would be too large.

    The numbers are those of the steps in the plan's other forms.
    """
    found = stages(timeline(actions)) if actions else ()
    lines = sum(len(stage.needs) for stage in found)
    if not found or len(found) > MOST_STAGES or lines > MOST_LINES:
        return ""
    numbers = {a.id: step.number for step in steps(actions) for a in step.actions}
    return "\n".join(["flowchart TD", *_boxes(found, numbers), *_lines(found), *_CLASSES])


def _boxes(found: Sequence[Stage], numbers: Mapping[str, int]) -> Iterator[str]:
    for place, host in enumerate(dict.fromkeys(stage.host for stage in found)):
        mine = [(at, stage) for at, stage in enumerate(found) if stage.host == host]
        if not host:
            for at, stage in mine:
                yield f'  s{at}{{{{"{_words(stage, numbers)}"}}}}'
            continue
        yield f'  subgraph h{place}["{label(host)}"]'
        yield "    direction TB"
        for at, stage in mine:
            yield f'    s{at}["{_words(stage, numbers)}"]{_class(stage)}'
        yield "  end"


def _class(stage: Stage) -> str:
    risks = {said_risk(action) for action in stage.actions}
    return next((f":::{_RISKS[risk]}" for risk in ("data", "outage") if risk in risks), "")


def _words(stage: Stage, numbers: Mapping[str, int]) -> str:
    shown = [f"{numbers[a.id]} {label(a.summary)}" for a in stage.actions[:MOST_ACTIONS]]
    if more := len(stage.actions) - len(shown):
        shown.append(f"and {more} more")
    return "<br/>".join(shown)


def _lines(found: Sequence[Stage]) -> Iterator[str]:
    for at, stage in enumerate(found):
        yield from (f"  s{need} --> s{at}" for need in stage.needs)


def label(text: str) -> str:
    """``text`` as a Mermaid label that holds nothing but words: the rest by number."""
    words = visible(text.replace("\n", " "))
    return "".join(
        c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in clip_text(words, LONGEST)
    )
