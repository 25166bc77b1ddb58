"""A frozen class does what one of the standard library does, and is made when it is used."""

import copy
import pickle
from dataclasses import (
    FrozenInstanceError,
    asdict,
    dataclass,
    field,
    fields,
    is_dataclass,
    replace,
)

import pytest

from reconciler.frozen import frozen

ours, theirs = {}, {}


def both(cls):
    """The class made both ways, each by itself, so that neither sees what became of the other."""
    body = {
        key: value for key, value in vars(cls).items() if key not in {"__dict__", "__weakref__"}
    }
    ours[cls.__name__] = frozen(type(cls.__name__, (), dict(body)))
    theirs[cls.__name__] = dataclass(frozen=True, slots=True)(
        type(cls.__name__, (), dict(body))
    )
    return cls


@both
class Whole:
    """Every sort of field that there is."""

    name: str
    size: int = 3
    tags: tuple[str, ...] = field(default=(), repr=False)
    notes: list[str] = field(default_factory=list, compare=False)
    found: object = field(default=None, init=False, compare=False)


@both
class Single:
    """One field, and a check."""

    number: int

    def __post_init__(self):
        if self.number < 0:
            raise ValueError("negative")


@frozen
class Kept:
    """Of this module, so that it can be pickled."""

    name: str
    size: int = 1


GIVEN = [
    ("Whole", ("a",), {}),
    ("Whole", ("a", 4), {"tags": ("x",), "notes": ["n"]}),
    ("Whole", (), {"name": "b", "size": 3}),
    ("Single", (7,), {}),
]


@pytest.mark.parametrize(("name", "given", "named"), GIVEN)
def test_an_object_is_as_one_of_the_standard_library(name, given, named):
    one, other = ours[name](*given, **named), theirs[name](*given, **named)
    assert repr(one) == repr(other)
    assert asdict(one) == asdict(other)
    assert [f.name for f in fields(one)] == [f.name for f in fields(other)]
    assert (type(one).__match_args__, type(one).__slots__) == (
        type(other).__match_args__,
        type(other).__slots__,
    )
    assert is_dataclass(one)
    again = ours[name](*given, **named)
    assert (one == again, hash(one) == hash(again), one != other) == (True, True, True)


@pytest.mark.parametrize("made", [ours, theirs])
def test_what_is_not_compared_does_not_count_and_a_default_is_made_for_each(made):
    one, other = made["Whole"]("a"), made["Whole"]("a")
    one.notes.append("n")
    assert (one == other, other.notes, one == replace(one, size=4)) == (True, [], False)
    assert one.__eq__(1) is NotImplemented


@pytest.mark.parametrize("made", [ours, theirs])
def test_nothing_can_be_assigned_or_taken_away(made):
    one = made["Whole"]("a")
    with pytest.raises(FrozenInstanceError):
        one.size = 4
    with pytest.raises(FrozenInstanceError):
        del one.size
    assert one.size == 3


@pytest.mark.parametrize("made", [ours, theirs])
def test_its_own_check_is_made(made):
    with pytest.raises(ValueError, match="negative"):
        made["Single"](-1)


@pytest.mark.parametrize("made", [ours, theirs])
@pytest.mark.parametrize("given", [(), ("a", 1, (), [], None)])
def test_what_is_missing_or_too_much_is_a_type_error(made, given):
    with pytest.raises(TypeError, match="argument"):
        made["Whole"](*given)


def pickle_again(one):
    return pickle.loads(pickle.dumps(one))  # noqa: S301  # made here


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickle_again])
def test_a_copy_is_equal_and_as_frozen(again):
    one = again(Kept("a", 2))
    assert one == Kept("a", 2)
    with pytest.raises(FrozenInstanceError):
        one.name = "b"


def test_init_is_compiled_when_the_first_object_is_made():
    @frozen
    class Late:
        number: int

    before = Late.__init__
    first = Late(1)
    assert (Late.__init__ is before, first, Late(2).number) == (False, Late(1), 2)
