"""Clusters, the worst first, a page at a time."""

import pytest

from reconciler.model.watched import Reading, Round
from reconciler.storage.cluster_conditions import standing_conditions
from reconciler.storage.clusters import (
    Search,
    add_cluster,
    count_clusters,
    drop_clusters,
    find_cluster,
    load_cluster,
    page_of_clusters,
)
from reconciler.storage.rounds import record_round
from tests.unit.storage.moments import EPOCH, at


@pytest.fixture
def fleet(state):
    """Twenty clusters of four ranks."""
    with state.writing() as connection:
        for number in range(20):
            name = f"c{number:02}"
            cluster = add_cluster(connection, f"/etc/{name}.yaml", name, EPOCH)
            status = "True" if number % 4 == 3 else "False"
            reading = Reading(f"cluster/{name}", "Blocked", status, "r", "m")
            found = Round(number % 4, "s", "d", (reading,))
            record_round(connection, cluster, found, at(1))
    return state


def test_pages_are_the_whole_order_without_a_gap(fleet):
    names, after = [], None
    with fleet.reading() as connection:
        while page := page_of_clusters(connection, 3, after):
            names += [one.name for one in page]
            after = page[-1].place
    expected = sorted(range(20), key=lambda number: (-(number % 4), number))
    assert names == [f"c{number:02}" for number in expected]


def test_a_page_is_of_what_is_searched_for(fleet):
    with fleet.reading() as connection:
        blocked = Search(kind="Blocked")
        assert count_clusters(connection, blocked) == 5
        names = [one.name for one in page_of_clusters(connection, 99, search=blocked)]
        assert names == ["c03", "c07", "c11", "c15", "c19"]
        both = Search("C1", "Blocked")
        assert [one.name for one in page_of_clusters(connection, 99, search=both)] == [
            *("c11", "c15", "c19")
        ]
        assert count_clusters(connection, Search("%")) == 0
        assert count_clusters(connection) == 20


def test_a_cluster_is_added_once_and_two_files_may_have_one_name(state):
    with state.writing() as connection:
        one = add_cluster(connection, "/a", "c", EPOCH)
        assert add_cluster(connection, "/a", "c", at(9)) == one
        other = add_cluster(connection, "/b", "c", EPOCH)
        assert other != one
        assert find_cluster(connection, "/b", "c") == load_cluster(connection, other)
        assert find_cluster(connection, "/c", "c") is None
        assert load_cluster(connection, 10**6) is None
        assert load_cluster(connection, one).state == "new"


def test_what_no_file_has_is_forgotten_with_all_of_it(fleet):
    with fleet.writing() as connection:
        kept = find_cluster(connection, "/etc/c03.yaml", "c03")
        gone = find_cluster(connection, "/etc/c04.yaml", "c04")
        others = {one.id for one in page_of_clusters(connection, 99)} - {kept.id}
        drop_clusters(connection, others)
        assert page_of_clusters(connection, 99) == [kept]
        assert standing_conditions(connection, gone.id) == []
        assert len(standing_conditions(connection, kept.id)) == 1
