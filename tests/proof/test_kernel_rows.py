"""Rows of operations on kernels: how versions stand there, and that the last of a kind counts."""

import json

import pytest

from tests.proof import kernel_rows, kernels
from tests.proof.kernel_rows import Sighting, record

OLD, NEW = ("6.1.176", "1.8.7-1+b1"), ("6.12.113", "1.8.8-3")


@pytest.fixture
def files(tmp_path, monkeypatch):
    for name in ("RECORD", "PASSPORT"):
        monkeypatch.setattr(kernel_rows, name, tmp_path / f"{name.lower()}.json")
    monkeypatch.setenv(kernel_rows.WRITES, "1")
    (tmp_path / "passport.json").write_text("[]")
    return tmp_path


def read(files, name):
    return json.loads((files / f"{name}.json").read_text())


def test_kernels_are_pairs_with_their_tools_in_the_order_of_numbers():
    upgraded = (NEW[0], OLD[1])
    seen = Sighting(("bookworm", "trixie"), (NEW, upgraded, OLD), "reboot", 60, 1.5)
    assert seen.versions == {"kernel": "6.1+6.12+6.12", "tools": "1.8.7+1.8.7+1.8.8"}


def test_the_last_of_a_kind_takes_the_place_of_the_one_before(files):
    record(Sighting(("bookworm",) * 3, (OLD,), "join", 60, 1.5))
    record(Sighting(("trixie",) * 3, (NEW,), "join", 70, 2.5))
    record(Sighting(("bookworm",) * 3, (OLD,), "join", 80, 3.5))
    rows = read(files, "record")["rows"]
    assert [(row["suites"], row["seconds"]) for row in rows] == [
        ("trixie", 70),
        ("bookworm", 80),
    ]
    assert [row["kernel"] for row in read(files, "passport")] == ["6.1", "6.12"]


def test_the_passport_has_no_row_of_what_no_plan_does(files):
    record(Sighting(("bookworm", "trixie"), (OLD, NEW), "kernel-upgrade", 60, 1.5))
    assert read(files, "record")["rows"][0]["operation"] == "kernel-upgrade"
    assert read(files, "passport") == []


def test_nothing_is_kept_unless_the_run_is_to_keep_it(files, monkeypatch):
    monkeypatch.delenv(kernel_rows.WRITES)
    record(Sighting(("bookworm",), (OLD,), "join", 60, 1.5))
    assert read(files, "passport") == []
    assert not (files / "record.json").exists()


def test_the_section_has_a_column_a_cluster_by_the_numbers_of_its_kernels(files):
    record(Sighting(("trixie",), (NEW,), "create", 70, None))
    record(Sighting(("bookworm",), (OLD,), "create", 60, None))
    record(Sighting(("bookworm",), (OLD,), "join", 80, 3.52))
    text = kernels.section(read(files, "record"))
    assert "|Kernel|6.1|6.12|\n|---|---|---|\n|tools|1.8.7|1.8.8|\n" in text
    assert "|create|60|70|\n|join|80 / 3.5|-|\n" in text
    assert "|dead|-|-|\n" in text
    assert "kernel-upgrade" not in text
    assert "nothing was measured on 5.10 and 7.2." in text
