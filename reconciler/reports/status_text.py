"""The state of clusters for a terminal of some width: tables that are split, never wrapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.model.documents import Json
from reconciler.model.outcome import Finding
from reconciler.model.quantities import round_size
from reconciler.model.refusals import format_unread
from reconciler.planning.checks.pauses import moment
from reconciler.planning.watching.troubles import NEARLY_FULL
from reconciler.reports.grouping import (
    fold_names,
    group_alike,
    hide_host,
    refusals,
    show_hosts,
)
from reconciler.reports.shortening import clip_names

Line = tuple[str, str]
Row = tuple[str, ...]
GAP = "  "
# Longer names are cut in tables only, and not where two would be the same.
LONGEST = 24
STATES = {
    "healthy": ("healthy", "good"),
    "at-work": ("A RUN IS AT WORK", "warn"),
    "degraded": ("DEGRADED", "warn"),
    "unfinished": ("UNFINISHED: a run left something to be done", "bad"),
    "unwell": ("NOT HEALTHY", "bad"),
}
# Of the forecast, and of versions that differ.
FINDINGS = {"warning": ("NEXT BOOT", "warn"), "notice": ("NOTICE", "dim")}


def status_lines(document: Json, width: int) -> Iterator[Line]:
    """Every cluster: who is in, what is mounted, what is wrong, what is left to be done."""
    for number, cluster in enumerate(document["clusters"]):
        yield from [("", "")] if number else []
        yield from _cluster(cluster, width)


def _cluster(cluster: Json, width: int) -> Iterator[Line]:
    read = f"{cluster['read']}/{cluster['hosts']} hosts read"
    word, style = STATES[cluster["state"]]
    yield style, f"cluster {cluster['name']}  {read}  {word}"
    yield from _told("WRONG", "bad", map(_problem, cluster["problems"]), width)
    yield from _told("NOT READ", "bad", _by_what(map(_lost, cluster["unreachable"])), width)
    yield from _told("DIFFERS", "warn", map(_problem, cluster["differences"]), width)
    for labels in _groups(cluster, width):
        yield from _members(cluster, labels)
    yield from _volumes(cluster["volumes"])
    yield from _told("PAUSED", "warn", map(_pause, cluster["paused"]), width)
    yield from _told("LEASE", "warn", map(_lease, cluster["leases"]), width)
    yield from _told("UNFINISHED", "warn", _by_what(cluster["unfinished"]), width)
    yield from _told("QUARANTINE", "warn", map(_quarantined, cluster["quarantined"]), width)
    for severity, (heading, style) in FINDINGS.items():
        found = [Finding(**f) for f in cluster["findings"] if f["severity"] == severity]
        yield from _told(heading, style, map(_finding, refusals(found)), width)


def _groups(cluster: Json, width: int) -> list[list[str]]:
    """The volumes in tables that fit; each has at least one."""
    labels = [volume["label"] for volume in cluster["volumes"]]
    groups: list[list[str]] = [[]]
    for label in labels:
        rows = _rows(cluster, [*groups[-1], label])
        if groups[-1] and _width(rows) > width:
            groups.append([])
        groups[-1].append(label)
    return groups


def _rows(cluster: Json, labels: Sequence[str]) -> list[Row]:
    volumes = clip_names([volume["label"] for volume in cluster["volumes"]], LONGEST)
    members = clip_names([item["name"] for item in cluster["members"]], LONGEST)
    rows = [("member", "node", "o2cb", *(volumes[label] for label in labels))]
    for item in cluster["members"]:
        number = "-" if item["number"] is None else str(item["number"])
        cells = [_cell(item["volumes"][label]) for label in labels]
        rows.append((members[item["name"]], number, _standing(item), *cells))
    return rows


def _standing(item: Json) -> str:
    """What its kernel says; of who is not to be asked what the file says."""
    if item["read"] == "not asked":
        return str(item["state"])
    if item["read"] == "no":
        return "NOT READ"
    extra = "" if item["state"] == "present" else f" ({item['state']})"
    return f"{item['o2cb']}{extra}"


def _cell(mount: Json) -> str:
    """One mount in a few words; what is wrong with it in capitals."""
    if mount["mounted"] is None:
        return "?"
    if not mount["mounted"]:
        return "NOT MOUNTED" if mount["wanted"] else "-"
    slot = "slot ?" if mount["slot"] is None else f"slot {mount['slot']}"
    beats = {"beats": "beats", "silent": "SILENT"}.get(mount["heartbeat"], "beats?")
    wrong = ", READ-ONLY" if mount["read_only"] else ""
    wrong += ", HIDDEN" if mount["hidden"] else ""
    wrong += ", UNREAD" if mount["unread"] else ""
    return f"{slot}, {beats}{wrong}"


def _width(rows: Sequence[Row]) -> int:
    return sum(_widths(rows)) + len(GAP) * len(rows[0])


def _widths(rows: Sequence[Row]) -> list[int]:
    return [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]


def _table(rows: Sequence[Row], styles: Sequence[str]) -> Iterator[Line]:
    wide = _widths(rows)
    for row, style in zip(rows, styles, strict=True):
        words = (word.ljust(size) for word, size in zip(row, wide, strict=True))
        yield style, f"{GAP}{GAP.join(words).rstrip()}"


def _members(cluster: Json, labels: Sequence[str]) -> Iterator[Line]:
    rows = _rows(cluster, labels)
    styles = ["title", *("bad" if _is_wrong(row) else "" for row in rows[1:])]
    yield from _table(rows, styles)


def _is_wrong(row: Row) -> bool:
    return any(word.isupper() and len(word) > 1 for cell in row[2:] for word in cell.split())


def _volumes(volumes: Sequence[Json]) -> Iterator[Line]:
    if not volumes:
        return
    labels = clip_names([item["label"] for item in volumes], LONGEST)
    rows = [("volume", "size", "used", "slots", "mounted by")]
    styles = ["title"]
    for item in volumes:
        rows.append(
            (
                labels[item["label"]],
                "?" if item["size"] is None else round_size(item["size"]),
                _fill(item["used"], item["size"]),
                f"{_or(item['slots_taken'])}/{_or(item['slots'])}",
                str(len(item["mounted_by"])),
            )
        )
        styles.append("warn" if _percent(item["used"], item["size"]) >= FULL else "")
    yield from _table(rows, styles)


# Percent from which a volume is told to be nearly full.
FULL = round(100 * NEARLY_FULL)


def _percent(used: int | None, size: int | None) -> int:
    return used * 100 // size if used is not None and size else 0


def _fill(used: int | None, size: int | None) -> str:
    if used is None:
        return "?"
    full = "  NEARLY FULL" if _percent(used, size) >= FULL else ""
    return f"{round_size(used, size)}, {_percent(used, size)} %{full}"


def _or(value: int | None) -> str:
    return "?" if value is None else str(value)


def _told(
    word: str, style: str, texts: Iterator[str] | Sequence[str], width: int
) -> Iterator[Line]:
    """Each text behind its word, folded at blanks to the width."""
    indent = " " * (len(word) + 2 * len(GAP))
    for text in texts:
        first = f"{GAP}{word}{GAP}"
        for line in _folded(text, max(30, width - len(first))):
            yield style, f"{first}{line}"
            first = indent


def _folded(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    yield line


def _problem(item: Json) -> str:
    hosts = f" on {_names(item['hosts'])}" if item["hosts"] else ""
    return f"{item['what']}{hosts}"


def _finding(item: Finding) -> str:
    return f"{item.code}  {item.subject}: {item.message}"


def _lost(item: Json) -> Json:
    told = format_unread(item["host"], item["code"], item["message"])
    return {"host": item["host"], "what": told}


def _lease(item: Json) -> str:
    at = "; ".join(
        f"{host} still runs {runs_words(what)}" for host, what in item["running"].items()
    )
    if item["run"] is None:
        return f"of a run that has ended: {at}"
    return (
        f"run {item['run']} of {holder_words(item['holder'])} on "
        f"{', '.join(item['hosts'])}, renewed {round(item['age'])} s ago{_idle(item)}"
        + (f"; {at}" if at else "")
    )


def holder_words(who: Json) -> str:
    """Who took a lease, as `status` and `unlock` say it."""
    return f"{who['user']}@{who['controller']} pid {who['pid']}"


def runs_words(running: str) -> str:
    """What runs on a host, of which perhaps only that is known."""
    return "something" if running == "yes" else running


def _idle(item: Json) -> str:
    """What is known of a run that does not go on."""
    if item["ended"]:
        return ": it starts nothing more, and the next run takes its place"
    gone = (
        f"it has ended without giving it back, or is cut off (reconcile unlock {item['run']})"
    )
    return f": {gone}" if item["expired"] else ""


def _pause(item: Json) -> str:
    hosts = ", ".join(item["hosts"])
    if "unknown" in item:
        return f"perhaps {hosts}: {item['unknown']}"
    until = "until it is resumed" if item["until"] is None else f"until {moment(item['until'])}"
    since = f"by {item['by']} since {moment(item['since'])}"
    return f"{hosts}: {item['reason']} ({since}, {until})"


def _by_what(items: Iterable[Json]) -> list[str]:
    """What is the same on several hosts once, also where it names each of them."""
    told = [(item["host"], item["what"]) for item in items]
    groups = group_alike(told, lambda one: one[1], lambda one: hide_host(one[1], one[0]))
    return [_of_hosts(group) for group in groups]


def _of_hosts(group: Sequence[tuple[str, str]]) -> str:
    (first, what), hosts = group[0], [host for host, _what in group]
    if any(other != what for _host, other in group):
        what = show_hosts(hide_host(what, first), hosts)
    return f"{_names(hosts)}: {what}"


def _names(hosts: Sequence[str]) -> str:
    return fold_names(hosts).replace(",", ", ")


def _quarantined(entry: Json) -> str:
    return f"{entry['name']} (node {entry['number']}): dropped and never cleaned"
