"""Docstrings: a public function that raises says which error."""

import ast
from collections.abc import Iterator
from pathlib import Path

PRODUCT = Path(__file__).parents[1] / "reconciler"
# Their docstring is what ``--help`` prints, and click tells the error itself.
FOR_OPERATORS = ("cli",)
# What never happens, said for the reader of the code and for mypy.
NEVER = frozenset({"AssertionError"})


def raised(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """The classes of errors that a function raises itself, by name."""
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = ast.unparse(error).rpartition(".")[2]
            if name[:1].isupper() and name not in NEVER:
                yield name


def public_functions(scope: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    for node in scope.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[:1] != "_":
            yield node


def test_a_public_function_that_raises_says_so():
    silent = [
        f"{file.relative_to(PRODUCT)}::{function.name} {error}"
        for file in sorted(PRODUCT.rglob("*.py"))
        if not {*FOR_OPERATORS, "simulator"} & set(file.relative_to(PRODUCT).parts)
        for function in public_functions(ast.parse(file.read_text("utf-8")))
        for error in sorted(set(raised(function)))
        if error not in (ast.get_docstring(function) or "")
    ]
    assert silent == []
