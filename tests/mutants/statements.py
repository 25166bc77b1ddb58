"""Statements of the product that refuse, and the product without one of them.

A statement is left out of the syntax tree; what the rest of its file is compiled to takes the
place of the code of the functions that are there, so that whoever holds them has the mutant.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from tests.mutants.encounters import PRODUCT, line, met

_REFUSES = ("refuse_unreachable", "refuse_unread", "refuse_unsupported", "refuse_unshared_lvm")
BLOCKS = frozenset(["Blocked", *_REFUSES])
RAISES = frozenset(["refusal"])
# Where a reason is said in words, and somebody else makes a refusal of it.
REASONS = ("planning/checks/", "resources/health/")
# What notes a reason, as its module has it.
NOTE = "__note__"


@dataclass(frozen=True)
class Statement:
    """A statement that refuses, in ``file`` below the product; ``name`` says what and where."""

    file: str
    first: int
    last: int
    name: str

    @property
    def lines(self) -> frozenset[str]:
        """Its lines, as encounters have them."""
        return frozenset(line(self.file, n) for n in range(self.first, self.last + 1))


@cache
def tree(file: str) -> ast.Module:
    """The syntax of a file of the product."""
    return ast.parse(Path(PRODUCT, file).read_text("utf-8"), PRODUCT + file)


def statements(*folders: str) -> Iterator[Statement]:
    """All that refuse, in the order of files and lines."""
    for folder in folders:
        for path in sorted(Path(PRODUCT, folder).rglob("*.py")):
            file = str(path).removeprefix(PRODUCT)
            yield from _found(file)


def _found(file: str) -> Iterator[Statement]:
    makers = BLOCKS | {f.name for f in _functions(tree(file)) if _gives(f) == "Blocked"}
    count: dict[str, int] = {}
    for function in _functions(tree(file)):
        if _gives(function) == "Blocked":
            continue  # whoever calls it refuses
        reasons = _gives(function) == "Iterator[str]" and file.startswith(REASONS)
        for statement in _own(function):
            code = _code(statement, makers) or (
                "reason" if reasons and _yields(statement) else ""
            )
            if code:
                name = f"{file}::{function.name} {code}"
                count[name] = count.get(name, 0) + 1
                name += f" #{count[name]}" if count[name] > 1 else ""
                yield Statement(file, statement.lineno, statement.end_lineno or 0, name)


def _functions(module: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _gives(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return ast.unparse(function.returns) if function.returns else ""


def _own(function: ast.AST) -> Iterator[ast.stmt]:
    """The innermost statements of a function, without those of functions in it."""
    for child in ast.iter_child_nodes(function):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(child, ast.stmt):
            yield child
        yield from _own(child)


def _code(statement: ast.stmt, makers: frozenset[str]) -> str:
    """The code that a statement says, or who makes one up; empty for what refuses nothing."""
    if not isinstance(statement, ast.Expr | ast.Return | ast.Raise | ast.Assign):
        return ""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in makers | RAISES:
            first = node.args[0] if node.args else None
            return (
                str(first.value) if isinstance(first, ast.Constant) else ast.unparse(node.func)
            )
    return ""


def _yields(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield)


class _Without(ast.NodeTransformer):
    def __init__(self, at: Statement) -> None:
        self._at = (at.first, at.last)

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.stmt) and (node.lineno, node.end_lineno) == self._at:
            return ast.copy_location(_nothing(node), node)
        return self.generic_visit(node)


def _nothing(node: ast.stmt) -> ast.stmt:
    empty: ast.expr = ast.Tuple([], ast.Load())
    if isinstance(node, ast.Expr):
        return ast.Expr(ast.YieldFrom(empty) if isinstance(node.value, ast.Yield) else empty)
    if isinstance(node, ast.Return):
        single = isinstance(node.value, ast.Call)
        return ast.Return(ast.Constant(None) if single else empty)
    if isinstance(node, ast.Assign):
        return ast.Assign(node.targets, ast.List([], ast.Load()))
    return ast.Pass()


class _Noting(ast.NodeTransformer):
    def visit_Yield(self, node: ast.Yield) -> ast.Yield:
        note = ast.Call(ast.Name(NOTE, ast.Load()), [ast.Constant(node.lineno)], [])
        value = node.value or ast.Constant(None)
        return ast.copy_location(ast.Yield(ast.BoolOp(ast.Or(), [note, value])), node)


def leave_out(statement: Statement) -> None:
    """The product is without it from here on."""
    _change(statement.file, _Without(statement))


def note_reasons() -> None:
    """From here on a reason in words is met: who makes a refusal of it is not called by it."""
    for file in dict.fromkeys(one.file for one in statements(*REASONS)):
        if module := sys.modules.get(_module(file)):
            _change(file, _Noting())
            vars(module)[NOTE] = partial(_note, file)


def _note(file: str, number: int) -> None:
    met.add(line(file, number))


def _module(file: str) -> str:
    return "reconciler." + file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _change(file: str, change: ast.NodeTransformer) -> None:
    whole = ast.parse(Path(PRODUCT, file).read_text("utf-8"))
    changed = ast.fix_missing_locations(change.visit(whole))
    codes = dict(_codes(compile(changed, PRODUCT + file, "exec")))
    for function in _live(sys.modules[_module(file)]):
        code = codes.get((function.__qualname__, function.__code__.co_firstlineno))
        if code is not None:
            function.__code__ = code


def _codes(code: CodeType) -> Iterator[tuple[tuple[str, int], CodeType]]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield (inner.co_qualname, inner.co_firstlineno), inner
            yield from _codes(inner)


def _live(module: Any) -> Iterator[FunctionType]:
    """Its functions and methods as they are, under whatever is wrapped around them."""
    for value in vars(module).values():
        inside = vars(value).values() if inspect.isclass(value) else ()
        for found in (value, *inside):
            function = found.fget if isinstance(found, property) else found
            function = inspect.unwrap(function) if callable(function) else function
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                yield function
