"""``examples/fleet/roles.sql``: each role can do what it is there for, and nothing else."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from reconciler.cli import run
from reconciler.execution.author import now
from reconciler.fleet.dispatch import dispatching
from reconciler.fleet.queue_tables import prepare_queue
from reconciler.fleet.sessions import conninfo
from reconciler.fleet.sweeping import Sweeps
from reconciler.fleet.transactions import Transactions
from reconciler.storage.clusters import page_of_clusters
from reconciler.storage.fleet_database import for_writing, init_fleet, open_fleet, read_fleet
from reconciler.storage.fleet_schedule import fleet_clusters
from reconciler.storage.fleet_turns import begin_turn, turn_history
from reconciler.storage.fleet_workers import Life, begin_life, workers
from reconciler.storage.server_address import ServerAddress, server_address
from tests.fleets import want, want_files
from tests.installed import require_program
from tests.unit.fleet.test_worker import SETTINGS, answers, until, worker_of

ROLES = Path(__file__).parents[3] / "examples/fleet/roles.sql"
__all__ = ["answers"]  # a fixture


def apply_roles(url: str) -> None:
    psql = require_program("psql", "postgresql-client")
    asked = [psql, "-X", "-q", "-d", conninfo(url), "-f", ROLES]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def place(fleets):
    """The address of a database with the three roles, its tables made by the migrator."""
    url = fleets.empty()
    apply_roles(url)
    migrator = as_role(url, "migrator")
    init_fleet(migrator, now())
    prepare_queue(migrator)
    apply_roles(url)
    return url


def as_role(url: str, role: str) -> ServerAddress:
    return server_address(url.replace("://postgres@", f"://reconcile_{role}@"))


def ask(address: ServerAddress, statement: str):
    with psycopg.connect(conninfo(address.url), autocommit=True) as session:
        cursor = session.execute(statement)
        return cursor.fetchall() if cursor.description else None


async def test_a_worker_does_all_that_workers_do(place, answers, tmp_path):
    address = as_role(place, "worker")
    database = open_fleet(address)
    want_files(database, {"cluster0000": answers.text(0)})

    async def looked_at():
        with database.reading() as connection:
            past = turn_history(connection, "cluster0000", 9)
        return past if past and past[0].ended else None

    url = for_writing(address).url
    async with worker_of(open_fleet(address), url, tmp_path / "state", answers.run_on):
        (turn,) = await until(looked_at)
        assert (turn.kind, turn.result) == ("look", "done")
    database.close()


async def test_a_worker_ends_the_session_that_a_dead_one_has_left(place):
    address = as_role(place, "worker")
    state = Transactions(open_fleet(address))
    name = "reconcile-dead"
    with psycopg.connect(conninfo(address.url), application_name=name) as left:
        life = Life("dead", (), "h", 1, "1", left.info.backend_pid)
        await state.write(lambda c: begin_life(c, life))
        await state.write(lambda c: begin_turn(c, "cluster0000", "look", "dead", ""))
        async with dispatching(conninfo(for_writing(address).url)) as dispatch:
            (lost,) = await Sweeps(state, dispatch, silent=-1).sweep()
            await dispatch.remove_old()
        assert lost.id == "dead"
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")
    found = await state.read(workers)
    assert "dead" in {one.id for one in found if one.state == "lost"}
    await state.close()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE reconcile.more (id int)",
        "CREATE TABLE public.more (id int)",
        "CREATE SCHEMA more",
        "ALTER TABLE reconcile.workers ADD COLUMN more int",
        "DROP TABLE reconcile.approvals",
        "TRUNCATE reconcile.approvals",
        "UPDATE reconcile.alembic_version SET version_num = '0001'",
        "ALTER TABLE procrastinate.procrastinate_jobs ADD COLUMN more int",
        "CREATE ROLE more",
        "COPY reconcile.meta TO PROGRAM 'true'",
    ],
)
def test_a_worker_changes_no_table(place, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(as_role(place, "worker"), statement)


def test_a_worker_goes_on_with_tables_that_a_later_version_makes(place):
    migrator = as_role(place, "migrator")
    ask(migrator, "CREATE TABLE reconcile.later (id bigserial PRIMARY KEY)")
    try:
        ask(as_role(place, "worker"), "INSERT INTO reconcile.later DEFAULT VALUES")
    finally:
        ask(migrator, "DROP TABLE reconcile.later")


def test_a_reader_reads_what_pages_show(place):
    worker = open_fleet(as_role(place, "worker"))
    want(worker, ["alpha"])
    worker.close()
    found = read_fleet(as_role(place, "reader"))
    with found.reading() as connection:
        assert [one.name for one in fleet_clusters(connection)] == ["alpha"]
        page_of_clusters(connection, 9)
        workers(connection)
    found.close()


@pytest.fixture
def settings(place, tmp_path, monkeypatch):
    """Called with a role: the settings in the working directory name its address."""
    (tmp_path / "fleet.yaml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return lambda role: monkeypatch.setenv("RECONCILE_DATABASE", as_role(place, role).url)


@pytest.mark.parametrize("command", ["status", "rollouts"])
def test_a_reader_asks_by_commands_that_only_look(settings, capsys, command):
    settings("reader")
    assert (run(["fleet", command, "-q"]), capsys.readouterr().err) == (0, "")


@pytest.mark.parametrize(
    ("role", "words", "told"),
    [
        ("reader", ("pause", "--all", "--reason", "x"), "take the address of a worker's role"),
        ("reader", ("apply", "--all"), "take the address of a worker's role"),
        ("reader", ("init",), "run it with the address of the role that owns the tables"),
        ("worker", ("init",), "run it with the address of the role that owns the tables"),
    ],
)
def test_who_may_not_is_told_which_role_may(settings, capsys, role, words, told):
    settings(role)
    assert run(["fleet", *words]) == 1
    err = capsys.readouterr().err
    assert told in " ".join(err.split()), err


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT text FROM reconcile.fleet_files",
        "SELECT text FROM reconcile.kept_files",
        "SELECT 1 FROM procrastinate.procrastinate_jobs",
        "BEGIN READ WRITE; DELETE FROM reconcile.approvals",
        "BEGIN READ WRITE; CREATE TABLE reconcile.more (id int)",
        "BEGIN READ WRITE; SELECT lo_from_bytea(0, 'more')",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_xact_lock_shared(1, 1)",
        "BEGIN READ WRITE; LOCK reconcile.workers IN ROW SHARE MODE",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
    ],
)
def test_a_reader_reads_no_text_of_files_and_changes_nothing(place, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(as_role(place, "reader"), statement)


def test_nobody_else_comes_in(place, fleets):
    fleets.run("CREATE ROLE somebody LOGIN")
    try:
        stranger = server_address(place.replace("://postgres@", "://somebody@"))
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            ask(stranger, "SELECT 1")
    finally:
        fleets.run("DROP ROLE somebody")
