"""A plan as a comment on a pull request: summary first, details folded, bounded in size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from reconciler.frozen import frozen
from reconciler.model.outcome import Finding
from reconciler.model.plan import ClusterPlan, Plan
from reconciler.model.quantities import with_count
from reconciler.planning.review.approval import formats, runnable
from reconciler.planning.review.outages import said_risk
from reconciler.reports import mermaid
from reconciler.reports.documents import interruption
from reconciler.reports.doings import doings
from reconciler.reports.grouping import (
    differences,
    fold_names,
    losses,
    refusals,
    rows,
    steps,
)
from reconciler.reports.shortening import clip_text
from reconciler.reports.visible import visible

# By which a comment is found again, to be updated in place.
MARKER = "<!-- reconcile-plan -->"
# GitHub's limit is 65,536; what is left is for a title or a link of whoever posts it.
LIMIT = 60_000
# What is always shown may take so much: a table ends there, and a cell at so many characters.
TABLE = 8_000
CELL = 600
NOTE = 2_000
STRONG = frozenset({"outage", "data"})
_SPECIAL = re.compile(r"([\\`*_\[\]|~$^])")
# What at the start of a line would make a heading or a list of it.
_START = re.compile(r"^(\d*)([#+=.)-])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# What code hosts make references of: @user, #1, !2, %3, &4, ~label.
_REFERENCE = re.compile(r"([@#!%&~])(?=\w)")
_LINK = re.compile(r"(://|www\.)", re.IGNORECASE)
_UNSAFE_IN_CODE = re.compile(r"[`|\\\n]")
_FENCE = re.compile("`+")


@frozen
class Section:
    """A folded part of the comment; of lower ``rank`` is what is kept rather than others."""

    rank: int
    title: str
    text: str

    def __str__(self) -> str:
        return (
            f"<details>\n<summary>{_html(self.title)}</summary>\n\n"
            f"{self.text.rstrip()}\n\n</details>\n"
        )


def plan_markdown(plan: Plan) -> str:
    """The comment, always shorter than ``LIMIT`` characters; whole sections are left out."""
    head = "\n".join([MARKER, *_head(plan)])
    several = len(plan.clusters) > 1
    sections = [
        replace(section, title=f"{cluster.name}: {section.title}") if several else section
        for cluster in plan.clusters
        for section in _sections(cluster)
    ]
    room = LIMIT - len(head) - NOTE
    kept: set[int] = set()
    for place in sorted(range(len(sections)), key=lambda n: (sections[n].rank, n)):
        if (size := len(str(sections[place])) + 1) <= room:
            kept.add(place)
            room -= size
    shown = [str(section) for n, section in enumerate(sections) if n in kept]
    missing = [section.title for n, section in enumerate(sections) if n not in kept]
    return "\n".join([head, *shown, *_left_out(missing)])


def _left_out(titles: Sequence[str]) -> Iterator[str]:
    if titles:
        yield (
            f"Left out, as a comment may not be longer: {prose('; '.join(titles))}. "
            "`reconcile plan -v` shows all of it.\n"
        )


def _head(plan: Plan) -> Iterator[str]:
    yield f"## {_verdict(plan)}\n"
    alone = f"Cluster {code(plan.clusters[0].name)}: " if len(plan.clusters) == 1 else ""
    yield f"{alone}{_counts(plan)}\n"
    if len(plan.clusters) > 1:
        yield table(("cluster", "changes", "actions", "refusals"), map(_cluster, plan.clusters))
    if plan.blocked:
        yield "### Blocked\n"
        yield table(("code", "where", "why", "remedy"), _blocked(plan))
        yield "`reconcile explain CODE` says what a refusal means and what to do.\n"
    if any(cluster.outages for cluster in plan.clusters):
        yield "### Outages\n"
        yield table(("hosts", "how long", "what is lost", "because"), _outages(plan))
    if warnings := table(("code", "where", "what", "remedy"), _warnings(plan)):
        yield "### Warnings\n"
        yield warnings
    if runnable(plan):
        yield f"To approve exactly this plan: {_approval(plan)}\n"


def _verdict(plan: Plan) -> str:
    risk = f"Plan {code(plan.id)}: risk **{plan.risk}**"
    if plan.irreversible:
        risk += ", cannot be undone"
    if plan.blocked:
        return f"Plan {code(plan.id)}: **blocked**"
    return risk if plan.actions else f"Plan {code(plan.id)}: no change"


def _counts(plan: Plan) -> str:
    changes = with_count(sum(len(cluster.changes) for cluster in plan.clusters), "change")
    if plan.blocked:
        return f"{changes}, {with_count(len(plan.blocked), 'refusal')}."
    if not plan.actions:
        return f"{changes}; the hosts are as the file says."
    seconds = round(sum(action.seconds for action in plan.actions))
    work = f"{changes}, {with_count(len(plan.actions), 'action')}, about {seconds} s of work"
    return f"{work}; {interruption(plan)}."


def _cluster(cluster: ClusterPlan) -> Sequence[str]:
    sizes = (len(cluster.changes), len(cluster.actions), len(cluster.blocked))
    return (code(cluster.name), *map(str, sizes))


def _blocked(plan: Plan) -> Iterator[Sequence[str]]:
    for item in refusals(plan.blocked):
        yield code(item.code), code(item.subject), prose(item.message), prose(item.remedy)


def _outages(plan: Plan) -> Iterator[Sequence[str]]:
    for loss in (loss for cluster in plan.clusters for loss in losses(cluster)):
        lost = [("volumes", loss.outage.volumes), ("services", loss.services)]
        lost += [(f"guests on {host}", names) for host, names in loss.guests.items()]
        lost.append(("used by", loss.outage.processes))
        words = [f"{prose(what)}: {_list(names)}" for what, names in lost if names]
        hosts = _list(loss.outage.hosts)
        yield hosts, loss.length, _some(words, "<br>", 3 * CELL), prose(loss.outage.because)


def _list(names: Sequence[str]) -> str:
    return _some([code(name) for name in names], ", ", CELL)


def _some(words: Sequence[str], between: str, room: int) -> str:
    """As many of the words as there is room for, and how many are left out."""
    sizes = accumulate(len(word) + len(between) for word in words)
    fits = max(1, sum(size <= room for size in sizes))
    more = [f"and {len(words) - fits} more"] if len(words) > fits else []
    return between.join([*words[:fits], *more])


def _approval(plan: Plan) -> str:
    words = [f"--approve {plan.id}", *(f"--accept-data {a.device}" for a in formats(plan))]
    return _some([code(word) for word in words], " ", 3 * CELL)


def _sections(cluster: ClusterPlan) -> Iterator[Section]:
    changes, actions = len(cluster.changes), len(cluster.actions)
    later = "; they follow once nothing is blocked" if cluster.blocked else ""
    yield from (
        section
        for section in (
            Section(0, f"changes ({changes})", _changes(cluster)),
            Section(1, f"actions ({actions}){later}", _actions(cluster)),
            Section(3, "order of the actions, by host", _graph(cluster)),
            Section(2, "what would be written", _written(cluster)),
            Section(4, "commands, and what proves them", _commands(cluster)),
            Section(1, "notes", _told(cluster)),
        )
        if section.text
    )


def _changes(cluster: ClusterPlan) -> str:
    signs = {"added": "+", "removed": "\u2212", "changed": "~"}
    lines = (
        (signs[r.how], prose(fold_names(r.hosts)), code(r.what), r.truth, prose(r.because))
        for r in rows(cluster.changes)
    )
    return table(("", "hosts", "what", "truth", "because"), lines, LIMIT)


def _actions(cluster: ClusterPlan) -> str:
    lines = (
        (
            str(step.number),
            prose(step.where),
            prose(step.first.summary),
            f"**{risk}**" if (risk := said_risk(step.first)) in STRONG else risk,
            "cannot be undone" if step.first.irreversible else "",
        )
        for step in steps(cluster.actions)
    )
    return table(("", "hosts", "action", "risk", ""), lines, LIMIT)


def _graph(cluster: ClusterPlan) -> str:
    found = mermaid.graph(cluster.actions)
    if not found and cluster.actions:
        return "There are too many for a graph; the table of actions has their order."
    return f"```mermaid\n{found}\n```" if found else ""


def _written(cluster: ClusterPlan) -> str:
    parts = [
        f"{code(item.what)} on {prose(fold_names(item.hosts))}\n\n{fence('diff', item.lines)}"
        for item in differences(cluster.changes)
        if item.lines
    ]
    return "\n\n".join(parts)


def _commands(cluster: ClusterPlan) -> str:
    lines: list[str] = []
    for doing in (doing for step in steps(cluster.actions) for doing in doings(step)):
        if doing.command:
            lines.append(f"{fold_names(doing.hosts)}$ {doing.command}")
        lines += [f"  proves {proof}" for proof in doing.proofs]
    return fence("text", lines) if lines else ""


def _warnings(plan: Plan) -> Iterator[Sequence[str]]:
    found = [item for cluster in plan.clusters for item in cluster.findings]
    for item in refusals([item for item in found if not item.mended_by]):
        if item.severity == "warning":
            yield code(item.code), code(item.subject), prose(item.message), prose(item.remedy)


def _told(cluster: ClusterPlan) -> str:
    notices = [f for f in cluster.findings if f.severity == "notice" and not f.mended_by]
    return "\n".join(
        [*map(_finding, refusals(notices)), *(f"- {prose(note)}" for note in cluster.notes)]
    )


def _finding(item: Finding) -> str:
    what = f"- {code(item.code)} {code(item.subject)}: {prose(item.message)}"
    return f"{what}; remedy: {prose(item.remedy)}"


def table(titles: Sequence[str], lines: Iterable[Sequence[str]], limit: int = TABLE) -> str:
    """A table that ends with a note where it would be longer than ``limit``."""
    found = [_row(titles), _row(["---"] * len(titles))]
    size = sum(map(len, found))
    listed = [_row(line) for line in lines]
    if not listed:
        return ""
    for place, line in enumerate(listed):
        if (size := size + len(line) + 1) > limit:
            found.append(_row([f"and {len(listed) - place} more", *[""] * (len(titles) - 1)]))
            break
        found.append(line)
    return "\n".join(found) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def prose(text: str, room: int = CELL) -> str:
    """``text`` as words and nothing else: no markup, HTML, reference or link."""
    words = " ".join(text.split())
    words = visible(clip_text(words, room))
    marked = _REFERENCE.sub("\\1\u200b", words)
    linked = _LINK.sub(lambda match: f"{match[0][:-1]}\u200b{match[0][-1]}", marked)
    escaped = _SPECIAL.sub(r"\\\1", "".join(_HTML.get(c, c) for c in linked))
    found = _START.sub(r"\1\\\2", escaped)
    return found if len(found) <= 2 * room else prose(text, room // 2)


def code(text: str) -> str:
    """``text`` as code where a table allows it, else as words."""
    if len(text) > CELL or not text.strip() or _UNSAFE_IN_CODE.search(text):
        return prose(text)
    return f"`{visible(text)}`"


def fence(kind: str, lines: Sequence[str]) -> str:
    """Lines as a block that none of them can end."""
    text = visible("\n".join(lines))
    longest = max((len(found) for found in _FENCE.findall(text)), default=0)
    bar = "`" * max(3, longest + 1)
    return f"{bar}{kind}\n{text}\n{bar}"


def _html(text: str) -> str:
    return "".join(_HTML.get(c, c) for c in _REFERENCE.sub("\\1\u200b", visible(text)))
