"""Whoever expects a text that is no JSON expects one that is nested too deep: that is no ValueError."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PRODUCT = Path(__file__).parents[1] / "reconciler"
READERS = {"loads", "raw_decode", "_PASS_OVER"}


def careless(source: str) -> Iterator[int]:
    """The lines where a reader of JSON is called by who catches ValueError and not RecursionError."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Try):
            names = {name for handler in node.handlers for name in _names(handler.type)}
        elif isinstance(node, ast.With):
            calls = [item.context_expr for item in node.items]
            names = {name for call in calls for name in _suppressed(call)}
        else:
            continue
        if "ValueError" in names and "RecursionError" not in names:
            yield from (line for part in node.body for line in _calls(part))


def _names(kind: ast.expr | None) -> set[str]:
    return {node.id for node in ast.walk(kind or ast.Pass()) if isinstance(node, ast.Name)}


def _suppressed(call: ast.expr) -> set[str]:
    is_it = isinstance(call, ast.Call) and ast.unparse(call.func).endswith("suppress")
    return {name for arg in call.args for name in _names(arg)} if is_it else set()


def _calls(part: ast.stmt) -> Iterator[int]:
    for node in ast.walk(part):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in READERS:
            yield node.lineno


def test_who_catches_what_is_no_json_catches_what_is_too_deep() -> None:
    found = [
        f"{path.relative_to(PRODUCT)}:{line}"
        for path in sorted(PRODUCT.rglob("*.py"))
        for line in careless(path.read_text())
    ]
    assert not found


def test_a_careless_reader_is_seen() -> None:
    assert list(
        careless("try:\n    json.loads(x)\nexcept (ValueError, KeyError):\n    pass")
    ) == [2]
    assert list(careless("with suppress(ValueError):\n    a = json.loads(x)")) == [2]
    assert not list(careless("try:\n  loads(x)\nexcept (ValueError, RecursionError):\n  pass"))
