"""A plan as one HTML file: pictures, tables, facts; no script, nothing from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files

from reconciler import __version__
from reconciler.model.plan import ClusterPlan, Plan
from reconciler.model.quantities import with_count
from reconciler.model.views import View
from reconciler.planning.review.outages import said_risk
from reconciler.reports.documents import interruption
from reconciler.reports.html import tables
from reconciler.reports.html.lanes import lanes
from reconciler.reports.html.markup import Markup, join_markup, tag
from reconciler.reports.html.picture import key, picture

DOCTYPE = Markup("<!DOCTYPE html>\n")
# The lanes of so many actions are as long as anybody follows; beyond it there is the table.
MOST_ACTIONS = 3000


def plan_html(plan: Plan, views: Mapping[str, View]) -> str:
    """The whole page; a policy in it forbids everything but its own style."""
    style = Markup("".join(read_style(name) for name in ("style.css", "picture.css")))
    body = [_head(plan)]
    body += [
        _cluster(item, views[item.name], f"c{place}")
        for place, item in enumerate(plan.clusters)
    ]
    body.append(tag("footer", f"made by reconcile {__version__}; facts {plan.facts_digest}"))
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"plan {plan.id}: {_verdict(plan)}"),
        tag("style", style),
    ]
    parts = [
        tag("head", join_markup(head, "\n")),
        tag("body", tag("main", join_markup(body, "\n"))),
    ]
    return DOCTYPE + tag("html", join_markup(parts, "\n"), lang="en") + "\n"


def read_style(name: str) -> str:
    """A style sheet of this package."""
    return files(__package__).joinpath(name).read_text()


def _policy(style: str) -> str:
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _verdict(plan: Plan) -> str:
    if plan.blocked:
        return "blocked"
    return f"risk {plan.risk}" if plan.actions else "no change"


def _head(plan: Plan) -> Markup:
    final = (
        tag("span", "cannot be undone", class_="final")
        if plan.irreversible and not plan.blocked
        else ""
    )
    kind = "bad" if plan.blocked else plan.risk
    return tag(
        "header",
        tag("h1", "Plan ", tag("code", plan.id)),
        tag("p", tag("span", _verdict(plan), class_=f"risk {kind}"), " ", final),
        tag("p", _counts(plan)),
        tag("nav", *(tag("a", c.name, href=f"#c{n}") for n, c in enumerate(plan.clusters)))
        if len(plan.clusters) > 1
        else "",
    )


def _counts(plan: Plan) -> str:
    changes = with_count(sum(len(cluster.changes) for cluster in plan.clusters), "change")
    if plan.blocked:
        return f"{changes}, {with_count(len(plan.blocked), 'refusal')}: nothing runs where it is blocked."
    if not plan.actions:
        return "The hosts are as the file says."
    seconds = round(sum(action.seconds for action in plan.actions))
    work = f"{changes}, {with_count(len(plan.actions), 'action')}, about {seconds} s of work"
    return f"{work}; {interruption(plan)}."


def _cluster(plan: ClusterPlan, view: View, anchor: str) -> Markup:
    reached = f"observed {view.answered} of {len(view.hosts)} hosts"
    parts = [
        tag("h2", f"Cluster {plan.name} ", tag("small", reached)),
        tables.refusal_cards(plan),
        tables.outages(plan),
        tag("div", picture(view.topology, plan.name), class_="scroll picture"),
        key(view.topology),
        *_parts(plan, view.hosts, anchor),
        tag("h3", "What the hosts have"),
        tag("div", tables.facts(view), class_="facts"),
    ]
    return tag("section", join_markup(parts, "\n"), id=anchor)


def _parts(plan: ClusterPlan, order: Sequence[str], anchor: str) -> Iterator[str]:
    """A heading and its part, as far as there is something to say."""
    later = ": this would follow once nothing is blocked" if plan.blocked else ""
    if 0 < len(plan.actions) <= MOST_ACTIONS:
        yield tag("h3", f"When, by estimates{later}")
        yield lanes(plan.actions, order, anchor)
        yield _legend(plan)
    for title, part in (
        ("What differs", tables.changes(plan)),
        (f"What is done{later}", tables.actions(plan, anchor)),
        ("What would be written", tables.texts(plan)),
        ("Warnings and notes", tables.findings(plan)),
    ):
        if part:
            yield tag("h3", title)
            yield part


def _legend(plan: ClusterPlan) -> Markup:
    items = [
        ("safe", "safe"),
        ("outage", "takes something away"),
        ("eviction", "part of an eviction, takes nothing away there"),
        ("data", "formats a device"),
        ("barrier", "barrier: all are looked at"),
        ("window", "without a volume, service or guest"),
    ]
    used = {said_risk(action) for action in plan.actions} | (
        {"barrier"} if any(not a.host for a in plan.actions) else set()
    )
    used |= {"window"} if plan.outages else set()
    return tag(
        "ul",
        *(
            tag("li", tag("span", "", class_=f"patch {kind}"), words)
            for kind, words in items
            if kind in used
        ),
        class_="keys",
    )
