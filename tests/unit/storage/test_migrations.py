"""Tables as revisions make them are those that are declared; what is in them outlives a step."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import (
    BigInteger,
    Engine,
    Integer,
    MetaData,
    create_engine,
    inspect,
    select,
    text,
)

from reconciler.model.watched import DriftIdentity, DriftReading, Reading, Round
from reconciler.storage import migrations
from reconciler.storage.approvals import Approval, store_approval
from reconciler.storage.cluster_documents import keep_document
from reconciler.storage.clusters import add_cluster
from reconciler.storage.engines import migrating_engine
from reconciler.storage.fleet_tables import METADATA
from reconciler.storage.kept_files import KeptFile, keep_file, load_kept_file
from reconciler.storage.rounds import record_round
from reconciler.storage.sql_tables import REVISION
from tests.unit.storage.moments import EPOCH, at

ROOT = Path(__file__).parents[3]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables, for who changes them."""
    if request.param == "sqlite":
        (tmp_path / "empty.db").touch()
        engine = migrating_engine(tmp_path / "empty.db")
        yield engine
    else:
        engine = create_engine(
            request.getfixturevalue("server"),
            connect_args={"options": "-c search_path=migrated"},
        )
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA migrated"))
        yield engine
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA migrated CASCADE"))
    engine.dispose()


def test_the_revisions_make_the_tables_that_are_declared(empty):
    with empty.begin() as connection:
        migrations.upgrade_tables(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_the_newest_revision_is_the_one_that_readers_want(empty):
    assert migrations.newest_revision() == REVISION
    with empty.begin() as connection:
        assert migrations.current_revision(connection) is None
        migrations.upgrade_tables(connection)
        assert migrations.current_revision(connection) == REVISION
        migrations.upgrade_tables(connection)


def test_a_whole_way_back_leaves_nothing(empty):
    with empty.begin() as connection:
        migrations.upgrade_tables(connection)
        migrations.downgrade_tables(connection, migrations.NOTHING)
        assert inspect(connection).get_table_names() == ["alembic_version"]


def contents(connection) -> dict[str, list[tuple]]:
    """All rows of all tables but alembic's own."""
    found = MetaData()
    found.reflect(connection)
    return {
        table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.c))]
        for table in found.sorted_tables
        if table.name != "alembic_version"
    }


DRIFT = DriftReading(DriftIdentity("h", "a", "file", "changed-outside"), "x", "b", "1", "2")
ROUND = Round(
    1,
    "drifted",
    "d",
    (Reading("cluster/c", "Drifted", "True", "r", "m"),),
    (DRIFT,),
    sizes=(("v", 2, 1),),
)


def test_a_step_back_and_forth_keeps_all_that_the_older_version_knew(empty):
    with empty.begin() as connection:
        migrations.upgrade_tables(connection, "0001")
        cluster = add_cluster(connection, "/f", "c", EPOCH)
        record_round(connection, cluster, ROUND, EPOCH)
        record_round(connection, cluster, Round(0, "converged", "e"), at(1))
        keep_document(connection, cluster, "plan", "{}", EPOCH)
        before = contents(connection)
        assert [name for name, rows in before.items() if not rows] == ["meta"]
        migrations.upgrade_tables(connection, "0002")
        approval = Approval("r", "p", EPOCH, "w", "s")
        store_approval(connection, approval)
        assert before.items() <= contents(connection).items()
        migrations.downgrade_tables(connection, "-1")
        assert contents(connection) == before
        migrations.upgrade_tables(connection)
        assert before.items() <= contents(connection).items()
        assert store_approval(connection, approval)


def test_texts_of_files_go_with_the_step_back_that_does_not_know_them(empty):
    with empty.begin() as connection:
        migrations.upgrade_tables(connection, "0002")
        cluster = add_cluster(connection, "/f", "c", EPOCH)
        record_round(connection, cluster, ROUND, EPOCH)
        store_approval(connection, Approval("r", "p", EPOCH, "w", "s"))
        before = contents(connection)
        migrations.upgrade_tables(connection, "0003")
        keep_file(connection, KeptFile("/", "/f", "version: 1\n", EPOCH))
        migrations.downgrade_tables(connection, "-1")
        assert contents(connection) == before
        migrations.upgrade_tables(connection, "0003")
        assert load_kept_file(connection, "/f") is None


def test_a_step_back_keeps_runs_with_their_lines(empty):
    with empty.begin() as connection:
        migrations.upgrade_tables(connection, "0004")
        connection.execute(text(OLD_RUN))
        connection.execute(text("INSERT INTO run_lines VALUES (1, 1, '{}')"))
        before = contents(connection)
        migrations.upgrade_tables(connection, "0005")
        assert connection.execute(text("SELECT worker FROM runs")).scalar() == ""
        connection.execute(text(OLD_RUN.replace("'r'", "'s'").replace("(1,", "(2,")))
        connection.execute(text("DELETE FROM runs WHERE run = 's'"))
        migrations.downgrade_tables(connection, "-1")
        assert contents(connection) == before


# As a program of revision 0004 writes it, also into newer tables.
OLD_RUN = """
INSERT INTO runs (id, run, stamp, settled, result, plan, who, file, counts, lines)
VALUES (1, 'r', '1', true, 'converged', 'p', 'w', 'f', '{}', 1)
"""


def test_an_upgrade_is_one_transaction(empty):
    with empty.connect() as connection:
        moved = connection.begin()
        migrations.upgrade_tables(connection)
        moved.rollback()
    with empty.begin() as connection:
        assert inspect(connection).get_table_names() == []


def test_a_table_that_is_made_anew_keeps_what_hangs_on_its_rows(empty):
    with empty.begin() as connection:
        migrations.upgrade_tables(connection)
        cluster = add_cluster(connection, "/f", "c", EPOCH)
        record_round(connection, cluster, ROUND, EPOCH)
        before = contents(connection)
        operations = Operations(MigrationContext.configure(connection))
        how = "always" if connection.dialect.name == "sqlite" else "never"
        with operations.batch_alter_table("clusters", recreate=how) as batch:
            batch.alter_column("rank", existing_type=Integer(), type_=BigInteger())
        assert contents(connection) == before


def test_a_wheel_has_the_revisions(tmp_path):
    build = ("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    subprocess.run([sys.executable, *build], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    source = ROOT / "reconciler/storage/migrations"
    wanted = {path.relative_to(ROOT).as_posix() for path in source.rglob("*.py")}
    assert len(wanted) >= 4
    assert wanted <= names
