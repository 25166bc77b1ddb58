"""``reconcile fleet serve`` shows what workers have found, with the rights of a reader, until a signal."""

import os
import re
import signal
import subprocess
import sys

import httpx
import pytest

from reconciler.cli import run
from reconciler.execution.author import now
from reconciler.fleet.queue_tables import prepare_queue
from reconciler.storage.clusters import add_cluster
from reconciler.storage.fleet_database import init_fleet, open_fleet
from tests.fleets import want
from tests.unit.cli.test_fleet_init import SETTINGS
from tests.unit.fleet.test_roles import apply_roles, as_role


def serve(place, url, *words):
    """The process, and the words that it tells until it serves."""
    asked = [sys.executable, "-m", "reconciler", "fleet", "serve", *words]
    process = subprocess.Popen(
        asked,
        cwd=place,
        env={**os.environ, "FLEET_DATABASE": url},
        stderr=subprocess.PIPE,
        text=True,
    )
    told = ""
    while "serving" not in told and (line := process.stderr.readline()):
        told += line
    return process, told


@pytest.fixture
def url(fleets):
    """A fleet with its roles, and a cluster that is wanted."""
    url = fleets.empty()
    apply_roles(url)
    migrator = as_role(url, "migrator")
    init_fleet(migrator, now())
    prepare_queue(migrator)
    apply_roles(url)
    database = open_fleet(as_role(url, "worker"))
    want(database, ["alpha"])
    with database.writing() as connection:
        add_cluster(connection, "/alpha.yaml", "alpha", now())
    database.close()
    return url


def test_pages_are_served_as_a_reader_behind_a_proxy_with_users(url, tmp_path):
    (tmp_path / "fleet.yaml").write_text(SETTINGS)
    proxy = ("--trusted-proxy", "127.0.0.1/32", "--user-header", "X-User")
    process, told = serve(
        tmp_path, as_role(url, "reader").url, "--listen", "127.0.0.1:0", *proxy
    )
    try:
        port = re.search(r"port=(\d+)", told)[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert client.get("/api/v1/clusters").status_code == 401
            client.headers["X-User"] = "cramer"
            assert "zone default" in client.get("/").text
            (found,) = client.get("/api/v1/clusters").json()["items"]
            assert found["name"] == "alpha"
            metrics = client.get("/metrics").text
            assert "reconcile_state_readable 1.0" in metrics
            assert 'reconcile_fleet_clusters{zone="default"} 1.0' in metrics
            assert "No worker had its turn" in client.get(f"/clusters/{found['id']}").text
    finally:
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=60)
    assert (process.returncode, "signal=SIGTERM" in rest) == (0, True)


def test_where_to_serve_is_named_and_tables_are_there(fleets, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_DATABASE", fleets.empty())
    (tmp_path / "fleet.yaml").write_text(SETTINGS)
    assert run(["fleet", "serve"]) == 64
    assert "--listen ADDRESS:PORT" in capsys.readouterr().err
    assert run(["fleet", "serve", "--listen", "127.0.0.1:0"]) == 1
    assert "error: database-tables: " in capsys.readouterr().err


@pytest.mark.parametrize("address", ["0.0.0.0:8080", "nonsense"])
def test_it_is_as_careful_as_watch(tmp_path, monkeypatch, capsys, address):
    monkeypatch.chdir(tmp_path)
    assert run(["fleet", "serve", "--listen", address]) == 64
    assert "--listen" in capsys.readouterr().err
