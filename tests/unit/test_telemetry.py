"""Events become lines when somebody asked for them, and go nowhere else."""

import asyncio
import json

import pytest

from reconciler import telemetry
from reconciler.telemetry import LONGEST, Detail


def tell_all():
    telemetry.debug("looked", host="node01", seconds=0.123456, bytes_sent=3, code=None)
    telemetry.info("connected", host="node01")
    telemetry.warning("failed", host="node01", message='a "word" = 2')


def lines(detail, tell=tell_all):
    found = []
    with telemetry.logging(detail, found.append):
        tell()
    return found


def without_time(line):
    assert line.startswith(telemetry.BEGINNINGS)
    return line.partition(" ")[2]


def test_people_get_keys_and_values_in_columns_what_is_unknown_left_out():
    assert [without_time(line) for line in lines(Detail())] == [
        "level=debug event=looked host=node01 seconds=0.123 bytes_sent=3",
        "level=info event=connected host=node01",
        r'level=warning event=failed host=node01 message="a \"word\" = 2"',
    ]


def test_machines_get_json():
    (line,) = lines(Detail("warning", "json"))
    assert line.startswith(telemetry.BEGINNINGS)
    found = json.loads(line)
    assert found.pop("time").endswith("Z")
    assert list(found.items()) == [
        ("level", "warning"),
        ("event", "failed"),
        ("host", "node01"),
        ("message", 'a "word" = 2'),
    ]


@pytest.mark.parametrize(("level", "count"), [("debug", 3), ("info", 2), ("warning", 1)])
def test_less_than_the_level_is_not_told(level, count):
    assert len(lines(Detail(level))) == count


def test_before_and_afterwards_nothing_is_told():
    found = []
    tell_all()
    assert not telemetry.is_on()
    with telemetry.logging(Detail(), found.append):
        assert telemetry.is_on()
    tell_all()
    assert (found, telemetry.is_on()) == ([], False)


@pytest.mark.parametrize("form", telemetry.FORMS)
def test_a_hosts_words_move_no_cursor_and_make_no_second_line(form):
    hostile = "\x1b[2J\r\u202e\udcff one\ntwo"
    (line,) = lines(Detail("debug", form), lambda: telemetry.info("e", message=hostile))
    assert line.isprintable()
    assert r"???" in line
    assert r"one\ntwo" in line


def test_what_is_long_is_cut():
    (line,) = lines(Detail(), lambda: telemetry.info("e", command="x" * 100_000))
    assert line.endswith("x…")
    assert len(line) < LONGEST + 100


async def test_tasks_have_the_context_in_which_they_were_started_and_no_other():
    found = []

    async def host(name):
        with telemetry.bind_fields(host=name):
            await asyncio.sleep(0)
            telemetry.info("e")

    with telemetry.logging(Detail(), found.append), telemetry.bind_fields(run="r"):
        await asyncio.gather(host("a"), host("b"))
        telemetry.info("last", host="own")
    assert [without_time(line) for line in found] == [
        "level=info event=e run=r host=a",
        "level=info event=e run=r host=b",
        "level=info event=last run=r host=own",
    ]
