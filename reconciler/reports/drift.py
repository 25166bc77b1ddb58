"""Drift as text, JSON, Markdown and JUnit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import accumulate

from reconciler.diffing import differences
from reconciler.frozen import frozen
from reconciler.model.addresses import without_host
from reconciler.planning.review.drift import Drift, Item
from reconciler.planning.review.severity import consequence
from reconciler.reports import junit
from reconciler.reports.comparing import in_sizes, told_difference
from reconciler.reports.grouping import fold_names, group_alike, hide_host, refusals, show_hosts
from reconciler.reports.markdown import LIMIT, Section, code, fence, prose, table

Line = tuple[str, str]
KINDS = {
    "changed-outside": "changed outside: not as it was last applied",
    "not-applied": "not applied yet: the file says otherwise",
}
WHY_FINDINGS = "No drift by themselves, for nothing differs from the file now:"
FEW = 3  # hosts of which each tells something else of the same difference
LEFT_OUT = "The rest is left out, as a comment may not be longer: `reconcile drift` shows it."


def drift_document(found: Sequence[Drift], version: str) -> Mapping[str, object]:
    """The machine-readable shape (manual documents, 5)."""
    items = [(drift, item) for drift in found for item in drift.items]
    return {
        "format_version": version,
        "drifted": bool(items),
        "items": [_item(drift.name, item) for drift, item in items],
        "unread": [{"cluster": d.name, **asdict(b)} for d in found for b in d.unread],
        "findings": [{"cluster": d.name, **asdict(f)} for d in found for f in d.findings],
        "notes": [{"cluster": d.name, "note": note} for d in found for note in d.notes],
    }


def _item(cluster: str, item: Item) -> Mapping[str, object]:
    fields = asdict(item)
    fields["class"] = fields.pop("kind")
    fields |= asdict(consequence(item))
    inside = differences(item.expected, item.actual)
    return {"cluster": cluster, **fields, "differences": list(inside)}


def drift_lines(found: Sequence[Drift]) -> Iterator[Line]:
    """For a terminal."""
    for drift in found:
        yield "title", f"Drift of cluster {drift.name}"
        for kind, words in KINDS.items():
            found_ones = [group for group in _groups(drift.items) if group.item.kind == kind]
            yield from [("warn", f"  {words}")] if found_ones else []
            for group in found_ones:
                yield from (("", line) for line in _lines(group))
        yield from _rest(drift)
        yield "", ""
    yield summary(found)


def summary(found: Sequence[Drift]) -> Line:
    """The last line: how much, and the exit code."""
    kinds = [item.kind for drift in found for item in drift.items]
    if kinds:
        counts = [f"{kinds.count(k)} {k.replace('-', ' ')}" for k in KINDS if k in kinds]
        return "bad", f"Drift: {', '.join(counts)} (exit 2)."
    if any(drift.unread for drift in found):
        return "bad", "No difference where it could be read; not everything was (exit 3)."
    return "good", "No drift."


@frozen
class _Group:
    """The same difference on some hosts; ``item`` stands for all, ``told`` is what it is."""

    hosts: tuple[str, ...]
    item: Item
    told: tuple[str, ...]

    @property
    def where(self) -> str:
        return fold_names(self.hosts) or "all"

    @property
    def what(self) -> str:
        return without_host(self.item.address, self.item.host)


def _groups(items: Sequence[Item]) -> list[_Group]:
    """Differences, once for all hosts of which the same is told."""
    return [_group(found) for found in group_alike(items, _words, _words_of_any)]


def _words(item: Item) -> tuple[str, ...]:
    what = without_host(item.address, item.host)
    return (what, item.truth, item.kind, item.code, *_told(item))


def _words_of_any(item: Item) -> tuple[str, ...]:
    return tuple(hide_host(word, item.host) for word in _words(item))


def _group(found: Sequence[Item]) -> _Group:
    first, hosts = found[0], tuple(dict.fromkeys(item.host for item in found if item.host))
    told = tuple(_told(first))
    if any(tuple(_told(item)) != told for item in found):
        told = tuple(show_hosts(hide_host(line, first.host), hosts) for line in told)
    return _Group(hosts, first, (*told, *_origins(found)))


def _origins(found: Sequence[Item]) -> Iterator[str]:
    """What the hosts tell of where it comes from: once if it is the same, else of a few."""
    origins = {item.host: item.origin for item in found if item.origin}
    if len(set(origins.values())) == 1:
        yield next(iter(origins.values()))
        return
    yield from (f"{host}: {origin}" for host, origin in list(origins.items())[:FEW])
    if len(origins) > FEW:
        yield f"and {len(origins) - FEW} more hosts, as --format json has it"


def _lines(group: _Group) -> Iterator[str]:
    code = f"  {group.item.code}" if group.item.code else ""
    severity = consequence(group.item).severity
    yield f"    {group.where}  {group.what}  ({group.item.truth})  {severity}{code}"
    yield from (f"      {line}" for line in group.told)


def _told(item: Item) -> Iterator[str]:
    """What is there, what should be, and why that matters."""
    leads_to = f"leads to: {consequence(item).leads_to}"
    if item.code:
        yield from (str(item.actual), leads_to, f"remedy: {item.because}")
        return
    yield from (item.because, leads_to)
    yield from told_difference(*in_sizes(item.address, item.expected, item.actual))


def _rest(drift: Drift) -> Iterator[Line]:
    for item in refusals(drift.unread):
        yield "bad", f"  NOT COMPARED {item.code}  {item.subject}: {item.message}"
        yield "", f"    remedy: {item.remedy}"
    left = refusals([finding for finding in drift.findings if not finding.mended_by])
    yield from [("dim", f"  {WHY_FINDINGS}")] if left else []
    for finding in left:
        yield "warn", f"  {finding.severity.upper()} {finding.code}  {finding.subject}"
        yield "", f"    {finding.message}"
        yield "", f"    remedy: {finding.remedy}"
    yield from (("dim", f"  note: {note}") for note in drift.notes)


def drift_markdown(found: Sequence[Drift]) -> str:
    """For a comment or a mail: the summary first, the details folded, bounded in size."""
    kept = [f"<!-- reconcile-drift -->\n**{summary(found)[1]}**\n\n"]
    room, left = LIMIT - len(kept[0]), 0
    for drift in found:
        for part in _parts(drift):
            if is_kept := len(part) <= room:
                kept.append(part)
                room -= len(part)
            left += not is_kept
        differences = [_difference(group) for group in _groups(drift.items)]
        ends = accumulate(len(text) + len(BETWEEN) for text in differences)
        fits = sum(end <= room - FRAME for end in ends)
        if fits:
            kept.append(f"{Section(0, 'What differs', BETWEEN.join(differences[:fits]))}\n")
            room -= len(kept[-1])
        left += len(differences) - fits
    return "".join([*kept, f"\n{LEFT_OUT}\n" if left else ""])


# Between two differences, and what may stand around all of them.
BETWEEN, FRAME = "\n\n", 100


def _difference(group: _Group) -> str:
    where = f"{code(group.what)} on {prose(group.where)} ({group.item.truth})"
    return f"{where}\n\n{fence('diff', group.told)}"


def _parts(drift: Drift) -> Iterator[str]:
    if drift.items:
        rows = (
            (
                *(prose(group.where), code(group.what), group.item.truth, group.item.kind),
                consequence(group.item).severity,
            )
            for group in _groups(drift.items)
        )
        listed = table(("hosts", "what", "truth", "class", "severity"), rows)
        yield f"Cluster {code(drift.name)}\n\n{listed}\n"
    rest = [f"- {prose(text)}\n" for _style, text in _rest(drift)]
    yield from [*rest, "\n"] if rest else []


def drift_junit(found: Sequence[Drift]) -> str:
    """A suite a cluster, a failed case a difference; what was not compared is skipped."""
    return junit.render(drift_suites(found))


def drift_suites(found: Sequence[Drift]) -> list[junit.Suite]:
    """The suites alone, to be put beside those of other files."""
    suites = []
    for drift in found:
        cases = [
            junit.Case(
                f"{item.host or 'all'} {item.address} ({item.truth})",
                "\n".join(
                    (
                        f"{item.kind}, {consequence(item).severity}",
                        *_told(item),
                        *_origins([item]),
                    )
                ),
                item.kind,
            )
            for item in drift.items
        ]
        cases += [junit.Case(b.subject, skipped=f"{b.code}: {b.message}") for b in drift.unread]
        whole = cases or [junit.Case("as the file says")]
        suites.append(junit.Suite(f"drift of {drift.name}", tuple(whole)))
    return suites
