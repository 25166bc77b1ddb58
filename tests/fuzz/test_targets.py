"""Each target, without libFuzzer: its corpus, changed inputs, large ones; and each is alive."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

import pytest

from tests.fuzz.packing import corpus, read_inputs, write_inputs
from tests.fuzz.reach import fewest, forget_texts, reach
from tests.fuzz.stretching import stretch
from tests.fuzz.target import Target, examine
from tests.fuzz.targets import TARGETS

# A plan of each input costs more than all the others together.
SLOW = {"planned-facts": 60, "desired-state": 150, "plan-document": 60, "facts-document": 100}
CHANGED = 200
EACH = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


def changed(target: Target, number: int) -> Iterator[bytes]:
    """Other inputs of a target, each time the same."""
    chance = Random(target.name)  # noqa: S311  # no secret
    words = tuple(word.encode() for word in target.words)
    known = [*target.seeds(), *corpus(target.name)]
    for _ in range(number):
        yield target.change(chance.choice(known), chance, words)[: target.longest]


@EACH
def test_seeds_and_corpus_are_answered(target: Target) -> None:
    for data in (*target.seeds(), *corpus(target.name)):
        examine(target, data)


@EACH
def test_changed_inputs_are_answered(target: Target) -> None:
    for data in changed(target, SLOW.get(target.name, CHANGED)):
        examine(target, data)


@EACH
def test_a_large_input_takes_no_square_of_its_size(target: Target) -> None:
    seeds = sorted(target.seeds(), key=len)
    size = target.longest if target.name in SLOW else 64 * 1024
    for data in stretch(seeds[-1], size):
        examine(target, data)


@EACH
def test_a_parser_that_fails_is_found(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is behind the target's door fails now and then: an input shows it."""
    module, _, name = target.door.partition(":")
    place = importlib.import_module(module) if "." in module else None
    assert place is not None
    monkeypatch.setattr(place, name, failing(getattr(place, name)))
    forget_texts()
    inputs = (*target.seeds(), *corpus(target.name), *changed(target, 1000))
    with pytest.raises(Broken):
        examine_all(target, inputs)
    forget_texts()


def examine_all(target: Target, inputs: Iterable[bytes]) -> None:
    for data in inputs:
        examine(target, data)


class Broken(Exception):
    """Nothing that a parser may raise."""


def failing(real: Any) -> Any:
    """``real``, which fails where it is called; a module fails where anything of it is used."""
    if isinstance(real, type(pytest)):
        return Useless()
    return _fail


def _fail(*_arguments: object, **_named: object) -> Any:
    raise Broken


class Useless:
    """In place of a module."""

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        return _fail


def test_a_corpus_comes_back_as_it_was_written(tmp_path: Any) -> None:
    inputs = (b"", b"\xff\xfe\0", b"a\nb", "é\ud800".encode("utf-8", "surrogatepass"))
    write_inputs(tmp_path / "x.jsonl", inputs)
    assert set(read_inputs(tmp_path / "x.jsonl")) == set(inputs)


def test_the_fewest_inputs_lead_as_far_as_all() -> None:
    target = TARGETS["cluster-conf"]
    inputs = [*target.seeds(), b"", b"x", b"node:\n"]
    found = fewest(target, inputs, 10_000, 100)
    assert len(found) < len(inputs)
    every = [reach(target, data) for data in inputs]
    assert frozenset().union(*every) == frozenset().union(*(reach(target, d) for d in found))


def test_the_corpora_are_small() -> None:
    sizes = {name: sum(map(len, corpus(name))) for name in TARGETS}
    assert sum(sizes.values()) < 500_000, sizes
