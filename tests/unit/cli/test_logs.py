"""``--log-level``, ``--log-file`` and RECONCILE_LOG: told to who asked, and at nobody's cost."""

import asyncio
import json
import os
import re
import resource
import stat
from contextlib import suppress
from importlib import import_module
from keyword import iskeyword

import click
import pytest

from reconciler.cli import COMMANDS
from reconciler.cli.logs import LogDetail
from reconciler.execution.journal import read_record
from reconciler.telemetry import Detail
from tests.cli_harness import desk
from tests.pages import page as manual_page
from tests.unit.cli.test_streams import deaf, full

# They reach no host.
SILENT = {
    "completion", "explain", "fleet", "help", "history", "manual", "schema", "scripts", "show", "sudoers",
    "validate",
}  # fmt: skip
DEBUG = ("--log-level", "debug")
ROOM = 1 << 30


def command_of(name):
    module = f"reconciler.cli.commands.{name}{'_' if iskeyword(name) else ''}"
    return import_module(module).command


def record(at):
    (path,) = at.home.glob(".local/state/reconcile/runs/*.jsonl")
    return read_record(path)


def fields(line):
    return dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)', line))


def test_every_command_that_reaches_hosts_can_be_followed():
    having = {
        name for name in COMMANDS if "log_level" in {p.name for p in command_of(name).params}
    }
    assert having == COMMANDS.keys() - SILENT


@pytest.mark.parametrize(
    ("word", "detail"),
    [
        ("debug", Detail("debug", "text")),
        ("info:json", Detail("info", "json")),
        ("warning:text", Detail("warning", "text")),
    ],
)
def test_a_level_may_have_a_form(word, detail):
    assert LogDetail().convert(word, None, None) == detail


@pytest.mark.parametrize("word", ["", "DEBUG", "trace", "debug:xml", "debug:", ":json"])
def test_another_word_is_none(word):
    with pytest.raises(click.BadParameter, match="not one of debug, info, warning"):
        LogDetail().convert(word, None, None)


async def test_a_run_is_told_as_its_record_has_it_with_every_host_and_command(tmp_path):
    async with desk(tmp_path) as at:
        words = await at.approved()
        at.environment["RECONCILE_LOG"] = "debug:json"
        code, out, err = await at.run("apply", at.file, *words, "--log-file", "run.log")
        assert (code, '"event"' in out + err) == (0, False), err
        assert stat.S_IMODE((at.home / "run.log").stat().st_mode) == 0o600
        events = [json.loads(line) for line in (at.home / "run.log").read_text().splitlines()]
        assert {(e["subcommand"], e["run"]) for e in events} == {("apply", record(at).run)}
        reached = [e for e in events if e["event"] == "connected"]
        assert {(e["cluster"], e["host"]) for e in reached} == {
            ("ocfs2", "node01"),
            ("ocfs2", "node02"),
        }
        assert all(e["seconds"] > 0 and e["address"].startswith("root@") for e in reached)
        for what in ("probe", "gate"):
            began = [e for e in events if e["event"] == f"{what}-started"]
            ended = [e for e in events if e["event"] == f"{what}-ended"]
            assert len(began) == len(ended) > 2
            assert min(e["bytes_sent"] for e in began) > 4_000  # the script travels along
            assert sum(e["bytes_received"] for e in ended) > 0
            assert all(e["cluster"] == "ocfs2" and e["seconds"] > 0 for e in ended)
        by_record = [line for line in record(at).lines if line.get("command")]
        sent = {(e.get("action"), e["command"]) for e in events if e["event"] == "gate-ended"}
        assert {(line["action"], line["command"]) for line in by_record} <= sent


