from dataclasses import asdict, dataclass

from reconciler.model.identity_cache import once_each
from reconciler.model.plain import to_plain
from tests.builders import converged, spec, volume


def test_the_same_objects_are_worked_out_once_and_equal_ones_again():
    asked = []

    @once_each()
    def total(first, second):
        asked.append((first, second))
        return sum(first) + sum(second)

    one, two = (1000, 2000), (3000,)
    assert total(one, two) == total(one, two) == 6000
    assert len(asked) == 1
    assert total(tuple(range(1000, 2001, 1000)), two) == 6000
    assert len(asked) == 2


def test_what_is_called_by_name_is_no_answer_for_another_call():
    @once_each()
    def add(first, second=0):
        return first + second

    one = 1000
    assert add(one, second=5) == 1005
    assert add(one) == 1000
    assert add(one, second=7) == 1007


def test_what_is_remembered_is_bounded_and_an_id_is_never_another_objects():
    @once_each(8)
    def first(value):
        return value[0]

    for number in range(1000):
        assert first((number, "an object that goes at once")) == number


@dataclass(frozen=True, slots=True)
class Pair:
    left: object
    right: object


def test_plain_values_are_those_of_asdict():
    value = Pair((Pair(1, None), Pair("x", [1.5])), {"key": Pair(True, ("a", "b"))})
    assert to_plain(value) == asdict(value)
    cluster = spec(volumes=[volume()])
    for facts in converged(cluster).hosts.values():
        assert to_plain(facts) == asdict(facts)
