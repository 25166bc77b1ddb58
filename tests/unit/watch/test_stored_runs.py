"""Earlier runs say the same from the database of a fleet as from the directory of one machine."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.execution.journal import Journal
from reconciler.execution.run_index import index_runs
from reconciler.storage.runs import cut_off_runs, find_run
from reconciler.watch import stored_runs
from reconciler.watch.other_runs import OtherRuns, Who
from reconciler.watch.stored_runs import StoredRuns
from tests.unit.watch.test_heal_book import ACTED, BEGAN, HEALED, HEALS, NOW, START, finish

SEEN = ("observed", {"cluster": "ocfs2", "hosts": 1, "actions": 1, "plan": "p"})
LATER = timedelta(hours=1)


@pytest.fixture
def both(file_state, tmp_path):
    """Writes records; then asks the directory, and the database that has indexed it."""
    place, numbers = tmp_path / "runs", iter(range(99))

    def ask(*records):
        for events in records:
            number = next(numbers)
            moment = START + timedelta(minutes=number)
            with Journal(place, f"r{number}", lambda: moment) as journal:  # noqa: B023  # used at once
                for event, details in events:
                    journal.emit(event, {"cluster": None, **details})
        index_runs(file_state, place, datetime.now(UTC) + LATER)  # noqa: TID251  # of real files
        return OtherRuns(place), StoredRuns(file_state)

    return ask


GOOD = (BEGAN, SEEN, finish("converged"))
RECORDS = {
    "nothing": (),
    "cut off": ((BEGAN, SEEN, ACTED),),
    "cut off, and healed since": (
        (BEGAN, SEEN, ACTED),
        (HEALS, SEEN, ACTED, finish("converged")),
    ),
    "cut off, and brought to its end": ((BEGAN, SEEN, ACTED), GOOD),
    "good, and cut off since": (GOOD, (BEGAN, SEEN, ACTED)),
    "failed": ((BEGAN, SEEN, ACTED, finish("failed")),),
    "refused before anything began": (GOOD, (BEGAN, SEEN, finish("refused"))),
    "killed at the question": ((BEGAN, SEEN),),
    "nothing to change": ((BEGAN, SEEN, finish("no-change")),),
}


@pytest.mark.parametrize("records", RECORDS.values(), ids=RECORDS)
def test_what_holds_up_and_what_clears_is_the_same(both, monkeypatch, records):
    monkeypatch.setattr(stored_runs, "PAGE", 1)
    directory, stored = both(*records)
    found = directory.look(Who("ocfs2"), NOW)
    assert stored.look(Who("ocfs2"), NOW) == found
    assert stored.look(Who("other"), NOW) == ((), None)
    before = START - LATER
    assert stored.look(Who("ocfs2"), before) == directory.look(Who("ocfs2"), before)


def test_what_a_healing_tried_is_the_same(both):
    left = ("run-finished", {"detached": True, "clusters": {}})
    directory, stored = both(HEALED, (*HEALED, left))
    for run in ("r0", "r1", "never-begun"):
        assert stored.attempts(run) == directory.attempts(run)
    assert len(stored.attempts("r0")) == 3


def test_a_healing_is_at_work_until_its_worker_is_given_up(both, file_state, tmp_path):
    with Journal(tmp_path / "runs", "r", lambda: START) as journal:
        for event, details in HEALED:
            journal.emit(event, {"cluster": None, **details})
        _, stored = both()
        assert stored.attempts("r") is None
        with file_state.writing() as connection:
            assert find_run(connection, "r").worker == ""
            assert cut_off_runs(connection, "") == ["r"]
        assert [one.result for one in stored.attempts("r")] == ["healed", "failed", "failed"]