async def test_people_read_it_on_stderr_the_option_before_the_variable(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        at.environment["RECONCILE_LOG"] = "warning:json"
        code, out, err = await at.run("observe", at.file, "--log-level", "info")
        assert (code, next(iter(json.loads(out)))) == (0, "format_version")
        (line,) = err.splitlines()
        found = fields(line)
        assert (found["event"], found["subcommand"]) == ("connected", "observe")
        assert (found["cluster"], found["host"]) == ("ocfs2", "node01")


async def test_who_cannot_be_reached_is_told_with_the_reason(tmp_path):
    async with desk(tmp_path) as at:
        at.world.machines["node02"].refusal = "host-key-changed"
        code, _out, err = await at.run("plan", at.file, "--log-level", "warning")
        assert code == 3
        lost, probe, *_again = map(fields, err.splitlines())
        assert (lost["event"], lost["code"]) == ("connection-failed", "host-key-changed")
        assert "its host key has changed" in lost["message"]
        assert (probe["event"], probe["host"]) == ("probe-failed", "node02")


async def test_the_file_is_appended_to_in_whole_lines_by_several_at_once(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        file = at.file
        words = ("observe", file, "--log-file", "log", "--log-level", "debug:json")
        codes = await asyncio.gather(*(at.run(*words) for _ in range(3)))
        assert [code for code, _out, _err in codes] == [0] * 3
        events = [json.loads(line) for line in (at.home / "log").read_text().splitlines()]
        assert len({e["pid"] for e in events}) == 3


async def test_structlog_is_imported_by_nobody_who_did_not_ask(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        (at.home / "structlog.py").write_text("raise SystemExit('imported')")
        at.environment["PYTHONPATH"] = str(at.home)
        words = await at.approved()
        assert (await at.run_anew("apply", at.file, *words))[0] == 0
        assert "imported" in (await at.run_anew("status", at.file, *DEBUG))[2]


def made(path, text="", mode=0o600):
    path.write_text(text)
    path.chmod(mode)


def linked(path):
    made(path.with_name("other"))
    path.symlink_to("other")


TROUBLES = {
    "No such file or directory": lambda p: p.parent.rmdir(),
    "is a symbolic link": linked,
    "no regular file": lambda p: os.mkfifo(p, 0o600),
    "is a directory": lambda p: p.mkdir(),
    "is open to others (mode 640): name another file, or chmod 600 ": lambda p: made(
        p, "time=x\n", 0o640
    ),
    "is there and no log": lambda p: made(p, "-----BEGIN OPENSSH PRIVATE KEY-----\n"),
}


@pytest.mark.parametrize("why", TROUBLES)
async def test_a_file_that_is_none_for_a_log_ends_it_before_any_host_is_asked(tmp_path, why):
    async with desk(tmp_path, hosts=1) as at:
        words = await at.approved()
        path = at.home / "logs" / "run.log"
        path.parent.mkdir()
        TROUBLES[why](path)
        before = path.read_bytes() if path.is_file() else b""
        code, out, err = await at.run("apply", at.file, *words, "--log-file", str(path))
        assert (code, out, why in err) == (64, "", True), err
        assert not list(at.home.glob(".local/state/reconcile/runs/*"))  # no run has begun
        assert (path.read_bytes() if path.is_file() else b"") == before


@pytest.mark.parametrize(
    ("words", "variable", "why"),
    [
        (("--log-level", "loud"), "", "'loud' is not one of debug, info, warning"),
        ((), "debug:yaml", "env var: 'RECONCILE_LOG'): 'debug:yaml' is not one of"),
        (("--log-file", "x", "-o", "./x"), "", "--log-file and -o both name x"),
    ],
)
async def test_what_cannot_be_meant_ends_it_as_usage(tmp_path, words, variable, why):
    async with desk(tmp_path, hosts=1) as at:
        at.environment["RECONCILE_LOG"] = variable
        code, out, err = await at.run("observe", at.file, *words)
        assert (code, out, why in err) == (64, "", True), err


async def test_on_a_terminal_lines_stand_above_the_bars_and_not_in_them(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        words = await at.approved()
        ours, theirs = os.openpty()
        process = await at.start("apply", at.file, *words, "--log-level", "info", stderr=theirs)
        os.close(theirs)
        shown = await asyncio.to_thread(read_to_end, ours)
        assert (await process.wait(), "━" in shown) == (0, True)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
        begun = re.findall(r"(.)time=", text, re.DOTALL)
        assert len(begun) > 10
        assert set(begun) <= {"\r", "\n"}


def read_to_end(number):
    found = b""
    with suppress(OSError):  # the other end is shut
        while data := os.read(number, 1 << 16):
            found += data
    os.close(number)
    return found.decode()


@pytest.mark.parametrize("sink", [deaf, full])
async def test_a_run_whose_log_nobody_reads_comes_to_its_end(tmp_path, sink):
    async with desk(tmp_path, hosts=1) as at:
        words = await at.approved()
        for command in (("plan", at.file), ("apply", at.file, *words), ("status", at.file)):
            place = sink()
            process = await at.start(*command, *DEBUG, stderr=place)
            os.close(place)
            _out, _err = await process.communicate()
            assert (command[0], process.returncode) == (command[0], 0)
        assert record(at).lines[-1]["result"] == "converged"


async def test_a_run_whose_log_file_has_no_more_room_comes_to_its_end_and_says_so(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        words = await at.approved()
        path = at.home / "run.log"
        made(path, "time=x\n")
        os.truncate(path, ROOM - 700)  # a hole
        process = await at.start_anew(
            *("apply", at.file, *words, "--log-file", str(path)),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM)),
        )
        _out, err = await process.communicate()
        assert (process.returncode, record(at).lines[-1]["result"]) == (0, "converged"), err
        assert re.search(
            rf"^note: {path} lacks \d+ lines: File too large$", err.decode(), re.MULTILINE
        )
        assert path.stat().st_size == ROOM


def test_the_manual_names_what_the_options_are():
    for word in ("--log-level", "--log-file", "RECONCILE_LOG=debug:json"):
        assert word in manual_page("commands"), word
