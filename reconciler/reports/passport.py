"""The passport: on which kernels and tools each operation was proven, as a table and as a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.frozen import frozen
from reconciler.model.desired import Cluster
from reconciler.model.documents import FORMAT_VERSION, Json
from reconciler.model.observed import Observed
from reconciler.model.quantities import with_count
from reconciler.model.refusals import format_unread
from reconciler.passport.operations import OPERATIONS
from reconciler.passport.passport_rows import Row, find_row
from reconciler.passport.platforms import (
    TOOLS,
    Platform,
    Platforms,
    join_platforms,
    order_of,
    platforms_by_host,
    together,
)
from reconciler.reports.grouping import fold_names

Line = tuple[str, str]
PROVEN, SEEN, BOTH, UNKNOWN = "proven", "seen", "both", "-"
# Of a kernel or tools that a host has not told.
UNTOLD = "?"
GAP = 2
# Pairs of kernel and tools that a remedy names.
NAMED = 3


@frozen
class Passport:
    """What is known: the laboratory's rows, those of an operator's own runs, and where these are."""

    lab: tuple[Row, ...]
    field: tuple[Row, ...]
    runs: int
    place: str

    def standing(self, platforms: Platforms, operation: str) -> str:
        """The word of an operation on some platforms."""
        lab = find_row(self.lab, platforms, operation)
        field = find_row(self.field, platforms, operation)
        return BOTH if lab and field else PROVEN if lab else SEEN if field else UNKNOWN

    def unknown(self, platforms: Platforms) -> tuple[str, ...]:
        """The operations of which nothing is known there."""
        return tuple(name for name in OPERATIONS if self.standing(platforms, name) == UNKNOWN)

    def columns(self) -> list[Platforms]:
        """All platforms of which anything is known; single ones first."""
        every = {row.platforms for row in (*self.lab, *self.field)}
        return sorted(every, key=lambda found: (len(found), [order_of(p) for p in found]))


def passport_lines(passport: Passport, width: int) -> Iterator[Line]:
    """Everything that is known; below it, of clusters whose members differ."""
    columns = passport.columns()
    if not columns:
        yield "", "nothing is proven, and no run of yours has shown anything"
    for count in sorted({len(found) for found in columns}):
        yield from _table(passport, [c for c in columns if len(c) == count], width)
        yield "", ""
    yield from _legend(passport)


def cluster_lines(
    passport: Passport, pairs: Sequence[tuple[Cluster, Observed]], width: int
) -> Iterator[Line]:
    """What is known of the kernels and tools of each cluster's hosts."""
    for number, (cluster, observed) in enumerate(pairs):
        yield from [("", "")] if number else []
        reached = f"{len(observed.answering_hosts())}/{len(observed.hosts)} hosts answered"
        yield "title", f"cluster {cluster.name}  {reached}"
        yield from _hosts(platforms_by_host(cluster, observed))
        for item in observed.unreachable():
            yield "bad", f"  {item.host}: {format_unread(item.host, item.code, item.message)}"
        if columns := columns_of(cluster, observed):
            yield "", ""
            yield from _table(passport, columns, width)
            yield from _unknown(passport, columns)
    yield "", ""
    yield from _legend(passport)


def columns_of(cluster: Cluster, observed: Observed) -> list[Platforms]:
    """The platforms of a cluster's hosts, each alone, and all together where there are several."""
    found = together(platforms_by_host(cluster, observed).values())
    return [*((platform,) for platform in found), *([found] if len(found) > 1 else [])]


def _hosts(found: Mapping[str, Platform]) -> Iterator[Line]:
    by_platform: dict[Platform, list[str]] = {}
    for name, platform in found.items():
        by_platform.setdefault(platform, []).append(name)
    words = {
        platform: f"{platform}{'' if platform.tools else f', {TOOLS} unknown'}"
        for platform in by_platform
    }
    wide = max(map(len, words.values()), default=0)
    for platform, names in by_platform.items():
        yield "", f"  {words[platform].ljust(wide)}  {fold_names(names)}"


