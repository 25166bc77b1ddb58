"""What a state says on a small disk of its own, a line each: DIRECTORY is the disk."""

import sys
from pathlib import Path

from reconciler.errors import StoreFailed
from reconciler.storage.clusters import add_cluster, count_clusters
from reconciler.storage.database import Database, open_state
from reconciler.storage.exclusive import hold_state
from tests.unit.storage.moments import EPOCH


def fill(state: Database) -> int:
    """How many clusters there were when no more could be written."""
    number = 0
    while True:
        with state.reading() as connection:
            there = count_clusters(connection)
        try:
            with state.writing() as connection:
                for _ in range(20):
                    number += 1
                    add_cluster(connection, f"/{number}", "c" * 500, EPOCH)
        except StoreFailed as error:
            print(type(error).__name__)
            return there


def opened(place: Path) -> Database | None:
    try:
        return open_state(place, EPOCH)
    except StoreFailed as error:
        print(type(error).__name__)
        return None


def main(disk: Path) -> None:
    """Full, then with room again."""
    ballast, place = disk / "ballast", disk / "state"
    with hold_state(place):
        state = opened(place)
        there = 0 if state is None else fill(state)
        ballast.unlink()
        state = state or opened(place)
        with state.reading() as connection:
            print("kept", count_clusters(connection) == there)
        with state.writing() as connection:
            add_cluster(connection, "/later", "c", EPOCH)
        state.close()
        state = opened(place)
        with state.reading() as connection:
            print("written", count_clusters(connection) == there + 1, state.aside)
        state.close()


if __name__ == "__main__":
    for disk in sys.argv[1:]:
        main(Path(disk))
