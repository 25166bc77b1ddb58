"""Observing many hosts at once over real SSH connections."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest

from reconciler.hosts.observer import observe, observe_one, parse_facts
from reconciler.hosts.ssh import SshHost, SshSettings
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.plan import Command
from tests.unit.hosts.ssh_server import LOOPBACK, Lab, Process, Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.probe.sections import Section

PROBE = Command(("probe",))


def parse_log(section: Section) -> tuple[str, ...]:
    """The log's lines; a row of anything else is a ValueError."""
    return tuple(line for _, line in section)


PARSERS: dict[str, Callable[[Section], object]] = {"log": parse_log}


def answer(*sections: str) -> str:
    return "\n".join(("@@reconcile-probe\t1", *sections, "@@done", ""))


LOG = "@@begin\tlog\nlog\to2net: connected\n@@end\tlog\t0"
GARBLED = "@@begin\tlog\nlog\to2net\tconnected\n@@end\tlog\t0"
FAILED = "@@begin\tlog\n@@fail\tno dmesg\n@@end\tlog\t1"


def facts(log: tuple[str, ...] | Unknown) -> HostFacts:
    silent = Unknown("the probe did not answer with it")
    unknown = HostFacts(**{field.name: silent for field in fields(HostFacts)})
    return replace(unknown, log=log)


def members(lab: Lab, server: Server, count: int) -> dict[str, SshHost]:
    """Many members behind one server, each with a connection of its own."""
    return {
        f"node{n:02}": SshHost(
            f"node{n:02}", SshSettings(LOOPBACK, port=server.port, user=f"u{n}"), lab.share()
        )
        for n in range(count)
    }


def says(server: Server, text: str, errors: str = "", status: int = 0) -> None:
    async def reply(process: Process) -> None:
        process.stdout.write(text.encode())
        process.stderr.write(errors.encode())
        process.exit(status)

    server.replies["probe"] = reply


async def test_one_unreachable_host_hides_no_other(lab: Lab, server: Server) -> None:
    says(server, answer(LOG))
    hosts = members(lab, server, 20)
    closed = await lab.serve()
    await closed.stop()
    hosts["node07"] = SshHost("node07", SshSettings(LOOPBACK, port=closed.port), lab.share())
    told: list[tuple[str, str]] = []
    seen = await observe(hosts, PROBE, PARSERS, progress=lambda *event: told.append(event))
    lost = seen.hosts["node07"]
    assert isinstance(lost, Unreachable)
    assert (lost.host, lost.code) == ("node07", "host-unreachable")
    expected = {name: facts(("o2net: connected",)) for name in hosts}
    assert seen == Observed({**expected, "node07": lost})
    assert list(seen.hosts) == list(hosts)
    ends = {name: "unreachable" if name == "node07" else "finished" for name in hosts}
    assert sorted(told) == sorted([*ends.items(), *((name, "started") for name in hosts)])


async def test_no_more_than_the_limit_at_a_time(lab: Lab, server: Server) -> None:
    both = asyncio.Barrier(2)
    running: set[Process] = set()
    most = 0

    async def reply(process: Process) -> None:
        nonlocal most
        running.add(process)
        most = max(most, len(running))
        await both.wait()
        running.discard(process)
        process.stdout.write(answer(LOG).encode())
        process.exit(0)

    server.replies["probe"] = reply
    seen = await observe(members(lab, server, 8), PROBE, PARSERS, limit=2)
    assert most == 2
    assert set(seen.hosts.values()) == {facts(("o2net: connected",))}


async def test_a_probe_that_does_not_run_is_no_facts(lab: Lab, server: Server) -> None:
    says(server, "", "sh: probe: Permission denied\nmore", 126)
    seen = await observe_one(lab.host(server), PROBE, PARSERS)
    words = "the probe did not run (status 126): sh: probe: Permission denied"
    assert seen == Unreachable("node01", "probe-garbled", words)


@pytest.mark.parametrize("text", ["", "This account is currently not available.\n"])
async def test_an_answer_without_the_marker_is_no_facts(
    lab: Lab, server: Server, text: str
) -> None:
    says(server, text)
    seen = await observe_one(lab.host(server), PROBE, PARSERS)
    words = text.strip() or "it wrote nothing"
    expected = f"the probe did not run (status 0): {words}"
    assert seen == Unreachable("node01", "probe-garbled", expected)


async def test_what_a_start_up_file_writes_first_is_no_matter(lab: Lab, server: Server) -> None:
    says(server, "Welcome!\n" + answer(LOG))
    seen = await observe_one(lab.host(server), PROBE, PARSERS)
    assert seen == facts(("o2net: connected",))


async def test_a_failing_probe_s_sections_still_count(lab: Lab, server: Server) -> None:
    says(server, answer(LOG), "killed", 137)
    seen = await observe_one(lab.host(server), PROBE, PARSERS)
    assert seen == facts(("o2net: connected",))


def test_a_garbled_section_is_unknown() -> None:
    seen = parse_facts(answer(GARBLED), PARSERS).log
    assert isinstance(seen, Unknown)
    assert seen.reason.startswith("garbled: ")


def test_a_failed_section_is_unknown() -> None:
    assert parse_facts(answer(FAILED), PARSERS).log == Unknown("no dmesg")


def test_a_section_that_nobody_parses_is_unknown() -> None:
    assert parse_facts(answer(LOG), {}).log == Unknown("this version does not read it")


def test_a_bug_in_a_parser_is_not_hidden() -> None:
    def broken(section: Section) -> object:
        raise KeyError(section)

    with pytest.raises(KeyError):
        parse_facts(answer(LOG), {"log": broken})


def test_what_hosts_say_alike_is_read_once_and_is_one_object() -> None:
    asked: list[Section] = []

    def parse(section: Section) -> tuple[str, ...]:
        asked.append(section)
        return parse_log(section)

    own = "@@begin\tlog\nlog\tthis host's own\n@@end\tlog\t0"
    found = [parse_facts(answer(said), {"log": parse}) for said in (LOG, own, LOG, LOG)]
    assert [one.log for one in found] == [
        ("o2net: connected",),
        ("this host's own",),
        ("o2net: connected",),
        ("o2net: connected",),
    ]
    assert len(asked) == 2
    assert found[0].log is found[2].log is found[3].log


def test_a_section_of_one_empty_line_is_not_an_empty_section() -> None:
    one, none = "@@begin\tlog\n\n@@end\tlog\t0", "@@begin\tlog\n@@end\tlog\t0"
    assert isinstance(parse_facts(answer(one), PARSERS).log, Unknown)
    assert parse_facts(answer(none), PARSERS).log == ()
