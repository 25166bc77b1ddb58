"""The passport as a table of at most so many columns, and as a document."""

from dataclasses import replace

from reconciler.model.observed import Observed, Unreachable
from reconciler.passport.operations import OPERATIONS
from reconciler.passport.passport_rows import Row
from reconciler.passport.platforms import Platform
from reconciler.reports.passport import (
    Passport,
    cluster_lines,
    clusters_document,
    passport_document,
    passport_lines,
)
from tests.builders import converged, spec, volume

OLD, NEW, NEXT = Platform("6.1", "1.8.7"), Platform("6.12", "1.8.8"), Platform("6.13", "1.8.8")
DAY = "2026-11-29"
LAB = (
    *(Row((OLD,), name, DAY) for name in OPERATIONS),
    Row((NEW,), "join", DAY),
    Row((OLD, NEW), "join", DAY),
)
FIELD = (Row((NEXT,), "join", "2026-10-01", 2), Row((OLD,), "leave", "2026-09-01"))
ALL = Passport(LAB, FIELD, 7, "/state/runs")
CLUSTER = spec(("node01", "node02"), volumes=[volume()])


def text(lines):
    return [line for _style, line in lines]


def row(lines, name):
    """The words of the first row of a name."""
    return next(line.split() for line in text(lines) if line.startswith(f"{name} "))


def hosts(*platforms):
    """The hosts of the cluster on these."""
    found = {
        name: replace(
            facts,
            identity=replace(facts.identity, kernel=f"{platform.kernel}.9-amd64"),
            packages=replace(
                facts.packages,
                versions={"ocfs2-tools": f"{platform.tools}-1"} if platform.tools else {},
            ),
        )
        for (name, facts), platform in zip(
            converged(CLUSTER).hosts.items(), platforms, strict=True
        )
    }
    return Observed(found)


def test_a_column_a_pair_a_row_an_operation():
    lines = list(passport_lines(ALL, 80))
    assert row(lines, "kernel") == ["kernel", "6.1", "6.12", "6.13"]
    assert row(lines, "ocfs2-tools") == ["ocfs2-tools", "1.8.7", "1.8.8", "1.8.8"]
    assert row(lines, "join") == ["join", "proven", "proven", "seen"]
    assert row(lines, "leave") == ["leave", "both", "-", "-"]
    assert [line.split()[0] for line in text(lines)[2:17]] == list(OPERATIONS)
    assert "7 records read in /state/runs" in text(lines)[-1]
    assert f"last on {DAY}" in text(lines)[-3]


def test_clusters_whose_members_differ_stand_below():
    lines = text(passport_lines(ALL, 80))
    (at,) = (number for number, line in enumerate(lines) if "6.1+6.12" in line)
    assert lines[at - 1] == ""
    assert lines[at + 1].split() == ["ocfs2-tools", "1.8.7+1.8.8"]
    assert lines[at + 3].split() == ["join", "proven"]


def test_in_a_narrow_terminal_columns_go_below():
    lines = text(passport_lines(ALL, 32))
    assert [line.split()[1:] for line in lines if line.startswith("kernel")] == [
        ["6.1", "6.12"],
        ["6.13"],
        ["6.1+6.12"],
    ]
    assert max(map(len, lines[:50])) <= 32


def test_without_any_rows_it_says_so():
    assert text(passport_lines(Passport((), (), 0, "/state/runs"), 80))[0] == (
        "nothing is proven, and no run of yours has shown anything"
    )


def test_hosts_of_a_proven_pair_have_nothing_unknown():
    lines = text(cluster_lines(ALL, [(CLUSTER, hosts(OLD, OLD))], 80))
    assert lines[0] == "cluster ocfs2  2/2 hosts answered"
    assert lines[1] == "  kernel 6.1 with ocfs2-tools 1.8.7  node01,node02"
    assert not any("unknown on" in line for line in lines)


def test_what_is_unknown_is_named_with_what_to_do_about_it():
    lines = text(cluster_lines(ALL, [(CLUSTER, hosts(OLD, NEXT))], 80))
    (at,) = (n for n, line in enumerate(lines) if line == f"unknown on {NEXT}:")
    assert lines[at + 1] == f"    {', '.join(name for name in OPERATIONS if name != 'join')}"
    (both,) = (n for n, line in enumerate(lines) if line == f"unknown on {OLD} beside {NEXT}:")
    assert lines[both + 1] == "    every operation"
    assert lines[both + 3].startswith("Try it first on a test cluster with the same kernels")
    assert lines[both + 4] == f"Or take what it is proven on: {OLD}."


def test_a_host_that_did_not_answer_is_told_and_one_without_tools_too():
    seen = hosts(Platform("6.12", ""), OLD)
    lost = Unreachable("node02", "host-unreachable", "no route to host")
    observed = Observed({**seen.hosts, "node02": lost})
    lines = text(cluster_lines(ALL, [(CLUSTER, observed)], 80))
    assert lines[0] == "cluster ocfs2  1/2 hosts answered"
    assert lines[1] == "  kernel 6.12, ocfs2-tools unknown  node01"
    assert "no route to host" in lines[2]
    assert lines[5].split() == ["ocfs2-tools", "?"]


def test_the_document_has_a_row_for_each_operation_and_when_it_was():
    rows = {
        (r["kernel"], r["tools"], r["operation"]): r for r in passport_document(ALL)["rows"]
    }
    assert len(rows) == 4 * len(OPERATIONS)
    words = {"kernel": "6.1", "tools": "1.8.7", "operation": "leave"}
    assert rows["6.1", "1.8.7", "leave"] == {
        **words,
        "standing": "proven",
        "laboratory": DAY,
        "field": {"last": "2026-09-01", "runs": 1},
    }
    assert rows["6.13", "1.8.8", "join"]["standing"] == "seen"
    assert rows["6.13", "1.8.8", "leave"]["standing"] == "unknown"


def test_the_document_of_clusters_has_their_hosts():
    seen = hosts(OLD, Platform("6.1", ""))
    document = clusters_document(ALL, [(CLUSTER, seen)])
    (cluster,) = document["clusters"]
    assert cluster["hosts"] == {
        "node01": {"kernel": "6.1", "tools": "1.8.7"},
        "node02": {"kernel": "6.1", "tools": None},
    }
    assert {r["standing"] for r in cluster["rows"]} == {"proven"}
    assert (document["format_version"], document["runs"]) == ("1", 7)
