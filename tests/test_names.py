"""Names: a function says what it does, and a module's name means one thing in all rooms."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PRODUCT = Path(__file__).parents[1] / "reconciler"

# Participles that do not end in -ed. Left out are those that are a command as well: read, run,
# set, split, cut.
IRREGULAR = frozenset(
    [
        "begun",
        "bound",
        "brought",
        "built",
        "chosen",
        "drawn",
        "done",
        "driven",
        "fallen",
        "forgotten",
        "found",
        "given",
        "gone",
        "grown",
        "held",
        "hidden",
        "kept",
        "known",
        "laid",
        "left",
        "lost",
        "made",
        "meant",
        "met",
        "proven",
        "said",
        "seen",
        "sent",
        "shown",
        "stood",
        "struck",
        "taken",
        "thought",
        "told",
        "undone",
        "understood",
        "withdrawn",
        "withheld",
        "written",
    ]
)
NOT_PARTICIPLES = frozenset({"embed", "exceed", "feed", "need", "proceed", "seed"})

# Lone participles that stay, each with its reason.
ALLOWED_PARTICIPLES = {
    "model/effect.py::unchanged": "reads as a row of the tables of effects: 'unchanged, because …'",
}

# The files that each resource has, where it needs them: one role, one name.
ROLES = frozenset({"changes", "checks", "effects", "parsing", "readings"})

# Modules of one name that mean one thing, or two that the field itself calls so.
SAME_NAME = {
    "cluster": "the live cluster: its state in the simulator, its verbs, its section",
    "commands": "commands: those of the command line, and those that a simulated host runs",
    "devices": "block devices: their names, in the file, on hosts, in the simulator",
    "news": "what has changed since it was told: to the log, and to receivers of messages",
    "documents": "the documents of version 1: read back, and written",
    "drift": "drift: its computation, its command, its report",
    "errors": "each tree of errors at its root: the product's, and the simulator's",
    "explain": "the explanation of a code: its command, its pages",
    "files": "files of a host: their state in the simulator, the gate's verbs for them",
    "fleet": "the fleet: its settings as a noun, its command",
    "gate": "the gate, and its twin in the simulator",
    "guests": "virtual machines: the resource, their state in the simulator, the gate's verbs",
    "heartbeats": "heartbeat blocks: rules, records, evidence, the gate's look at them",
    "history": "past runs: the command, the report",
    "host": "a host that runs commands: over SSH, in the simulator",
    "kernel": "the kernel: what its messages mean, what it does in the simulator",
    "last_applied": "what was last applied: the noun, and how a plan takes it from hosts",
    "leases": "the lease on hosts: the gate's verbs, the section of the probe",
    "machine": "'state machine' of a run, and the simulated computer: the field's word for both",
    "manual": "the manual: its command, its topics as text",
    "mounts": "mounts: the resource, what the file may say of them",
    "network": "the network between hosts: in the simulator, in its section of the probe",
    "operating": "leases by hand: the command line's part, what is done on hosts",
    "ordering": "the order of systemd's units: the resource, what the simulator does of it",
    "packages": "packages: the resource, what the file may say, the gate's verbs",
    "passport": "the passport: its room, its command, its report",
    "plan": "the plan: the noun, the command that makes it",
    "probe": "the probe, and its twin in the simulator",
    "problems": "problems of a file: the noun, the report",
    "quarantine": "hosts in quarantine: the resource, the check that refuses",
    "records": "what runs leave on hosts: the noun, the resource, what writes it",
    "runbook": "the manual procedure: its command, its report",
    "schema": "the JSON schema: its making, its command",
    "settings": "settings: of ssh for a host, of a fleet as a worker uses them",
    "scripts": "the joined scripts: the joining, the command that shows them",
    "secrets": "secrets in commands: the words, what the file may say, their reading",
    "services": "systemd's services: the resource, what the simulator does of them",
    "status": "the status of clusters: its command, its report",
    "storage": "not yet renamed: the controller's own store, and block devices of hosts",
    "system": "the operating system of a host: what is observed, its section in the simulator",
    "targets": "--target: whether it exists, which part of a plan it is",
    "units": "systemd's units: their names, what the simulator does of them",
    "volumes": "volumes: the resource, what an import finds, what a person types",
    "watch": "watching clusters: the daemon's room, its command",
    "workloads": "workloads: the resource, what the file may say of them",
}


def _is_lone_participle(name: str) -> bool:
    if "_" in name or name in NOT_PARTICIPLES:
        return False
    return name in IRREGULAR or name.endswith("ed")


def _functions(
    scope: ast.Module | ast.ClassDef,
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods; a property is read as a field is, and named as one."""
    for node in scope.body:
        if isinstance(node, ast.ClassDef):
            yield from _functions(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not any(
            isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list
        ):
            yield node


def _path(file: Path) -> str:
    return file.relative_to(PRODUCT).as_posix()


def lone_participles() -> set[str]:
    """The public functions of the product of which a name says only that something was done."""
    return {
        f"{_path(file)}::{function.name}"
        for file in PRODUCT.rglob("*.py")
        for function in _functions(ast.parse(file.read_text()))
        if _is_lone_participle(function.name)
    }


def repeated_module_names() -> set[str]:
    """The names that several modules or packages have; a resource's files have their roles' names."""
    found = defaultdict(list)
    for file in PRODUCT.rglob("*.py"):
        module = file.parent if file.name == "__init__.py" else file
        found[module.stem].append(_path(module))
    return {name for name, paths in found.items() if len(paths) > 1 and name not in ROLES}


def test_no_public_function_is_named_by_a_lone_participle_without_a_reason():
    assert lone_participles() == set(ALLOWED_PARTICIPLES)


def test_a_module_name_that_stands_twice_means_one_thing():
    assert repeated_module_names() == set(SAME_NAME)


def test_what_is_a_lone_participle():
    names = (
        "looked",
        "seen",
        "told",
        "wanted",
        "need",
        "read",
        "observe_clusters",
        "seed",
        "run",
    )
    assert [n for n in names if _is_lone_participle(n)] == ["looked", "seen", "told", "wanted"]
