"""Canaries: whatever a run shows, records or leaves behind, no secret is in it."""

import json

import pytest

from reconciler.hosts.simulator.kernel import hypervisor
from reconciler.hosts.simulator.state.guests import Guest
from reconciler.hosts.simulator.state.reply import Failed
from tests.cli_harness import desk

STOP, START = "c4nary-$t'op \"1", "c4nary-start"
FORMS = ("text", "json", "markdown", "html", "junit", "sarif")


class Programs:
    """The operator's programs: they want their token, and tell everybody about it."""

    def __init__(self):
        self.calls = []
        self.works = False

    def __call__(self, machine, argv):
        name, verb, *rest = argv
        if verb == "list":
            return hypervisor.guests_program(machine, argv)
        self.calls.append(argv)
        if not self.works:
            raise Failed(3, f"no: {argv} {' '.join(argv)} {json.dumps(rest)}")
        token, *names = rest
        assert token == {"stop": STOP, "start": START}[verb]
        return hypervisor.guests_program(machine, (name, verb, *names))


async def ready(at, programs):
    """Hosts with a guest, and a file whose commands have secrets."""
    path = at.home / "start.token"
    path.write_text(f"{START}\n")
    path.chmod(0o600)
    at.document["clusters"][0]["volumes"][0]["workloads"] = {
        "guests": {
            "kind": "command",
            "list": ["guests", "list", "/srv/images"],
            "stop": ["guests", "stop", "env:STOP_TOKEN", "{guest}"],
            "start": ["guests", "start", f"file:{path}", "{guest}"],
        }
    }
    for machine in at.world.machines.values():
        machine.programs = {"guests": programs}
    code, _out, err = await at.run("apply", at.file, *await at.approved())
    assert code == 0, err
    hypervisor.add(at.world.machines["node01"], Guest("vm1", "/srv/images/vm1"))
    at.document["clusters"][0]["network"] = {"idle_timeout_ms": 25000}


def leaks(at, *texts):
    """Where a canary is, but for the file that holds one."""
    files = [p for p in at.home.rglob("*") if p.is_file() and p.name != "start.token"]
    found = [str(p) for p in files if b"c4nary" in p.read_bytes()]
    return found + [text for text in texts if "c4nary" in text]


async def applied(at, form="text"):
    code, out, err = await at.run(
        "apply", at.file, *await at.approved(), "--format", form, "-v"
    )
    return code, out, err


@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_secret_is_shown_recorded_or_logged_by_a_run(tmp_path, form):
    async with desk(tmp_path, hosts=1) as at:
        programs = Programs()
        at.environment["RECONCILE_LOG"] = f"debug:{form}"
        await ready(at, programs)
        code, *told = await applied(at, form)
        assert (code, "secret-unread: env:STOP_TOKEN" in "".join(told)) == (4, True), told
        assert programs.calls == []  # nothing was sent
        at.environment["STOP_TOKEN"] = STOP
        code, *more = await applied(at, form)
        assert (code, [call[2] for call in programs.calls]) == (4, [STOP])
        told += more
        programs.works = True
        code, *more = await applied(at, form)
        assert (code, programs.calls[-1][2]) == (0, START), more
        told += more
        for words in (("history",), ("show", "-v"), ("show", "--format", "json"), ("status",)):
            _code, *more = await at.run(*words, *([at.file] if words == ("status",) else []))
            told += more
        assert leaks(at, *told) == []
        journals = "".join(p.read_text() for p in at.home.rglob("*.jsonl"))
        assert ("***" in journals, "env:STOP_TOKEN" in journals) == (True, True)
        logged = [line for line in "".join(told).splitlines() if "gate-ended" in line]
        assert ["guests stop env:STOP_TOKEN vm1" in line for line in logged].count(True) == 2


async def test_no_plan_reads_a_secret_and_all_show_its_name(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        programs = Programs()
        await ready(at, programs)
        at.environment |= {"STOP_TOKEN": STOP, "RECONCILE_LOG": "debug"}
        (at.home / "start.token").chmod(0)  # nobody asks for it
        told = []
        for form in FORMS:
            code, *more = await at.run(
                "plan", at.file, "--format", form, "-o", f"{form}.plan.json"
            )
            assert code == 0, more
            told += more
        assert "env:STOP_TOKEN" in told[0] + told[2]
        for form in ("text", "json"):
            code, *more = await at.run("runbook", at.file, "--format", form)
            assert (code, "env:STOP_TOKEN" in more[0]) == (0, True)
            told += more
        for words in (("validate",), ("drift",), ("observe",), ("plan", "-v")):
            _code, *more = await at.run(words[0], at.file, *words[1:])
            told += more
        assert (leaks(at, *told), programs.calls) == ([], [])
