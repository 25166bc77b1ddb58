"""Every refusal code of the source has its page, and every page the same form."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import reconciler
from reconciler.cli import COMMANDS
from reconciler.reports.explain import codes, page

SOURCE = Path(reconciler.__file__).parent
# Whatever stands for a host is held to the real gate and the real SSH by the contract tests.
POSING = ("simulator", "loopback.py")
# Where the code is among the arguments.
GIVEN = {"Blocked": 0, "Finding": 0, "Skew": 0, "HostUnreachable": 1, "Unreachable": 1}
TABLES = {"UNREACHABLE_REMEDY", "MAY_HAVE_RUN"}
WORD = re.compile(r"[a-z]+(-[a-z]+)*")
KEBAB = re.compile(r"[a-z]+(-[a-z]+)+")
GATE = re.compile(r"\b(?:refuse|stop [0-9]+) ([a-z][a-z-]*)\b|gate: ([a-z][a-z-]*):")
SECTIONS = ("What it means", "How it is found", "Why it is refused", "What to do", "See also")
# Of what is told and refuses nothing.
FINDINGS = re.compile(r"next-boot-.*|version-skew")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """One source file, and what can be told of the words in it."""

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        self.functions = [n for n in ast.walk(self.tree) if isinstance(n, Function)]
        self.calls = [
            (call, function)
            for function in (self.tree, *self.functions)
            for call in ast.walk(function)
            if isinstance(call, ast.Call)
        ]

    def codes(self) -> Iterator[str]:
        """Codes as arguments, as the first of a returned pair, and in tables."""
        for call, within in self.calls:
            if (place := GIVEN.get(_name(call.func))) is not None:
                yield from self._argument(call, "code", place, within)
        for function in self.functions:
            if function.returns and ast.unparse(function.returns) == "tuple[str, str]":
                yield from _returned(function)
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and _targets(node) & TABLES:
                yield from _keys(node.value)

    def _argument(self, call: ast.Call, name: str, place: int, within: ast.AST) -> set[str]:
        named = [word.value for word in call.keywords if word.arg == name]
        found = named or call.args[place : place + 1]
        return set().union(*(self._texts(value, within) for value in found))

    def _texts(self, value: ast.AST, within: ast.AST) -> set[str]:
        """What ``value`` can be; a parameter is whatever the module's own calls give it."""
        match value:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.IfExp(body=one, orelse=other):
                return self._texts(one, within) | self._texts(other, within)
            case ast.FormattedValue(value=inner):
                return self._texts(inner, within)
            case ast.JoinedStr(values=parts):
                choices = [sorted(self._texts(part, within)) for part in parts]
                return {"".join(words) for words in itertools.product(*choices)}
            case ast.Name(id=name) if isinstance(within, Function):
                return self._given(name, within)
        return set()

    def _given(self, name: str, function: Function) -> set[str]:
        parameters = [a.arg for a in function.args.args if a.arg not in {"self", "cls"}]
        if name not in parameters:
            return set()
        place = parameters.index(name)
        return set().union(
            *(
                self._argument(call, name, place, within)
                for call, within in self.calls
                if _name(call.func) == function.name and within is not function
            )
        )


def _name(called: ast.AST) -> str:
    return called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")


def _returned(function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        match node:
            case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=str(text)), _])):
                yield from [text] if KEBAB.fullmatch(text) else []


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {_name(target) for target in targets}


def _keys(table: ast.AST | None) -> Iterator[str]:
    """The keys of a dict, the members of a set or tuple, also inside a call of frozenset."""
    match table:
        case ast.Dict(keys=items) | ast.Set(elts=items) | ast.Tuple(elts=items):
            yield from (n.value for n in items if isinstance(n, ast.Constant))
        case ast.Call(args=[inner]):
            yield from _keys(inner)


def codes_in(text: str) -> set[str]:
    return set(Module(text).codes())


def source_codes() -> set[str]:
    files = [f for f in SOURCE.rglob("*.py") if not set(POSING) & {*f.parts, f.name}]
    found = {code for file in files for code in codes_in(file.read_text("utf-8"))}
    gate = "".join(f.read_text("utf-8") for f in (SOURCE / "gate/parts").rglob("*.sh"))
    return found | {one or other for one, other in GATE.findall(gate)}


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0].strip("\n")


