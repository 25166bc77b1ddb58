import json
import stat
from datetime import UTC, datetime

from reconciler.execution.journal import Journal, broken_line

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def written(directory):
    heard = []
    with Journal(directory, "run1", lambda: NOON) as journal:
        journal.listeners.append(heard.append)
        for number in range(3):
            journal.emit("observed", {"cluster": "ocfs2", "number": number})
    return journal.path, heard


def test_every_line_is_on_disk_private_and_told_to_the_listeners(tmp_path):
    path, heard = written(tmp_path / "runs")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [{k: v for k, v in line.items() if k != "previous"} for line in lines] == heard
    assert heard[0] == {
        "event": "observed",
        "time": "2026-11-22T12:00:00.000+00:00",
        "run": "run1",
        "cluster": "ocfs2",
        "number": 0,
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_chain_shows_an_edit_of_the_middle(tmp_path):
    path, _ = written(tmp_path)
    text = path.read_text()
    assert broken_line(text) is None
    assert broken_line(text.replace('"number": 1', '"number": 7')) == 3
    first, _second, third = text.splitlines()
    assert broken_line(f"{first}\n{third}\n") == 2
    assert broken_line("not json\n") == 1
