"""Histories of whole clusters: none breaks a law, each is the same again, a failing one is told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.gate import lease_decision
from reconciler.model.refusals import REFUSALS
from tests.simulation.__main__ import tell_one
from tests.simulation.campaign import play_portion
from tests.simulation.changes import CHANGES, Change
from tests.simulation.deeds import DEEDS
from tests.simulation.found import SEEDS
from tests.simulation.history import (
    FAULTS,
    RIVALS,
    TRICKS,
    Chapter,
    History,
    Trouble,
    make_history,
)
from tests.simulation.player import play
from tests.simulation.reasons import REASONS, find_unexplained
from tests.simulation.shrink import law_of, shrink
from tests.simulation.stories import QUIET, STORIES, place, start
from tests.simulation.story import tell_history, tell_played

ROOT = Path(__file__).parents[2]
SLICE = 50  # histories of a test, so that processes share them


@pytest.mark.parametrize("first", range(0, 250, SLICE))
def test_no_law_is_broken_in_any_history(first):
    assert play_portion(range(first, first + SLICE)).broken == {}


@pytest.mark.parametrize("name", STORIES)
def test_what_broke_a_law_once_does_so_no_more(name):
    assert play(STORIES[name]).wrongs == []


def test_every_seed_that_is_kept_is_of_a_story():
    assert SEEDS.keys() <= STORIES.keys()


def test_a_seed_gives_the_same_history_and_the_same_trace_in_every_process():
    code = (
        "from tests.simulation.history import make_history\n"
        "from tests.simulation.player import play\n"
        "for seed in (3, 5): print(repr(make_history(seed)), play(make_history(seed)).digest)\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    here = "".join(
        f"{make_history(seed)!r} {play(make_history(seed)).digest}\n" for seed in (3, 5)
    )
    assert told == {here}


def test_a_generator_draws_every_change_and_every_trouble():
    histories = [make_history(seed) for seed in range(1500)]
    chapters = [chapter for history in histories for chapter in history.chapters]
    assert {c.kind for chapter in chapters for c in chapter.changes} == CHANGES.keys()
    troubles = [trouble for chapter in chapters for trouble in chapter.troubles]
    assert {t.name for t in troubles if t.kind == "deed"} == DEEDS.keys()
    assert {t.name for t in troubles if t.kind == "fault"} == FAULTS.keys()
    assert {t.name for t in troubles if t.kind == "trick"} == {*TRICKS}
    assert {t.name for t in troubles if t.kind == "rival"} == {*RIVALS}


def test_every_reason_is_of_a_code_that_is_declared_and_of_a_trouble_that_is_drawn():
    assert REASONS.keys() <= REFUSALS.keys()
    deeds = {
        why.removeprefix("deed ") for why in sum(REASONS.values(), ()) if why[:5] == "deed "
    }
    assert [why for why in deeds if not any(name.startswith(why) for name in DEEDS)] == []
    kinds = {why[7:] for why in sum(REASONS.values(), ()) if why[:7] == "change "}
    assert kinds <= CHANGES.keys()


def test_a_refusal_that_nothing_accounts_for_is_told():
    assert find_unexplained(["paused"], ["deed paused"]) == []
    assert find_unexplained(["paused", "usage"], ["deed power"]) == ["paused", "usage"]


def test_a_failing_history_shrinks_to_a_story_in_words(monkeypatch):
    monkeypatch.setattr(lease_decision, "EXPIRY", 10**9)
    kill, pause = Trouble("kill", "before", at=9), Trouble("pause", at=10)
    clock = Trouble("deed", "clock", 0)
    history = History(
        place(2),
        start(2),
        (QUIET, Chapter((Change("slots", "lun1", 12),), (pause, clock, kill), mended=True)),
    )
    law = law_of(play(history).wrongs[0])
    smaller = shrink(history, law, 20)
    assert smaller == History(place(2), start(2), (Chapter((), (kill,), mended=True),))
    told = tell_history(smaller) + tell_played(play(smaller))
    assert "the controller is killed before its 9th command" in told
    assert "broken: 28 no end after 3 runs" in told


def changes_of(seed):
    return {c.kind for chapter in make_history(seed).chapters for c in chapter.changes}


def test_a_history_that_breaks_nothing_is_told_in_words_and_not_cut_down(capsys):
    seed = next(seed for seed in range(1000) if "access" in changes_of(seed))
    assert tell_one(seed, smaller=True) == 0
    told = capsys.readouterr().out
    assert told.startswith("No law was broken: there is nothing to cut down.\n")
    assert re.search(r"the file: LUN access of \S+: (mapped|revoked)\n", told)
    assert "run: converged\n" in told
