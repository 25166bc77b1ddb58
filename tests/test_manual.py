"""The manual's tables of hazards and invariants name what is there, and leave no row out.

So does the page on the architecture: all that stands there in code is resolved.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from reconciler.cli import COMMANDS
from reconciler.model.refusals import REFUSALS

ROOT = Path(__file__).parents[1]
MANUAL = ROOT / "reconciler/manual"
TOPS = (ROOT / "reconciler", ROOT)
ARCHITECTURE = ROOT / "reconciler/ARCHITECTURE.md"
WORDS = frozenset({"yes", "partly", "no", "n.a."})
# Each table with how its rows are numbered.
TABLES: Mapping[str, tuple[str, ...]] = {
    "hazards.md": tuple(str(n) for n in range(1, 45)),
    "invariants.md": tuple(f"I{n}" for n in range(1, 33)),
}
COLUMNS = 6
NAMED = re.compile(r"`([^`]+)::([^`]+)`")
CODE = re.compile(r"`([^`]+)`")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FUNCTION = "^{}\\(\\) *\\{{"
VARIABLE = "^{}="


@dataclass(frozen=True, slots=True)
class Row:
    """``where`` are paths with symbols, ``tests`` paths with tests."""

    number: str
    words: str
    enforced: str
    where: tuple[tuple[str, str], ...]
    tests: tuple[tuple[str, str], ...]
    missing: str


def rows(text: str) -> Iterator[Row]:
    """The rows of the one table of a page."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]
        assert len(cells) == COLUMNS, line
        number, words, enforced, where, tests, missing = cells
        yield Row(number, words, enforced, named(where), named(tests), missing)


def named(cell: str) -> tuple[tuple[str, str], ...]:
    """Every path with its symbol; in code there is nothing else."""
    found = tuple((path, symbol) for path, symbol in NAMED.findall(cell))
    assert len(found) == cell.count("`") / 2, cell
    return found


def wrongs(name: str, text: str) -> list[str]:
    """What is wrong with a page's table."""
    found = list(rows(text))
    counts = Counter(row.number for row in found)
    wrong = [f"{n} has {counts[n]} rows" for n in TABLES[name] if counts[n] != 1]
    wrong += [f"{n} is no number" for n in counts if n not in TABLES[name]]
    return wrong + [f"{row.number}: {why}" for row in found for why in wrong_in(row)]


def wrong_in(row: Row) -> Iterator[str]:
    """What is wrong with a row: its words, then each name."""
    if row.enforced not in WORDS:
        yield f"{row.enforced!r} is none of {sorted(WORDS)}"
    if not row.words:
        yield "it says nothing"
    if row.enforced == "yes" and not (row.where and row.tests):
        yield "it is said to hold, and nothing holds or proves it"
    if row.enforced != "yes" and not row.missing:
        yield "why it does not hold is not said"
    yield from (why for path, symbol in row.where if (why := wrong_place(path, symbol)))
    yield from (why for path, test in row.tests if (why := wrong_test(path, test)))


def wrong_place(path: str, symbol: str) -> str:
    """Why a symbol is not there; paths are those of the package, or begin with tests/."""
    place = ROOT / path if path.startswith("tests/") else ROOT / "reconciler" / path
    if not place.is_file():
        return f"there is no {path}"
    return "" if symbol in symbols(place) else f"{path} has no {symbol}"


def wrong_test(path: str, test: str) -> str:
    """Why it is no test that pytest runs."""
    place = ROOT / path
    if not path.startswith("tests/") or not place.name.startswith("test_"):
        return f"{path} is no file of tests"
    known = functions(place) if place.is_file() else frozenset()
    there = test.startswith("test_") and test in known
    return "" if there else f"there is no {path}::{test}"


@cache
def symbols(path: Path) -> frozenset[str]:
    """What a file defines: of Python also Class.method, of a script functions and variables."""
    text = path.read_text()
    if path.suffix == ".sh":
        words = set(re.findall(r"^\w+", text, re.MULTILINE))
        forms = (FUNCTION, VARIABLE)
        return frozenset(
            w for w in words if any(re.search(f.format(w), text, re.MULTILINE) for f in forms)
        )
    return frozenset(defined(ast.parse(text).body))


def defined(body: list[ast.stmt]) -> Iterator[str]:
    for item in body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            yield item.name
        elif isinstance(item, ast.ClassDef):
            yield item.name
            yield from (f"{item.name}.{name}" for name in defined(item.body))
        elif isinstance(item, ast.Assign | ast.AnnAssign):
            targets = item.targets if isinstance(item, ast.Assign) else [item.target]
            yield from (t.id for t in targets if isinstance(t, ast.Name))


@cache
def functions(path: Path) -> frozenset[str]:
    """The functions of a file of tests, of which pytest runs those that begin with test_."""
    body = ast.parse(path.read_text()).body
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(item.name for item in body if isinstance(item, kinds))


@pytest.mark.parametrize("name", TABLES)
def test_each_row_names_what_is_there(name: str) -> None:
    assert wrongs(name, (MANUAL / name).read_text()) == []


def test_what_the_page_of_the_lock_names_is_there() -> None:
    text = (MANUAL / "lock.md").read_text()
    names = NAMED.findall(text)
    assert names
    assert [why for path, symbol in names if (why := wrong_place(path, symbol))] == []


GOOD = "|1|It goes wrong|yes|`gate/parts/permit.sh::act`|`tests/test_manual.py::test_a_slip_is_found`||"


