"""The rules of the house: layers, sizes, published files, what start-up may import."""

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.loading import read
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.resources.cluster_conf.changes import wanted_file
from tests.builders import bare

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
RECORDED = ROOT / "tests/golden/facts/running.json"
# Slow to import, each for its own command only.
HEAVY = {
    *("alembic", "asyncio", "asyncssh", "deepdiff", "pydantic", "rich", "sqlalchemy"),
    *("structlog", "yaml"),
}

GUIDE = """\
node:
	ip_port = 7777
	ip_address = 10.0.0.10
	number = 0
	name = flexnode01
	cluster = ocfs2

node:
	ip_port = 7777
	ip_address = 10.0.0.11
	number = 1
	name = flexnode02
	cluster = ocfs2

cluster:
	node_count = 2
	name = ocfs2
"""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_loads(path):
    assert read(str(path)).clusters


def test_the_guides_example_gives_the_guides_cluster_conf_byte_for_byte():
    (cluster,) = read(str(ROOT / "examples/classic-guide.yaml")).clusters
    assert wanted_file(with_numbers(cluster, bare(cluster))) == GUIDE


def import_all(*words):
    """What a command says, and all modules that it has imported."""
    code = (
        "import sys\n"
        "from reconciler.cli import run\n"
        f"run({[*words]!r})\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout, set(done.stderr.split())


def test_help_imports_nothing_heavy():
    out, found = import_all("--help")
    assert "Commands" in out
    assert HEAVY & found == set()


def test_validate_imports_neither_hosts_nor_execution_nor_other_forms():
    example = ROOT / "examples/three-hosts.yaml"
    out, found = import_all("validate", str(example))
    assert "valid" in out
    assert (HEAVY - {"pydantic", "yaml"}) & found == set()
    rooms = {name.rpartition(".")[2] for name in found if name.startswith("reconciler.")}
    assert (
        rooms & {"hosts", "execution", "pipeline", "sarif", "junit", "planning", "observed"}
        == set()
    )


def test_observe_imports_neither_plans_nor_runs_nor_what_ssh_does_without(tmp_path):
    _out, found = import_all("observe", str(unreachable(tmp_path)))
    assert {"asyncssh", "reconciler.hosts.ssh"} <= found
    rooms = (
        "execution",
        "pipeline",
        "planning.planner",
        "loading.hints",
        "reports.facts_table",
    )
    unused = {f"reconciler.{room}" for room in rooms} | {
        "importlib.metadata",  # to look for plugins of pydantic
        "cryptography.x509",
        "asyncssh.crypto.x509",
    }
    assert unused & found == set()


def test_a_plan_from_facts_imports_neither_an_event_loop_nor_runs_nor_other_forms():
    _out, found = import_all(
        "plan", str(ROOT / "examples/minimal.yaml"), "--facts", str(RECORDED)
    )
    assert "reconciler.planning.planner" in found
    rooms = (
        "execution.executor",
        "hosts.observer",
        "pipeline",
        "reports.html",
        "reports.junit",
        "reports.markdown",
    )
    assert {
        "asyncio",
        "ssl",
        "structlog",
        *(f"reconciler.{room}" for room in rooms),
    } & found == set()


def unreachable(folder):
    """A file of one host, which nobody can log in to: there is no known_hosts file."""
    settings = f"ssh: {{known_hosts: {folder}/none}}"
    member = "{name: node01, interconnect: 10.0.0.11, ssh: {host: 127.0.0.1, port: 1}}"
    path = folder / "cluster.yaml"
    path.write_text(
        f"version: 1\n{settings}\nclusters:\n- {{name: ocfs2, members: [{member}], volumes: []}}\n"
    )
    return path


@pytest.mark.parametrize(("top", "limit"), [("reconciler", 400), ("tests", 500)])
def test_files_stay_small(top, limit):
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in (ROOT / top).rglob("*.py")
    }
    assert {name: size for name, size in sizes.items() if size > limit} == {}


def test_nothing_names_a_host_of_a_registry_or_a_path_of_a_developers_machine():
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    words = ("/work/" + "main", "/work/" + "shared", "files.python" + "hosted", "pypi" + ".org")
    for name in filter(None, tracked):
        text = (ROOT / name).read_bytes().decode(errors="replace")
        assert not [word for word in words if word in text], name