def _table(passport: Passport, columns: Sequence[Platforms], width: int) -> Iterator[Line]:
    """A row an operation, a column for the same kernels and tools; below each other in a narrow terminal."""
    heads = [_head(found) for found in columns]
    first = max(map(len, (*OPERATIONS, TOOLS))) + GAP
    for part in _parts([max(map(len, (*head, PROVEN))) + GAP for head in heads], width - first):
        yield from [("", "")] if part.start else []
        rows = [
            ("dim", "kernel", [heads[n][0] for n in part]),
            ("dim", TOOLS, [heads[n][1] for n in part]),
            *(
                ("", name, [passport.standing(columns[n], name) for n in part])
                for name in OPERATIONS
            ),
        ]
        sizes = [max(map(len, (*heads[n], PROVEN))) + GAP for n in part]
        for style, name, words in rows:
            cells = (word.ljust(size) for word, size in zip(words, sizes, strict=True))
            yield style, f"{name.ljust(first)}{''.join(cells)}".rstrip()


def _head(platforms: Platforms) -> tuple[str, str]:
    words = join_platforms(platforms)
    return words["kernel"] or UNTOLD, words["tools"] or UNTOLD


def _parts(sizes: Sequence[int], width: int) -> Iterator[range]:
    """The columns that fit beside each other, one at least."""
    start = 0
    while start < len(sizes):
        end = start + 1
        while end < len(sizes) and sum(sizes[start : end + 1]) <= width:
            end += 1
        yield range(start, end)
        start = end


def _unknown(passport: Passport, columns: Sequence[Platforms]) -> Iterator[Line]:
    """What is known nowhere, and what to do about it."""
    missing = {found: names for found in columns if (names := passport.unknown(found))}
    for found, names in missing.items():
        yield "", ""
        yield "warn", f"unknown on {' beside '.join(map(str, found))}:"
        whole = len(names) == len(OPERATIONS)
        yield "", f"    {'every operation' if whole else ', '.join(names)}"
    if missing:
        yield "", ""
        yield (
            "",
            (
                "Try it first on a test cluster with the same kernels and tools: reconcile apply\n"
                "there, and with the same --state-dir it is seen here."
            ),
        )
        if better := _better(passport, {name for names in missing.values() for name in names}):
            yield "", f"Or take what it is proven on: {'; '.join(map(str, better))}."


def _better(passport: Passport, names: Iterable[str]) -> list[Platform]:
    """The newest pairs on which the laboratory has proven all of these."""
    wanted = set(names)
    alone = [found[0] for found in passport.columns() if len(found) == 1]
    fitting = [p for p in alone if all(find_row(passport.lab, (p,), name) for name in wanted)]
    return fitting[::-1][:NAMED]


def _legend(passport: Passport) -> Iterator[Line]:
    last = max((row.date for row in passport.lab), default="never")
    yield "dim", f"{PROVEN}  on OCFS2 kernels of the laboratory, at least once, last on {last}"
    yield "dim", f"{SEEN}    in runs of yours; {BOTH}: proven and seen; {UNKNOWN}: unknown"
    yield "dim", f"runs    {with_count(passport.runs, 'record')} read in {passport.place}"


def passport_document(passport: Passport) -> Json:
    """Everything that is known, a row for each operation on the same platforms."""
    rows = _rows(passport, passport.columns())
    return {**_about(passport), "rows": rows}


def clusters_document(passport: Passport, pairs: Sequence[tuple[Cluster, Observed]]) -> Json:
    """What is known of the platforms of each cluster's hosts."""
    return {**_about(passport), "clusters": [_cluster(passport, *pair) for pair in pairs]}


def _about(passport: Passport) -> Json:
    return {"format_version": FORMAT_VERSION, "runs": passport.runs, "records": passport.place}


def _cluster(passport: Passport, cluster: Cluster, observed: Observed) -> Json:
    hosts: Json = {
        name: {"kernel": platform.kernel or None, "tools": platform.tools or None}
        for name, platform in platforms_by_host(cluster, observed).items()
    }
    for item in observed.unreachable():
        hosts[item.host] = {"unreachable": {"code": item.code, "message": item.message}}
    rows = _rows(passport, columns_of(cluster, observed))
    return {"name": cluster.name, "hosts": hosts, "rows": rows}


def _rows(passport: Passport, columns: Sequence[Platforms]) -> list[Json]:
    return [_row(passport, found, name) for found in columns for name in OPERATIONS]


def _row(passport: Passport, platforms: Platforms, operation: str) -> Json:
    lab = find_row(passport.lab, platforms, operation)
    field = find_row(passport.field, platforms, operation)
    return {
        **join_platforms(platforms),
        "operation": operation,
        "standing": "proven" if lab else "seen" if field else "unknown",
        "laboratory": lab.date if lab else None,
        "field": {"last": field.date, "runs": field.runs} if field else None,
    }
