"""A host that fails in a row is left alone until its backoff is over, and then tried by one for all."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.errors import HostUnreachable
from reconciler.watch.circuits import Backoff, Circuits, paced_backoff

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOST = "root@10.0.0.1:22"


@dataclass
class Asked:
    """Circuits with a clock of the test, and how often the host itself was asked."""

    seconds: float = 0.0
    tries: int = 0
    circuits: Circuits = field(init=False)

    def __post_init__(self):
        wall = lambda: START + timedelta(seconds=self.seconds)  # noqa: E731
        self.circuits = Circuits(Backoff(), lambda: self.seconds, wall)

    def ask(self, code="host-unreachable", cluster="a", name="node01"):
        """One ask, which the host itself would answer with ``code``; what it came to."""
        try:
            with self.circuits.trying(HOST, cluster, name):
                self.tries += 1
                fail(name, code, f"failure {self.tries}")
        except HostUnreachable as error:
            return error
        return None


def fail(name, code, message):
    if code:
        raise HostUnreachable(name, code, message)


@pytest.fixture
def counter():
    return Asked()


def test_one_failure_alone_leaves_nobody_alone(counter):
    counter.ask()
    counter.ask("")
    counter.ask()
    assert (counter.tries, counter.circuits.open_count) == (3, 0)


def test_after_failures_in_a_row_it_is_answered_at_once_with_the_same_code_and_the_times(
    counter,
):
    counter.ask("login-refused")
    counter.seconds = 10
    counter.ask("login-refused")
    counter.seconds = 12
    found = counter.ask("", name="node01")
    assert (counter.tries, found.code, found.host) == (2, "login-refused", "node01")
    assert found.message == (
        "failure 2; so since 2026-05-01T12:00:00+00:00, "
        "not tried again before 2026-05-01T12:00:40+00:00"
    )
    assert counter.circuits.open_count == 1
    with pytest.raises(HostUnreachable):
        counter.circuits.check(HOST, "node01")


def test_each_failed_try_doubles_the_wait_up_to_ten_minutes(counter):
    counter.ask()
    waits = []
    for _ in range(7):
        counter.ask()
        began = counter.seconds
        while counter.circuits.open_count:
            counter.seconds += 1
            try:
                counter.circuits.check(HOST, "node01")
            except HostUnreachable:
                continue
            break
        waits.append(counter.seconds - began)
    assert waits == [30, 60, 120, 240, 480, 600, 600]


def test_once_the_wait_is_over_one_tries_for_all(counter):
    counter.ask()
    counter.ask()
    counter.seconds = 31
    with counter.circuits.trying(HOST, "a", "node01"):
        assert counter.ask("").code == "host-unreachable"
        assert counter.tries == 2
    assert counter.circuits.open_count == 0
    assert counter.ask("") is None


def test_who_gives_up_its_try_leaves_it_to_the_next(counter):
    counter.ask()
    counter.ask()
    counter.seconds = 31
    with pytest.raises(RuntimeError), counter.circuits.trying(HOST, "a", "node01"):
        raise RuntimeError
    assert counter.ask("") is None
    assert counter.tries == 3


def test_what_was_on_its_way_when_the_circuit_opened_does_not_double_the_wait(counter):
    with suppress(HostUnreachable), counter.circuits.trying(HOST, "a", "node01"):
        counter.ask()
        counter.ask()
        fail("node01", "host-unreachable", "late")
    counter.seconds = 30
    assert counter.ask("") is None


@pytest.mark.parametrize("code", ["sudo-refused", "probe-differs", "output-too-large"])
def test_a_host_that_answers_with_a_refusal_is_asked_each_time(counter, code):
    for _ in range(5):
        counter.ask(code)
    assert (counter.tries, counter.circuits.open_count) == (5, 0)


@pytest.mark.parametrize(("clusters", "tried"), [(None, 3), ({"a"}, 3), ({"b"}, 2)])
def test_somebody_who_asks_has_it_tried_at_once(counter, clusters, tried):
    counter.ask()
    counter.ask()
    counter.circuits.close(clusters)
    counter.ask("")
    assert counter.tries == tried


def test_who_looks_often_waits_no_longer_than_eight_looks():
    assert paced_backoff(300.0) == Backoff(30.0, 600.0)
    assert paced_backoff(3.0) == Backoff(3.0, 24.0)
