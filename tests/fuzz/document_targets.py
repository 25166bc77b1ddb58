"""Files that people and commands write: desired state, fleets, saved plans, facts, journals."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

from reconciler.cli.shown_plan import show_saved_plan
from reconciler.cli.terminal import plain
from reconciler.errors import InputError, SpecInvalid, UsageError
from reconciler.execution.journal import CLOSED, GENESIS, SEAL, Content, parse_record
from reconciler.execution.run_index import approvals, describe_run, record_of_outline
from reconciler.loading import load
from reconciler.loading.fleet_settings import load_fleet
from reconciler.loading.saved import recorded_facts, saved_plan
from reconciler.loading.source import read_stream
from reconciler.model.desired import Desired
from reconciler.model.documents import checksum
from reconciler.model.fleet import Fleet
from reconciler.reports import history
from reconciler.reports.facts import describe_host
from reconciler.reports.past_runs import past
from reconciler.reports.problems import as_sarif, render
from reconciler.reports.run_progress import run_progress
from tests.fuzz.changes import change_json, change_lines_of_json, change_text
from tests.fuzz.probe_targets import check_section
from tests.fuzz.target import Finding, Target, check_shown, check_words

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 26, tzinfo=UTC)
RUN = "20261126T100000Z-1"
# A file of 256 KiB may have so many problems as are shown, each with its line.
MOST_TOLD = 200_000


def parse_desired(data: bytes) -> None:
    """A desired state, or its problems: each with its place, a hint, and fit to be shown."""
    _load(data, load, Desired)


def parse_fleet(data: bytes) -> None:
    """The settings of a fleet, or their problems."""
    _load(data, load_fleet, Fleet)


def _load(data: bytes, read: Callable[[str, str], object], kind: type) -> None:
    try:
        found = read("f.yaml", read_stream("f.yaml", BytesIO(data)))
    except SpecInvalid as refused:
        shown = render(refused.problems, refused.lines, 80)
        check_shown(shown)
        as_sarif(refused.problems)
        if not shown or len(shown) > MOST_TOLD:
            raise Finding(f"{len(shown)} characters of problems") from refused
        for problem in refused.problems:
            check_words(problem.message)
            if problem.line < 1 or problem.column < 1 or not problem.hint:
                raise Finding(f"no place or no hint: {problem}") from refused
        return
    assert isinstance(found, kind)


@cache
def _file() -> int:
    return os.memfd_create("input")


def input_path(data: bytes) -> Path:
    """A file that has this, which is on no disk."""
    file = _file()
    os.ftruncate(file, 0)
    os.pwrite(file, data, 0)
    return Path(f"/proc/self/fd/{file}")


def parse_plan(data: bytes) -> None:
    """A saved plan: shown in every form."""
    saved = saved_plan(str(input_path(data)))
    if saved is None:
        return
    shown = show_saved_plan(saved)
    for form in ("text", "json", "markdown"):
        plain(shown.text(form, 1))


def parse_facts(data: bytes) -> None:
    """Recorded facts: each section of each host is a value of its kind, or unknown."""
    found = recorded_facts(str(input_path(data)))
    for record in found.clusters.values():
        for host in (*record.hosts.values(), *record.storage.values()):
            if hasattr(host, "__dataclass_fields__") and hasattr(host, "identity"):
                for name in host.__dataclass_fields__:
                    check_section(name, getattr(host, name))
                describe_host(host)


def parse_journal(data: bytes) -> None:
    """A record of a run: listed, shown, indexed, followed."""
    record = parse_record(data, RUN, at_work=False)
    whole, _, _ = data.rpartition(b"\n")
    stored = describe_run(record, Content(data, at_work=False, stamp="1:1:1:1", changed=0.0),
                          whole.split(b"\n") if whole else [], NOW)  # fmt: skip
    approvals(record)
    if stored.outline is not None:
        record_of_outline(RUN, stored.outline)
    run = past(record.lines, record.run, record.broken, at_work=False)
    for _style, line in (
        *history.history_lines([run], "x", UTC),
        *history.run_lines(run, 2, UTC),
    ):
        check_shown(plain(line))
    json.dumps([history.history_document([run]), history.run_document(run, {})])
    run_progress(run)


def change_plan(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    """A changed plan, mostly with the checksum that it must have."""
    changed = change_json(data, chance, words)
    if chance.random() < 0.1:
        return changed
    try:
        document = json.loads(changed)
        return json.dumps({**document, "checksum": checksum(document)}).encode()
    except (ValueError, TypeError, RecursionError):
        return changed


def change_journal(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    """A changed record, mostly with the hashes that it must have."""
    changed = change_lines_of_json(data, chance, words)
    return changed if chance.random() < 0.3 else seal(changed)


def seal(data: bytes) -> bytes:
    """The lines of a record chained anew, as far as they are documents."""
    last, lines = GENESIS, []
    for line in data.split(b"\n"):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            lines.append(line)
            continue
        document.pop("hash", None)
        body = json.dumps({**document, "previous": last})
        last = hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest()
        lines.append(f"{body[:-1]}{SEAL}{last}{CLOSED}".encode("utf-8", "surrogateescape"))
    return b"\n".join(lines)


def _examples() -> Sequence[bytes]:
    files = sorted((ROOT / "examples").glob("*.yaml"))
    files.append(ROOT / "tests/unit/loading/whole_format.yaml")
    return tuple(file.read_bytes() for file in files)


def _fleets() -> Sequence[bytes]:
    small = b"version: 1\ndatabase: env:X\nsource: {directory: /etc/clusters}\n"
    return ((ROOT / "examples/fleet/fleet.yaml").read_bytes(), small)


def _plans() -> Sequence[bytes]:
    """The smallest of each kind, without blanks."""
    names = ("empty", "forecast", "dead", "blocked")
    texts = ((ROOT / f"tests/golden/{name}.json").read_text() for name in names)
    return tuple(_resealed(json.loads(text)) for text in texts)


def _resealed(document: dict[str, Any]) -> bytes:
    document["facts"] = {}
    return json.dumps(
        {**document, "checksum": checksum(document)}, separators=(",", ":")
    ).encode()


def _facts() -> Sequence[bytes]:
    document = json.loads((ROOT / "tests/golden/facts/running.json").read_text())
    return (json.dumps(document).encode(), json.dumps(document, indent=1).encode())


def _journals() -> Sequence[bytes]:
    rows: list[dict[str, object]] = [
        {"event": "run-started", "user": "u", "controller": "c", "file": "f", "file_digest": "ab"},
        {"event": "observed", "cluster": "ocfs2", "plan": "p1", "actions": 2, "hosts": 2,
         "actions_by_host": {"node01": 2}},
        {"event": "approved", "plan": "p1", "message": "by hand"},
        {"event": "action-started", "cluster": "ocfs2", "action": "ocfs2/node01/mount/images",
         "host": "node01", "kind": "mount", "summary": "mount it", "command": "mount x"},
        {"event": "action-finished", "cluster": "ocfs2", "action": "ocfs2/node01/mount/images",
         "seconds": 1.5, "status": 0, "command_seconds": 1.0, "stdout": "a\nb", "stderr": "",
         "proved": ["node01: mounted"]},
        {"event": "action-failed", "cluster": "ocfs2", "action": "ocfs2/node01/umount/images",
         "seconds": 2, "message": "gate: wrong-uuid: no", "status": 3},
        {"event": "refused", "cluster": "ocfs2", "subject": "volume/images", "message": "no",
         "code": "wrong-uuid", "remedy": "do"},
        {"event": "run-finished", "result": "partial", "exit_code": 4,
         "clusters": {"ocfs2": "partial"}, "counts": {"done": 1, "failed": 1}},
    ]  # fmt: skip
    stamped = [
        {"time": f"2026-11-26T10:00:0{n}+00:00", "run": RUN, **row}
        for n, row in enumerate(rows)
    ]
    whole = b"\n".join(json.dumps(row).encode() for row in stamped) + b"\n"
    return (
        seal(whole),
        seal(whole)[:900],
        seal(b"\n".join(whole.split(b"\n")[:5]) + b"\n"),
    )


def _keys(*names: str) -> tuple[str, ...]:
    """The keys and constants of published schemas."""
    found: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            found.update(value.get("properties", {}))
            found.update(word for word in value.get("enum", ()) if isinstance(word, str))
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    for name in names:
        walk(json.loads((ROOT / f"schemas/{name}.schema.json").read_text()))
    return tuple(sorted(word for word in found if word))


YAML = (
    "- ",
    ": ",
    "\n  ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "!!int ",
    "|",
    ">",
    "---\n",
    "#",
    "<<: ",
)
TARGETS = (
    Target("desired-state", parse_desired, _examples, change_text,
           "reconciler.loading.checking:findings", words=(*_keys("cluster"), *YAML)),
    Target("fleet-settings", parse_fleet, _fleets, change_text,
           "reconciler.loading.fleet_settings:_meanings", words=(*_keys("fleet"), *YAML)),
    Target("plan-document", parse_plan, _plans, change_plan,
           "reconciler.loading.saved:checksum", answers=(InputError, UsageError),
           words=_keys("plan"), longest=65536),
    Target("facts-document", parse_facts, _facts, change_json,
           "reconciler.loading.saved:_host", answers=(InputError, UsageError),
           words=_keys("facts"), longest=16384),
    Target("journal", parse_journal, _journals, change_journal, "reconciler.execution.journal:_is_ours",
           words=("event", "time", "run", "actions", "counts", "clusters", "seconds", "hash", "previous")),
)  # fmt: skip