def spans(text: str) -> list[str]:
    """What stands in backticks: what an operator types."""
    return re.findall(r"`([^`]+)`", text)


def test_every_code_has_a_page():
    assert source_codes() - set(codes()) == set()


def test_no_page_is_of_a_code_that_nothing_gives():
    assert set(codes()) - source_codes() == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Blocked('no-space', s, m, r)", {"no-space"}),
        ("Blocked(subject=s, code='no-space')", {"no-space"}),
        ("Blocked('a-b' if old else 'c-d', s, m, r)", {"a-b", "c-d"}),
        ("outcome.Blocked('no-space', s, m, r)", {"no-space"}),
        ("raise HostUnreachable(name, 'no-session', why) from error", {"no-session"}),
        (
            "def one(a): return two(a, 'x-y')\n"
            "def two(a, code): return three(a, code)\n"
            "def three(a, code): return Blocked(f'rule-{code}', a, a, a)",
            {"rule-x-y"},
        ),
        (
            "class A:\n"
            "    def one(self): return self.two('x-y')\n"
            "    def two(self, code): raise HostUnreachable(self.name, code, '')",
            {"x-y"},
        ),
        ("def why(e) -> tuple[str, str]:\n    return 'key-lost', f'{e}'", {"key-lost"}),
        ("MAY_HAVE_RUN = frozenset({'cut-off'})", {"cut-off"}),
        ("UNREACHABLE_REMEDY: Table = {'no-key': 'get one'}", {"no-key"}),
        ("Blocked(error.code, s, m, r); HostUnreachable(name, *failure)", set()),
    ],
)
def test_codes_are_found_however_they_are_given(text, expected):
    assert codes_in(text) == expected


def test_codes_are_found_in_every_part_of_the_source():
    assert {
        "section-unread",  # said once for all resources
        "label-differs",  # one of two
        "invariant-format-only-blank",  # put together
        "host-key-changed",  # returned
        "probe-garbled",  # of a host without facts
        "changed-since",  # of the gate, refused
        "write-failed",  # of the gate, failed
        "mount-failed",  # of the gate, printed
    } <= source_codes()


@pytest.mark.parametrize("code", codes())
def test_a_page_begins_with_its_code_and_what_it_says(code):
    assert WORD.fullmatch(code)
    first, empty, *_ = page(code).splitlines()
    name, _, said = first.partition(": ")
    assert (name, empty) == (f"# {code}", "")
    assert 0 < len(said) < 60


@pytest.mark.parametrize("code", codes())
def test_a_page_has_the_five_sections_in_order_and_something_in_each(code):
    text = page(code)
    told = "Why it is told" if FINDINGS.fullmatch(code) else "Why it is refused"
    titles = tuple(re.findall(r"^#+ (.*)$", text, re.MULTILINE)[1:])
    assert titles == (*SECTIONS[:2], told, *SECTIONS[3:])
    assert all(section(text, title) for title in titles)


@pytest.mark.parametrize("code", codes())
def test_a_page_numbers_what_to_do(code):
    numbers = re.findall(r"^([0-9]+)\. ", section(page(code), "What to do"), re.MULTILINE)
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)]
    assert numbers


@pytest.mark.parametrize("code", codes())
def test_a_page_fits_a_terminal(code):
    lines = page(code).splitlines()
    assert 15 <= len(lines) <= 40
    assert max(map(len, lines)) <= 96


@pytest.mark.parametrize("code", codes())
def test_a_page_leads_to_other_pages_only(code):
    leads = re.findall(r"reconcile explain ([a-z][a-z-]*)", page(code))
    assert set(leads) <= set(codes()) - {code}


@pytest.mark.parametrize("code", codes())
def test_a_page_has_no_command_of_ours_that_does_not_exist(code):
    ours = {w for span in spans(page(code)) for w in re.findall(r"\breconcile ([a-z]+)", span)}
    assert ours <= set(COMMANDS)


@pytest.mark.parametrize("code", codes())
def test_what_is_installed_is_said_for_debian_and_for_rhel(code):
    text = page(code)
    assert ("apt-get install" in text) == ("dnf install" in text)
