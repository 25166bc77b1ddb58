"""Words of hosts on the way: they move no terminal's cursor."""

import io
import re
from dataclasses import replace

from reconciler.cli import progress
from reconciler.cli.terminal import say
from reconciler.planning.planner import make_plan
from tests.builders import bare, spec, volume


def test_what_a_command_said_on_a_host_is_shown_without_its_control_characters(capsys):
    words = {"summary": "mount \x1b[2Jimages", "message": "mount: \x1b]0;x\x07gone\x9b1A"}
    progress.plain({"event": "action-failed", "time": "12:00", "host": "node01", **words})
    err = capsys.readouterr().err
    assert err == "12:00 FAILED node01: mount ?[2Jimages: mount: ?]0;x?gone?1A\n"


class Terminal(io.TextIOWrapper):
    """With bytes below it, which click writes to past whoever stands in for stderr."""

    def __init__(self):
        super().__init__(io.BytesIO(), "utf-8", write_through=True)

    def isatty(self):
        return True


async def test_what_is_said_takes_the_place_of_the_bars_which_are_drawn_again_below(
    monkeypatch,
):
    cluster = spec(volumes=[volume()])
    actions = make_plan([(cluster, bare(cluster))]).actions
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with progress.live(actions, no_color=True):
        say("stopping")
    before, _, after = screen.buffer.getvalue().decode().partition("stopping")
    assert before.endswith("\x1b[2K")
    assert "0:00:00" in before
    assert "0:00:00" in after


LONG = "write /etc/systemd/system/o2cb.service.d/order.conf [/x] after multipathd.service"


def finished(event, **more):
    return {"event": event, "action": "a", "host": "node01", "summary": LONG, **more}


async def test_a_line_that_is_too_long_goes_on_below_its_column_and_brackets_are_words(
    monkeypatch,
):
    cluster = spec(volumes=[volume()])
    (first, *others) = make_plan([(cluster, bare(cluster))]).actions
    actions = [replace(first, id="a", summary=LONG), *others]
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "64")
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with progress.live(actions, no_color=True) as hear:
        hear(finished("action-started"))
        hear(finished("action-finished", seconds=0.1))
    lines = [
        re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", line).rstrip()
        for line in screen.buffer.getvalue().decode().splitlines()
    ]
    assert max(map(len, lines)) <= 64
    place = next(n for n, line in enumerate(lines) if "done  " in line)
    start = lines[place].index("node01: ")
    told = [line[start:] for line in lines[place : place + 3]]
    assert " ".join(told).startswith(f"node01: {LONG}")
    assert {line[:start].strip() for line in lines[place + 1 : place + 3]} == {""}
    running = " ".join(line.strip() for line in lines[:place])
    assert "[/x]" in running
