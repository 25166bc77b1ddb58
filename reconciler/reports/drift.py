"""Drift as text, JSON, Markdown and JUnit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import accumulate

from reconciler.diffing import differences
from reconciler.model.addresses import without_host
from reconciler.planning.review.drift import Drift, Item
from reconciler.reports import junit
from reconciler.reports.markdown import LIMIT, code, fence, prose, table

Line = tuple[str, str]
KINDS = {
    "changed-outside": "changed outside: not as it was last applied",
    "not-applied": "not applied yet: the file says otherwise",
}
WHY_FINDINGS = "No drift by themselves, for nothing differs from the file now:"
# Longer values are shown by what differs inside them, or cut.
LONGEST = 100
MOST_LINES = 40
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
    inside = differences(item.expected, item.actual)
    return {"cluster": cluster, **fields, "differences": list(inside)}


def drift_lines(found: Sequence[Drift]) -> Iterator[Line]:
    """For a terminal."""
    for drift in found:
        yield "title", f"Drift of cluster {drift.name}"
        for kind, words in KINDS.items():
            items = [item for item in drift.items if item.kind == kind]
            yield from [("warn", f"  {words}")] if items else []
            for item in items:
                yield from _item_lines(item)
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


def _item_lines(item: Item) -> Iterator[Line]:
    code = f"  {item.code}" if item.code else ""
    yield (
        "",
        f"    {item.host or 'all'}  {without_host(item.address, item.host)}  ({item.truth}){code}",
    )
    yield from (("", f"      {line}") for line in _told(item))


def _told(item: Item) -> Iterator[str]:
    """What is there, what should be, and why that matters."""
    if item.code:
        yield str(item.actual)
        yield f"remedy: {item.because}"
        return
    yield item.because
    inside = differences(item.expected, item.actual)
    if inside:
        yield from inside[:MOST_LINES]
        left = len(inside) - MOST_LINES
        yield from [f"and {left} lines more"] if left > 0 else []
        return
    yield f"expected  {_short(item.expected)}"
    yield f"actual    {_short(item.actual)}"


def _short(value: object) -> str:
    if value is None:
        return "nothing"
    text = str(value)
    lines = text.splitlines()
    if len(lines) > 1:
        return f"{len(lines)} lines, {lines[0][:LONGEST]} and so on"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _rest(drift: Drift) -> Iterator[Line]:
    for item in drift.unread:
        yield "bad", f"  NOT COMPARED {item.code}  {item.subject}: {item.message}"
        yield "", f"    remedy: {item.remedy}"
    left = [finding for finding in drift.findings if not finding.mended_by]
    yield from [("dim", f"  {WHY_FINDINGS}")] if left else []
    for finding in left:
        yield "warn", f"  {finding.severity.upper()} {finding.code}  {finding.subject}"
        yield "", f"    {finding.message}"
        yield "", f"    remedy: {finding.remedy}"
    yield from (("dim", f"  note: {note}") for note in drift.notes)


def drift_markdown(found: Sequence[Drift]) -> str:
    """For a comment or a mail: the summary first, the details folded, bounded in size."""
    head = f"<!-- reconcile-drift -->\n**{summary(found)[1]}**\n\n"
    parts = [part for drift in found for part in _parts(drift)]
    sizes = accumulate((len(part) for part in parts), initial=len(head))
    fits = sum(size <= LIMIT for size in sizes) - 1
    left = f"\n{LEFT_OUT}\n" if fits < len(parts) else ""
    return "".join([head, *parts[:fits], left])


def _parts(drift: Drift) -> Iterator[str]:
    if drift.items:
        rows = (
            (
                prose(item.host or "all"),
                code(without_host(item.address, item.host)),
                item.truth,
                item.kind,
            )
            for item in drift.items
        )
        listed = table(("host", "what", "truth", "class"), rows)
        yield f"Cluster {code(drift.name)}\n\n{listed}\n"
        told = [text for item in drift.items for _style, text in _item_lines(item)]
        folded = fence("text", told)
        yield f"<details><summary>What differs</summary>\n\n{folded}\n\n</details>\n\n"
    yield from (f"- {prose(text)}\n" for _style, text in _rest(drift))


def drift_junit(found: Sequence[Drift]) -> str:
    """A suite a cluster, a failed case a difference; what was not compared is skipped."""
    suites = []
    for drift in found:
        cases = [
            junit.Case(
                f"{item.host or 'all'} {item.address} ({item.truth})",
                "\n".join((f"{item.kind}: {item.because}", *_told(item))),
                item.kind,
            )
            for item in drift.items
        ]
        cases += [junit.Case(b.subject, skipped=f"{b.code}: {b.message}") for b in drift.unread]
        whole = cases or [junit.Case("as the file says")]
        suites.append(junit.Suite(f"drift of {drift.name}", tuple(whole)))
    return junit.render(suites)
