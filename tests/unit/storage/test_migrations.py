"""Tables as revisions make them are those that are declared; what is in them outlives a step."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from reconciler.storage import migrations
from reconciler.storage.engines import migrating_engine
from reconciler.storage.sql_tables import METADATA, REVISION

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


def test_an_upgrade_is_one_transaction(empty):
    with empty.connect() as connection:
        moved = connection.begin()
        migrations.upgrade_tables(connection)
        moved.rollback()
    with empty.begin() as connection:
        assert inspect(connection).get_table_names() == []


def test_a_wheel_has_the_revisions(tmp_path):
    build = ("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    subprocess.run([sys.executable, *build], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    source = ROOT / "reconciler/storage/migrations"
    wanted = {path.relative_to(ROOT).as_posix() for path in source.rglob("*.py")}
    assert len(wanted) >= 4
    assert wanted <= names
