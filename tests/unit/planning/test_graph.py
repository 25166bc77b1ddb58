from graphlib import CycleError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.planning import graph


@st.composite
def graphs(draw):
    """Acyclic by construction: a node needs only nodes with a smaller number."""
    size = draw(st.integers(0, 9))
    return {
        f"n{node}": frozenset(
            f"n{need}" for need in draw(st.sets(st.integers(0, node - 1))) if node
        )
        if node
        else frozenset()
        for node in range(size)
    }


def test_order_puts_needs_first_and_keeps_the_given_order_where_free():
    found = graph.order({"c": frozenset("b"), "d": frozenset(), "b": frozenset()})
    assert found == ("d", "b", "c")


def test_a_cycle_is_named():
    with pytest.raises(CycleError) as error:
        graph.order({"a": frozenset("b"), "b": frozenset("a")})
    assert set(error.value.args[1]) == {"a", "b"}


@given(graphs())
def test_reduction_keeps_every_order_and_no_edge_is_implied_by_others(value):
    reduced = graph.reduce(value)
    for node in value:
        assert graph.closure(value, frozenset({node})) == graph.closure(
            reduced, frozenset({node})
        )
        for need in reduced[node]:
            others = reduced[node] - {need}
            assert need not in graph.closure(reduced, others)


def test_what_is_reached_of_some_is_what_their_closures_have():
    early = {"a": frozenset(), "b": frozenset({"a"}), "c": frozenset({"b", "gone"})}
    late = {"x": frozenset({"y"}), "y": frozenset({"a"})}  # not in order
    whole = {**early, **late}
    chosen = frozenset({"a", "y"})
    expected = {node: chosen & graph.closure(whole, frozenset({node})) for node in whole}
    assert graph.find_reached(whole, chosen) == expected
    assert expected["x"] == {"a", "y"}
