"""What the pictures cannot say: refusals, outages, changes, actions, texts, facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from reconciler.model.outcome import Finding
from reconciler.model.plan import ClusterPlan
from reconciler.model.views import View
from reconciler.planning.review.outages import said_risk
from reconciler.reports.doings import Doing, doings
from reconciler.reports.grouping import (
    Loss,
    Step,
    differences,
    fold_names,
    losses,
    refusals,
    rows,
    shared_pairs,
    steps,
)
from reconciler.reports.html.markup import Markup, join_markup, tag

SIGNS = {"added": ("+", "add"), "removed": ("\u2212", "bad"), "changed": ("~", "change")}
KINDS = {"+": "add", "-": "bad", "@": "dim"}
# Of the processes that use what is taken away so many are told; the rest are in the JSON.
PROCESSES = 20


def refusal_cards(cluster: ClusterPlan) -> Markup:
    """A card a refusal: code, place, reason, remedy."""
    cards = [
        tag(
            "div",
            tag("p", tag("strong", f"blocked: {item.code}"), " ", tag("code", item.subject)),
            tag("p", item.message),
            tag("p", tag("span", "remedy ", class_="dim"), item.remedy),
            class_="card bad",
        )
        for item in refusals(cluster.blocked)
    ]
    return join_markup(cards)


def outages(cluster: ClusterPlan) -> Markup:
    """A card an outage: hosts, length, reason, what is lost."""
    return join_markup(_outage(loss) for loss in losses(cluster))


def _outage(loss: Loss) -> Markup:
    outage = loss.outage
    lost = [("volumes", outage.volumes), ("services", loss.services)]
    lost += [(f"guests on {host}", names) for host, names in loss.guests.items()]
    more = len(outage.processes) - PROCESSES
    lost.append(("used by", outage.processes[:PROCESSES]))
    lost.append(
        ("", (f"and {more} more process{'' if more == 1 else 'es'}",) if more > 0 else ())
    )
    return tag(
        "div",
        tag(
            "p",
            tag("strong", f"outage, {loss.length}"),
            f" on {', '.join(outage.hosts)}: {outage.because}",
        ),
        tag("dl", *_pairs((what, ", ".join(names)) for what, names in lost if names)),
        class_="card warn",
    )


def _pairs(items: Iterable[tuple[str, str]]) -> Iterator[Markup]:
    for name, words in items:
        yield tag("dt", name)
        yield tag("dd", words)


def findings(cluster: ClusterPlan) -> Markup:
    """A card a warning or notice that the plan does not mend; then the notes."""
    cards = [_finding(f) for f in refusals([f for f in cluster.findings if not f.mended_by])]
    notes = tag("ul", *(tag("li", note) for note in cluster.notes))
    return join_markup([*cards, notes if cluster.notes else ""])


def _finding(item: Finding) -> Markup:
    return tag(
        "div",
        tag(
            "p", tag("strong", f"{item.severity}: {item.code}"), " ", tag("code", item.subject)
        ),
        tag("p", item.message),
        tag("p", tag("span", "remedy ", class_="dim"), item.remedy),
        class_="card warn" if item.severity == "warning" else "card",
    )


def changes(cluster: ClusterPlan) -> Markup:
    """A line a change, once for all hosts that have the same."""
    lines = [
        tag(
            "tr",
            tag("td", SIGNS[row.how][0], class_=f"sign {SIGNS[row.how][1]}"),
            tag("td", _names(row.hosts)),
            tag("td", tag("code", row.what)),
            tag("td", row.truth),
            tag("td", row.because),
        )
        for row in rows(cluster.changes)
    ]
    return _table(("", "hosts", "what", "truth", "because"), lines)


def actions(cluster: ClusterPlan, anchor: str) -> Markup:
    """A line a step; what runs and what proves it unfolds."""
    lines = [_step(step, anchor) for step in steps(cluster.actions)]
    return _table(("", "hosts", "action", "risk"), lines)


def _step(step: Step, anchor: str) -> Markup:
    action = step.first
    is_barrier = action.command is None and not action.host
    risk = tag("span", said_risk(action), class_=f"risk {said_risk(action)}")
    final = tag("span", "cannot be undone", class_="final") if action.irreversible else ""
    return tag(
        "tr",
        tag("td", str(step.number), class_="number"),
        tag("td", _names(step.hosts) or "all"),
        tag("td", tag("details", tag("summary", action.summary), _done(step))),
        tag("td", risk, " ", final),
        id=f"{anchor}-{step.number}",
        class_="barrier" if is_barrier else "",
    )


def _done(step: Step) -> Markup:
    because = step.first.because
    return join_markup(
        [
            tag("p", tag("span", "because ", class_="dim"), because) if because else "",
            *map(_doing, doings(step)),
        ]
    )


def _doing(doing: Doing) -> Markup:
    command = f"{fold_names(doing.hosts)}$ {doing.command}"
    return join_markup(
        [
            tag("pre", command) if doing.command else "",
            *(tag("p", tag("span", "proves ", class_="dim"), p) for p in doing.proofs),
        ]
    )


def _names(hosts: Sequence[str]) -> str:
    """As many as there are, with room for a line to end between them."""
    return fold_names(hosts).replace(",", ", ")


def texts(cluster: ClusterPlan) -> Markup:
    """What would be written, as differences."""
    return join_markup(
        tag(
            "details",
            tag("summary", tag("code", item.what), f" on {_names(item.hosts)}"),
            tag("pre", join_markup(_blocks(item.lines)), class_="diff"),
        )
        for item in differences(cluster.changes)
        if item.lines
    )


def _blocks(lines: Sequence[str]) -> Iterator[Markup]:
    """Lines of one sort that follow each other together."""
    for kind, block in groupby(lines, key=lambda line: KINDS.get(line[:1], "")):
        yield tag("span", "".join(f"{line}\n" for line in block), class_=kind)


def facts(view: View) -> Markup:
    """What each host has, or why it could not be asked; what many have alike stands once."""
    return join_markup(
        tag("div", tag("h4", _names(hosts)), tag("dl", *_pairs(pairs)), class_="host")
        for hosts, pairs in shared_pairs(view.facts).items()
    )


def _table(titles: Sequence[str], lines: Sequence[Markup]) -> Markup:
    head = tag("thead", tag("tr", *(tag("th", title) for title in titles)))
    return tag("table", head, tag("tbody", *lines)) if lines else Markup("")
