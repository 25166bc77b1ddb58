"""A worker takes no other database for that of its fleet, and none that lacks what was in it."""

import pytest

from reconciler.errors import StoreFailed
from reconciler.fleet.known_database import KnownDatabase
from reconciler.storage.fleet_identity import LIFE as LIVES
from reconciler.storage.fleet_identity import Identity, make_identity, read_identity
from reconciler.storage.fleet_workers import Life, begin_life
from reconciler.storage.meta_words import write_word

LIFE = Life("w1", ("north",), "host", 1, "1", 1)


@pytest.fixture
def known(state, tmp_path):
    with state.writing() as connection:
        make_identity(connection)
        begin_life(connection, LIFE)
    return KnownDatabase(tmp_path / "state" / "fleet.json", "place")


def found(state):
    with state.reading() as connection:
        return read_identity(connection)


def check(known, state):
    with state.reading() as connection:
        known.check(connection)


def test_one_that_was_never_worked_with_is_taken(known, state):
    check(known, state)


def test_the_same_with_all_that_was_in_it_is_taken(known, state):
    known.remember(found(state))
    check(known, state)
    assert known.path.stat().st_mode & 0o777 == 0o600


def test_that_of_another_fleet_is_refused(known, state):
    known.remember(Identity("another", 0))
    with pytest.raises(StoreFailed, match="fleet-database-other"):
        check(known, state)


def test_one_that_lacks_lives_is_refused(known, state):
    fleet = found(state)
    known.remember(Identity(fleet.fleet, fleet.life + 1))
    with pytest.raises(StoreFailed, match="fleet-database-older"):
        check(known, state)


def test_what_others_began_is_remembered_too(known, state):
    """Else a standby that was behind would be taken by the worker that began first."""
    known.remember(found(state))
    with state.writing() as connection:
        begin_life(connection, Life("w2", ("north",), "host", 2, "1", 2))
    known.remember(found(state))
    with state.writing() as connection:
        write_word(connection, LIVES, "1")
    with pytest.raises(StoreFailed, match="fleet-database-older"):
        check(known, state)


def test_what_leads_elsewhere_while_a_worker_lives_is_not_remembered(known, state):
    known.remember(found(state))
    known.remember(Identity("another", 99))
    check(known, state)