@pytest.mark.parametrize(
    ("was", "becomes", "wrong"),
    [
        ("permit.sh::act", "permit.sh::actt", "gate/parts/permit.sh has no actt"),
        ("parts/permit.sh", "parts/permits.sh", "there is no gate/parts/permits.sh"),
        (
            "parts/permit.sh::act",
            "lease_decision.py::decides",
            "gate/lease_decision.py has no decides",
        ),
        ("a_slip_is_found", "a_slip", "there is no tests/test_manual.py::test_a_slip"),
        ("::test_a_slip_is_found", "::wrongs", "there is no tests/test_manual.py::wrongs"),
        ("tests/test_manual.py", "tests/runs.py", "tests/runs.py is no file of tests"),
        ("|yes|", "|surely|", f"'surely' is none of {sorted(WORDS)}"),
        ("|yes|", "|partly|", "why it does not hold is not said"),
        ("`tests/test_manual.py::test_a_slip_is_found`", "", "nothing holds or proves it"),
        ("|It goes wrong|", "||", "it says nothing"),
    ],
)
def test_a_slip_is_found(was: str, becomes: str, wrong: str) -> None:
    (good,) = rows(f"|#|\n|-|\n{GOOD}")
    assert list(wrong_in(good)) == []
    assert was in GOOD
    (row,) = rows(f"|#|\n|-|\n{GOOD.replace(was, becomes)}")
    assert [why for why in wrong_in(row) if wrong in why]


@pytest.mark.parametrize("name", TABLES)
def test_a_row_that_is_missing_or_there_twice_is_found(name: str) -> None:
    text = (MANUAL / name).read_text()
    row = next(line for line in text.splitlines() if line.startswith(f"|{TABLES[name][6]}|"))
    assert f"{TABLES[name][6]} has 0 rows" in wrongs(name, text.replace(f"{row}\n", ""))
    assert f"{TABLES[name][6]} has 2 rows" in wrongs(name, text.replace(row, f"{row}\n{row}"))


def wrong_name(name: str) -> str:
    """Why what stands in code is neither a path, a symbol, a command of ours nor a code."""
    path, both, symbol = name.partition("::")
    if both:
        is_test = symbol.startswith("test_")
        return wrong_test(path, symbol) if is_test else wrong_place(path, symbol)
    match name.split():
        case ["reconcile", command] if command in COMMANDS:
            return ""
        case ["make", target] if f"\n{target}:" in (ROOT / "Makefile").read_text():
            return ""
        case [word] if word in REFUSALS or any((top / f"./{word}").exists() for top in TOPS):
            return ""
    return f"there is no {name}"


def rules(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Of each rule how many files it says that one opens, then those that it names."""
    _head, _line, *lines = [line for line in text.splitlines() if line.startswith("|")]
    for line in lines:
        _rule, _before, plan, hosts, *named_files = line.strip("|").split("|")
        files = [*named_files, ""][:2]
        yield int(plan), int(hosts), files[0], files[1]


def test_what_the_page_on_the_architecture_names_is_there() -> None:
    names = CODE.findall(FENCED.sub("", ARCHITECTURE.read_text()))
    assert len(names) > 100
    assert [why for name in names if (why := wrong_name(name))] == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("planning/kinds.py::KINDS", ""),
        ("planning/kinds.py::KIND", "planning/kinds.py has no KIND"),
        ("planning/kind.py::KINDS", "there is no planning/kind.py"),
        ("gate/parts/remount.sh::verb_remount", ""),
        ("gate/parts/remount.sh::verb_mount", "gate/parts/remount.sh has no verb_mount"),
        ("resources/resource.py::Resource.needs", ""),
        ("resources/resource.py::Resource.need", "resources/resource.py has no Resource.need"),
        ("tests/test_manual.py::test_no", "there is no tests/test_manual.py::test_no"),
        ("planning/checks/", ""),
        ("planning/check/", "there is no planning/check/"),
        ("reconcile scripts", ""),
        ("reconcile script", "there is no reconcile script"),
        ("make schema", ""),
        ("make schemas", "there is no make schemas"),
        ("section-unread", ""),
        ("section-read", "there is no section-read"),
    ],
)
def test_a_name_that_is_not_there_is_found(name: str, wrong: str) -> None:
    assert wrong_name(name) == wrong


def test_the_layers_are_those_that_are_checked() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    contract = tools["importlinter"]["contracts"][0]
    layers = [re.sub(r"[()]", "", line) for line in contract["layers"] if line[0] != "("]
    (picture,) = FENCED.findall(ARCHITECTURE.read_text())
    assert picture.splitlines()[1:-1] == layers


def test_the_files_to_open_for_a_rule_are_as_many_as_it_says() -> None:
    _before, table = ARCHITECTURE.read_text().split("|Rule|", 1)
    found = list(rules(f"|Rule|{table}"))
    assert len(found) == 5
    for plan, hosts, of_plan, of_hosts in found:
        paths = [name.partition("::")[0] for name in CODE.findall(of_plan)]
        there = [name.partition("::")[0] for name in CODE.findall(of_hosts)]
        assert (len({*paths}), len({*there})) == (plan, hosts), of_plan


def test_the_wheel_has_the_pages() -> None:
    wheel = WheelBuilder(str(ROOT))
    files = {item.relative_path for item in wheel.recurse_included_files()}
    pages = {str(path.relative_to(ROOT)) for path in (ARCHITECTURE, *MANUAL.glob("*.md"))}
    assert pages <= files
