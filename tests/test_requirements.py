"""The locks: what runs is a part of all, whole and not more; `make demo` installs no more."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BLOCK = re.compile(r"^(\S+)==(?:.*\\\n)*.*\n", re.MULTILINE)
EDITABLE = "editables"  # what hatchling needs to install a clone in place


def locked(name: str) -> dict[str, str]:
    """Of each package of a lock its version and hashes."""
    text = (ROOT / name).read_text()
    return {canonical(found[1]): found[0] for found in BLOCK.finditer(text)}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(names: list[str]) -> set[str]:
    """These and all that they need, with the extras that are asked for, as it is installed."""
    found: set[tuple[str, frozenset[str]]] = set()
    asked = [(Requirement(name), {""}) for name in names]
    while asked:
        requirement, extras = asked.pop()
        marker = requirement.marker
        off = marker and not any(marker.evaluate({"extra": extra}) for extra in extras)
        one = (canonical(requirement.name), frozenset(requirement.extras))
        if not off and one not in found:
            found.add(one)
            below = distribution(requirement.name).requires or []
            asked += [(Requirement(name), {"", *requirement.extras}) for name in below]
    return {name for name, _extras in found}


def test_what_runs_is_locked_as_the_rest_and_nothing_else_is() -> None:
    project, runs = PROJECT["project"]["dependencies"], locked("requirements-run.lock")
    assert runs.keys() == needed([*project, *PROJECT["build-system"]["requires"], EDITABLE])
    assert runs.items() <= locked("requirements.lock").items()


def test_what_a_fleet_needs_besides_is_locked_as_the_rest() -> None:
    extra = PROJECT["project"]["optional-dependencies"]["fleet"]
    fleet, runs = locked("requirements-fleet.lock"), locked("requirements-run.lock")
    assert fleet.keys() == needed(extra) - runs.keys()
    assert fleet.items() <= locked("requirements.lock").items()


def test_what_fuzzing_needs_is_locked_by_itself() -> None:
    (extra,) = PROJECT["project"]["optional-dependencies"]["fuzz"]
    assert locked("requirements-fuzz.lock").keys() == {Requirement(extra).name}
    assert "atheris" not in locked("requirements.lock")


def test_the_demo_installs_what_runs() -> None:
    rules = (ROOT / "Makefile").read_text()
    assert "\ndemo: $(RUNS) " in rules
    (recipe,) = re.findall(r"^\$\(RUNS\): (.*\n(?:\t.*\n)+)", rules, re.MULTILINE)
    assert "--require-hashes -r requirements-run.lock" in recipe
    assert "requirements.lock" not in recipe
