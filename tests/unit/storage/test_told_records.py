"""What was told outlives the daemon, for each receiver and cluster by itself."""

from reconciler.model.watched import Told
from reconciler.storage.clusters import add_cluster
from reconciler.storage.told_records import keep_told, load_told
from tests.unit.storage.moments import EPOCH

TOLD = {("volume/a\u202eb", "Degraded"): Told("mount-missing", "loses", EPOCH)}


def test_what_was_told_comes_back_as_it_was(state):
    with state.writing() as connection:
        first, second = (add_cluster(connection, "f.yaml", name, EPOCH) for name in ("a", "b"))
        assert load_told(connection, first, "chat") == {}
        keep_told(connection, first, "chat", TOLD, EPOCH)
    with state.reading() as connection:
        assert load_told(connection, first, "chat") == TOLD
        assert load_told(connection, first, "mail") == {}
        assert load_told(connection, second, "chat") == {}
    with state.writing() as connection:
        keep_told(connection, first, "chat", {}, EPOCH)
        assert load_told(connection, first, "chat") == {}
