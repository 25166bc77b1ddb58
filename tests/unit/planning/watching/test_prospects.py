"""What is said of a difference or a trouble: who ends it, the daemon or somebody."""

import pytest

from reconciler.model.watched import Reading
from reconciler.planning.watching.prospects import PASSES, SOMEBODY, say_left, say_next


@pytest.mark.parametrize("code", sorted(PASSES))
def test_what_passes_is_healed_then(code):
    words = say_left(code, "why")
    assert words == "The daemon heals it by itself once that is over: why."


def test_what_does_not_pass_needs_somebody():
    words = say_left("not-healable", "why")
    assert words == f"{SOMEBODY} It is not healed by itself: why."


def reading(kind, status="True", reason="X"):
    return Reading("cluster/ocfs2", kind, status, reason, "the words")


DEGRADED = reading("Degraded")


@pytest.mark.parametrize(
    ("healing", "expected"),
    [
        (None, SOMEBODY),
        (reading("Healing"), "The daemon heals by itself: the words."),
        (
            reading("Healing", "False", "WindowClosed"),
            "The daemon heals what it may once that is over: the words.",
        ),
        (reading("Healing", "False", "PolicyReports"), SOMEBODY),
    ],
)
def test_who_ends_a_trouble_is_said_by_what_is_known_of_the_healing(healing, expected):
    assert say_next(DEGRADED, healing) == expected


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("Converged", "The daemon looks again by itself."),
        ("Paused", "Whoever paused it has to resume it; until then nothing is healed."),
        ("Healing", ""),
        ("Drifted", SOMEBODY),
    ],
)
def test_of_other_conditions_it_is_said_whatever_the_healing(kind, words):
    assert say_next(reading(kind), reading("Healing")) == words
