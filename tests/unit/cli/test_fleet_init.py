"""``reconcile fleet init`` makes the tables once, upgrades them, and goes a step back when told to."""

import pytest

from reconciler.cli import run
from reconciler.cli.commands.fleet import FLEET_COMMANDS
from reconciler.fleet.dispatch import dispatching
from reconciler.fleet.sessions import conninfo
from reconciler.storage.fleet_database import for_writing, open_fleet
from reconciler.storage.server_address import server_address
from reconciler.storage.sql_tables import REVISION

SETTINGS = """
version: 1
database: env:FLEET_DATABASE
source: {directory: /srv/clusters}
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where the settings are; the database is set by the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_DATABASE", "postgresql://127.0.0.1:1/fleet")
    (tmp_path / "fleet.yaml").write_text(SETTINGS)
    return tmp_path


def run_command(capsys, *words):
    code = run(["fleet", *words])
    return code, *capsys.readouterr()


async def test_it_makes_all_that_a_worker_needs_and_says_so(place, monkeypatch, capsys, fleets):
    url = fleets.empty()
    monkeypatch.setenv("FLEET_DATABASE", url)
    code, out, err = run_command(capsys, "init")
    assert (code, err) == (0, "")
    assert f"the tables are made, revision {REVISION}; fleet " in out
    fleet = out.split()[-1]
    again = run_command(capsys, "init", "--fleet", str(place / "fleet.yaml"))
    assert again[1].endswith(f"as they should be, revision {REVISION}; fleet {fleet}\n")
    address = server_address(url)
    open_fleet(address).close()
    async with dispatching(conninfo(for_writing(address).url)) as dispatch:
        assert await dispatch.defer("a", "north")


def test_it_goes_a_step_back_and_forward(place, monkeypatch, capsys, fleets):
    monkeypatch.setenv("FLEET_DATABASE", fleets.empty())
    run_command(capsys, "init")
    assert (
        f"of revision 0004 now, and were of {REVISION}"
        in run_command(capsys, "init", "--step-back", "0004")[1]
    )
    assert f"of revision {REVISION} now, and were of 0004" in run_command(capsys, "init")[1]
    code, _, err = run_command(capsys, "init", "--step-back", "0001")
    assert (code, "goes to one from 0004 on" in err) == (1, True)


@pytest.mark.usefixtures("place")
def test_what_is_wrong_is_told_by_name_and_no_password_with_it(monkeypatch, capsys):
    code, out, err = run_command(capsys, "init")
    assert (code, out) == (1, "")
    assert err.startswith("error: database-unreachable: the state in postgresql://127.0.0.1:1/")
    monkeypatch.setenv("FLEET_DATABASE", "postgresql://me:geheim@127.0.0.1:1/f?sslmode=require")
    assert "geheim" not in run_command(capsys, "init")[2]
    monkeypatch.setenv("FLEET_DATABASE", "geheim")
    _, _, err = run_command(capsys, "init")
    assert err.startswith("error: database-address: ")
    assert "geheim" not in err
    monkeypatch.delenv("FLEET_DATABASE")
    assert "FLEET_DATABASE" in run_command(capsys, "init")[2]


@pytest.mark.usefixtures("place")
def test_a_weak_connection_is_warned_of(monkeypatch, capsys):
    weak = "postgresql://me@db.invalid/f?sslmode=require"
    monkeypatch.setenv("FLEET_DATABASE", weak)
    _, _, err = run_command(capsys, "init")
    first, second = err.split("\nerror: ")
    assert first.startswith(
        "warning: sslmode=require: whoever is in between may pose as db.invalid"
    )
    assert second.startswith("database-unreachable")


def test_an_unknown_command_is_told_what_there_is(capsys):
    code, _, err = run_command(capsys, "inot")
    assert code == 64
    assert err == f"error: no command 'inot'; reconcile fleet has {', '.join(FLEET_COMMANDS)}\n"


@pytest.mark.parametrize("name", FLEET_COMMANDS)
def test_each_command_has_its_help(capsys, name):
    assert run(["fleet", name, "--help"]) == 0
    assert f"Usage: reconcile fleet {name} " in capsys.readouterr().out
