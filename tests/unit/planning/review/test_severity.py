"""Severity: each thing that drift can say leads to something that a table tells."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings

from reconciler.model.policy import SEVERITIES, Severity
from reconciler.planning.review.drift import TRUTHS, Item, detect_drift
from reconciler.planning.review.severity import (
    BY_CODE,
    BY_PLACE,
    UNTOLD,
    consequence,
    place_of,
    worst_first,
)
from reconciler.reports.glossary.address_patterns import PATTERNS
from tests.clock import drive
from tests.runs import Controller
from tests.strategies import bounded, build, clusters

CHANGED = [p for p in PATTERNS if p.has_aspect and not p.text.startswith("cluster/")]


def item(address, expected="a", actual="b", kind="changed-outside", code=""):
    return Item(address, "node01", "file", kind, expected, actual, "because", code)


def test_every_refusal_that_is_drift_has_its_row():
    assert BY_CODE.keys() == TRUTHS.keys()


def test_every_place_that_changes_has_its_row():
    assert {place_of(pattern.text) for pattern in CHANGED} == BY_PLACE.keys()


@pytest.mark.parametrize("place", BY_PLACE)
def test_the_last_row_of_a_place_is_of_all_that_is_left(place):
    always = {rows[-1][0] for rows in BY_PLACE.values()}
    assert len(always) == 1
    assert BY_PLACE[place][-1][0] in always
    assert [when for when, _found in BY_PLACE[place][:-1] if when in always] == []


def test_each_severity_is_said_and_says_what_it_leads_to():
    rows = [*BY_CODE.values(), *(found for rows in BY_PLACE.values() for _when, found in rows)]
    assert {row.severity for row in rows} == set(SEVERITIES) == set(get_args(Severity))
    assert all(row.leads_to for row in rows)
    assert UNTOLD not in rows


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("member/node01/cluster.conf", "member/cluster.conf"),
        ("member/node01/service/a.service", "member/service"),
        ("member/node01/service/a.service/boot", "member/service/boot"),
        ("member/node01/guest/images/vm1", "member/guest"),
        ("volume/images/mount/node01", "volume/mount"),
        ("volume/images/mount/node01/options", "volume/mount/options"),
        ("volume/images/size", "volume/size"),
        ("volume/images/size/node01", "volume/size"),
        ("volume/boot/boot/boot", "volume/boot"),
    ],
)
def test_a_place_has_no_names(address, place):
    assert place_of(address) == place


@pytest.mark.parametrize(
    ("found", "severity"),
    [
        (item("member/node01/cluster.conf", actual=None), "degrades"),
        (item("member/node01/cluster.conf"), "loses"),
        (item("member/node01/live-nodes", actual=None), "degrades"),
        (item("member/node01/live-nodes"), "loses"),
        (item("member/node01/o2cb-at-boot", "enabled", "disabled"), "degrades"),
        (item("member/node01/o2cb-at-boot", "disabled", "enabled"), "loses"),
        (item("volume/images/boot/node01", actual=None), "degrades"),
        (item("volume/images/boot/node01", expected=None), "loses"),
        (item("volume/images/file-system", actual=None), "loses"),
        (item("volume/images/file-system", actual=None, kind="not-applied"), "degrades"),
        (item("volume/images/mount/node01/options"), "cosmetic"),
        (item("volume/images", None, "m", code="foreign-heartbeat"), "loses"),
        (item("volume/images/nobody-knows"), "degrades"),
    ],
)
def test_what_it_leads_to_depends_on_its_direction(found, severity):
    assert consequence(found).severity == severity


def test_the_worst_comes_first_and_the_rest_stays_in_order():
    names = ("tools-version", "module", "cluster.conf", "packages")
    found = worst_first([item(f"member/node01/{name}") for name in names])
    assert [i.address.rpartition("/")[2] for i in found] == [
        *("cluster.conf", "module", "packages", "tools-version")
    ]


@settings(bounded, max_examples=15)
@given(clusters(most=3))
def test_whatever_a_plan_changes_has_a_row(drawn):
    world, some, everyone = build(drawn)
    for wanted in (some, everyone):
        plan = drive(world, Controller(world).plan(wanted))
        for cluster in plan.clusters:
            drift = detect_drift(replace(cluster, blocked=()), None)
            assert UNTOLD not in {consequence(found) for found in drift.items}
