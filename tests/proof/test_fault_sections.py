"""What the sections of the fault matrix and of the soaks say of their records."""

import json
from types import SimpleNamespace

from tests.faults.cells import CELLS, CellResult
from tests.faults.logs import keep_logs
from tests.faults.records import save_cell
from tests.lab.shell import LabError
from tests.proof import faults, soak

GOOD = {
    "outcome": "converged",
    "pause": 1.26,
    "is_outage": False,
    "codes": ["recovery-unfinished"],
    "date": "2026-11-29T20:00:00Z",
    "seed": 7,
    "commit": "a5804326335c",
    "why": "",
}


def record(**cells):
    named = {name.replace("__", "/").replace("_", "-"): cell for name, cell in cells.items()}
    return {"cells": named, "kernel": "6.1", "tools": "1.8.7", "cores": 2}


def test_the_matrix_has_a_place_for_every_cell():
    assert {f"{row}/{fault}" for row in faults.ROWS for fault in faults.COLUMNS} == set(CELLS)


def test_what_was_not_run_and_what_was_wrong_is_not_shown_as_good():
    wrong = {**GOOD, "outcome": "wrong", "why": "data differ\nat length"}
    text = faults.section(record(join__killed=GOOD, join__power=wrong))
    assert "|join|1|-|!|-|-|-|-|-|-|\n" in text
    assert "|leave|-|-|-|-|-|-|-|-|-|\n" in text
    assert "Of 90 cells 2 have been run, 1 of them ended well." in text
    assert "2 cores; at commit a5804326." in text
    assert "* `join/power`, seed 7: data differ" in text
    assert "at length" not in text
    long = faults.section(record(join__power={**wrong, "why": "x" * 200}))
    assert f"seed 7: {'x' * 148} …\n" in long


def test_what_cells_were_played_on_is_told_and_an_old_one_was_on_what_the_record_names():
    newer = {**GOOD, "kernel": "6.12", "tools": "1.8.8"}
    text = faults.section(record(join__killed=GOOD, join__power=newer))
    assert "kernel 6.1, ocfs2-tools 1.8.7 and kernel 6.12, ocfs2-tools 1.8.8, 2 cores" in text


def test_a_cell_is_kept_with_the_kernel_and_tools_of_its_hosts(tmp_path):
    stage = SimpleNamespace(platform=("6.12.113", "1.8.8-3+newer1"))
    save_cell(stage, CellResult("join/power", 7, outcome="converged"), tmp_path)
    (cell,) = json.loads((tmp_path / "faults.json").read_text())["cells"].values()
    assert (cell["kernel"], cell["tools"]) == ("6.12.113", "1.8.8-3")


def test_what_is_known_of_a_cell_that_went_wrong_is_kept_also_where_a_host_is_lost(tmp_path):
    def run(host, _command, timeout):
        assert timeout
        if host == "node01":
            raise LabError(host)
        return SimpleNamespace(stdout=f"{host} says", stderr="")

    (tmp_path / "state/runs").mkdir(parents=True)
    for name in ("state/runs/1.jsonl", "cluster.yaml"):
        (tmp_path / name).write_text(name)
    stage = SimpleNamespace(
        lab=SimpleNamespace(hosts=("node01", "node02"), run=run),
        operator=SimpleNamespace(home=tmp_path),
        details="",
    )
    keep_logs(stage, CellResult("join/power", 7), tmp_path / "kept")
    kept = {path.name: path.read_text() for path in (tmp_path / "kept/join-power").iterdir()}
    assert kept == {
        "1.jsonl": "state/runs/1.jsonl",
        "cluster.yaml": "cluster.yaml",
        "node02.log": "node02 says",
        "san.log": "san says",
    }


def test_what_was_wrong_once_stays_told():
    once = {**GOOD, "cell": "join/power", "outcome": "wrong", "why": "fsck found something"}
    text = faults.section({**record(join__power=GOOD), "once_wrong": [once]})
    again = (
        "ended well, of these `join/power` only when played again (below). 2026-11-29, kernel"
    )
    assert f"Of 90 cells 1 have been run, 1 of them {again}" in text
    told = "* `join/power`, seed 7, 2026-11-29: fsck found something. "
    assert f"{told}Why is not known." in text
    mended = {**once, "mended": "It is repaired now"}
    text = faults.section({**record(join__power=GOOD), "once_wrong": [mended]})
    assert f"{told}It is repaired now." in text
    assert "Wrong once" not in faults.section(record(join__power=GOOD))


def test_a_planned_outage_and_a_remedy_by_hand_are_marked():
    outage = {**GOOD, "is_outage": True, "pause": 41.0}
    by_hand = {**GOOD, "outcome": "refused", "pause": None}
    assert [faults.show(cell) for cell in (outage, by_hand)] == ["o41", "rok"]


def test_a_soak_tells_its_violations():
    one = {
        "date": "2026-11-29T20:00:00Z",
        "seed": 3,
        "wanted": 10,
        "cells": ["create/killed", "join/power"],
        "violations": ["join/power: the data differ"],
        "pause": 71.4,
        "seconds": 600,
    }
    text = soak.section({"soaks": [one]})
    assert "|2026-11-29|3|2 of 10|10|71 s|1|" in text
    assert "* join/power: the data differ" in text
