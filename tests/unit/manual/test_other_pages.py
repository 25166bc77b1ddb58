"""The manual's pages of exit codes, documents and records say what the code says."""

from __future__ import annotations

import re
import typing
from dataclasses import fields
from pathlib import Path

import pytest

import reconciler
from reconciler import cli, errors
from reconciler.cli import COMMANDS, error_exits
from reconciler.execution import author, run_word
from reconciler.execution.journal import Journal
from reconciler.hosts.simulator.presets import Shape
from reconciler.model import (
    attested_blocks,
    bindings,
    documents,
    heartbeat_owners,
    outcome,
    plan,
    records,
)
from reconciler.model.outcome import ClusterOutcome, ClusterResult
from reconciler.planning.resolve.last_applied import APPLIED
from reconciler.resources.growth import backups
from reconciler.resources.workloads.obligations import STOPPED
from reconciler.resources.workloads.programs import PROGRAMS
from tests.clock import drive
from tests.pages import page, quoted, rows
from tests.runs import Controller, desired, witnessed

SOURCE = Path(reconciler.__file__).parent
CODES = {int(row[0]): row for row in rows(page("exit-codes"), "Code")}


def raised(kind=errors.ReconcilerError):
    """The exit codes of an error and all below it."""
    yield kind.exit_code
    for below in kind.__subclasses__():
        yield from raised(below)


def test_each_exit_code_that_the_code_has_is_told():
    words = typing.get_args(ClusterResult)
    ends = {run_word.exit_code(word) for word in words}
    drift_or_changes = {2}
    edge = {error_exits.USAGE, error_exits.INTERRUPTED, cli.UNREAD}
    assert set(CODES) == {*raised(), *ends, *drift_or_changes, *edge}


@pytest.mark.parametrize("word", typing.get_args(ClusterResult))
def test_each_result_of_a_run_has_its_row(word):
    code = run_word.exit_code(
        run_word.result([ClusterOutcome("a", word)], word == "interrupted")
    )
    assert word in quoted(CODES[code][1])


def test_the_codes_of_commands_are_of_commands_and_told_above():
    found = rows(page("exit-codes"), "Command")
    for names, codes, _when in found:
        assert set(quoted(names)) <= set(COMMANDS)
        assert {int(code) for code in codes.split(", ")} <= set(CODES)


def test_the_order_in_which_codes_win_is_that_of_runs():
    line = re.search(r"Of several codes: ([^.]*)\.", page("exit-codes"))[1]
    order = [int(number) for number in re.findall(r"[0-9]+", line)]
    assert set(order) <= set(CODES)
    ends = [run_word.exit_code(word) for word in ("stale", "locked", "partial", "refused")]
    assert [code for code in order if code in ends] == ends


# What the page calls them: the class whose fields they are.
SHAPES = {
    2: {
        "the document": documents.PlanDocument,
        "a cluster": documents.PlannedCluster,
        "a change": plan.Change,
        "an action": documents.PlannedAction,
        "an outage": plan.Outage,
        "a refusal, in `blocked`": outcome.Blocked,
        "a finding": outcome.Finding,
    },
    3: {"the document": documents.FactsDocument, "a cluster": documents.RecordedCluster},
}


@pytest.mark.parametrize("section", SHAPES)
def test_a_document_has_its_keys(section):
    text = page("documents").split("\n## ")[section]
    told = {row[0]: quoted(row[1]) for row in rows(text, "Of")}
    assert told == {
        name: [field.name for field in fields(kind)] for name, kind in SHAPES[section].items()
    }


def test_each_event_of_a_run_is_told():
    source = "".join(
        path.read_text()
        for path in SOURCE.rglob("*.py")
        if path.parent.name in {"cli", "commands", "execution"}
    )
    found = set(re.findall(r"(?:emit|tell)\(\"([a-z-]+)\"", source))
    found |= set(re.findall(r"\"([a-z-]+)\" if action\.command else \"([a-z-]+)\"", source)[0])
    told = {word for row in rows(page("documents"), "Event") for word in quoted(row[0])}
    assert told == found


# ---- records ---------------------------------------------------------------------------

FILES = {name: row for row in rows(page("records"), "File") for name in quoted(row[0])}


def test_each_record_of_a_cluster_is_told():
    names = (
        *(APPLIED, heartbeat_owners.MEMBERS, heartbeat_owners.QUARANTINE),
        *(
            attested_blocks.HEARTBEATS,
            bindings.VOLUMES,
            STOPPED,
            PROGRAMS,
            backups.name("UUID"),
        ),
    )
    assert {f"CLUSTER/{name}" for name in names} <= set(FILES)
    assert f"below `{records.DIRECTORY}`" in page("records")
    assert f"mode {records.MODE}" in page("records")


def test_each_file_that_a_script_names_below_the_state_directory_is_told():
    """As far as a name stands there whole."""
    source = "".join(
        path.read_text()
        for folder in ("gate", "probe")
        for path in (SOURCE / folder).rglob("*.sh")
    )
    found = set(re.findall(r"\$STATE/([a-z][a-z.]*)", source))
    found |= set(re.findall(r"\$dir/(lease[a-z.]*|lock|busy)", source))
    assert {"paused", "lease", "lease.spare", "lock", "busy", "beats", "tables"} <= found
    assert {name for name in found if not any(name in told for told in FILES)} == set()


def pattern(name):
    """A regular expression of what the page calls a file."""
    words = {"CLUSTER": "ocfs2", "UUID": "[0-9a-f-]{36}", "UNIT": "[^/]+", "PATH": ".+"}
    return re.sub("|".join(words), lambda m: words[m[0]], re.escape(name))


def test_all_that_a_run_leaves_on_a_host_is_told():
    world = witnessed(2, Shape("san"))
    before = {name: dict(m.files.by_path) for name, m in world.machines.items()}
    wanted = desired(world)
    drive(world, Controller(world).apply(wanted))
    names = [
        pattern(name if name.startswith(("/", "PATH")) else f"{records.DIRECTORY}/{name}")
        for name in FILES
    ]
    for host, machine in world.machines.items():
        left = [p for p, file in machine.files.by_path.items() if before[host].get(p) != file]
        assert f"{records.DIRECTORY}/ocfs2/{APPLIED}" in left
        assert [p for p in left if not any(re.fullmatch(n, p) for n in names)] == []
        ours = {
            p: f.mode
            for p, f in machine.files.by_path.items()
            if p.startswith(records.DIRECTORY)
        }
        assert set(ours.values()) == {records.MODE}


def test_the_record_of_a_run_has_the_mode_that_is_told(tmp_path):
    with Journal(tmp_path / "state" / "runs", "20260101T000000Z-abcdef", author.now) as journal:
        (path, kind) = journal.path, journal.path.parent
        assert f"{path.stat().st_mode & 0o777:o}" == FILES["runs/RUN.jsonl"][1]
        assert f"{kind.stat().st_mode & 0o777:o}" == "700"
