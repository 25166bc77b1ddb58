"""Cells of the fault matrix follow one another so that little has to be made ready between them."""

from tests.faults.matrix import take_next
from tests.faults.operations import OPERATIONS, State


def order_of(*cells):
    """The order in which they are played on one lab that is blank at first."""
    left, state, taken = list(cells), None, []
    while left:
        cell = take_next(left, state)
        operation = OPERATIONS[cell.split("/")[0]]
        state = operation.after(operation.before(state or State()))
        taken.append(cell)
    return taken


def test_a_blank_lab_is_created_first():
    assert order_of("join/killed", "create/killed")[0] == "create/killed"


def test_a_host_that_joined_is_there_to_leave():
    told = order_of("join/killed", "join/power", "leave/killed", "leave/power")
    assert told == ["join/killed", "leave/killed", "join/power", "leave/power"]


def test_what_begins_with_the_same_members_goes_between():
    told = order_of("create/killed", "leave/killed", "join/killed", "slots/killed")
    assert told == ["create/killed", "join/killed", "leave/killed", "slots/killed"]


def test_nothing_is_left_out_or_taken_twice():
    cells = [
        f"{operation}/{fault}" for operation in OPERATIONS for fault in ("killed", "power")
    ]
    assert sorted(order_of(*cells)) == sorted(cells)
