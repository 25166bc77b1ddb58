"""What the model's validation found, in an operator's words.

A table from pydantic's error types; a custom error brings its own code and message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.loading import hints, remedies
from reconciler.loading.nodes import key_mark, text_at, value_mark
from reconciler.loading.wrong import Wrong
from reconciler.model.field_types import quote_value
from reconciler.model.problems import Problem
from reconciler.model.refusals import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import ErrorDetails

    from reconciler.loading.nodes import Node, Path

_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "model_type": "a mapping of keys",
    "tuple_type": "a list",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
}
_MANUAL = "reconcile manual file has every key with an example"


def problem(file: str, root: Node, path: Path, error: ErrorDetails) -> Problem:
    """The problem that ``error`` stands for; ``path`` is its place in the file."""
    text = text_at(root, path)
    wrong = Wrong(
        path,
        error["type"],
        error["input"],
        quote_value(text)[1:-1] if text else "",
        error.get("ctx", {}),
    )
    mark = (key_mark if wrong.type in {"extra_forbidden", "missing"} else value_mark)(
        root, path
    )
    code, message, hint = _words(wrong)
    hint = hint or hints.key_description(path) or _MANUAL
    return Problem(file, mark.line, mark.column, code, message, hint)


def _words(wrong: Wrong) -> tuple[str, str, str]:
    """Code, message and hint."""
    if wrong.type in _KEYS:
        return _KEYS[wrong.type](wrong)
    if wrong.value is None:
        return "bad-type", f"{wrong.name} has no value", remedies.nothing_hint(wrong)
    if wrong.type in _WANTED:
        return _bad_type(wrong)
    if wrong.type in _BOUNDS:
        limit, word = _BOUNDS[wrong.type]
        message = f"{wrong.name} is {wrong.text}; it must be {word} {wrong.context[limit]}"
        return "bad-value", message, remedies.bound_hint(wrong)
    if wrong.type in _VALUES:
        return _VALUES[wrong.type](wrong)
    message = str(
        wrong.context.get("message", f"{quote_value(wrong.value)} cannot be used here")
    )
    return _code(wrong.type), message, remedies.value_hint(wrong)


def _code(kind: str) -> str:
    """The code of a refusal of ours; of one that only pydantic has a word for, the general one."""
    return kind if kind in REFUSALS else "bad-value"


def _unknown_key(wrong: Wrong) -> tuple[str, str, str]:
    message = f"{wrong.name} is not a key of {wrong.home}"
    return "unknown-key", message, remedies.key_hint(wrong)


def _missing_key(wrong: Wrong) -> tuple[str, str, str]:
    message = f"{wrong.home} has no {wrong.name}"
    return "missing-key", message, remedies.missing_hint(wrong)


def _bad_type(wrong: Wrong) -> tuple[str, str, str]:
    message = (
        f"{wrong.name} takes {_WANTED[wrong.type]}, not {_described(wrong.value, wrong.text)}"
    )
    return "bad-type", message, remedies.type_hint(wrong)


def _bad_choice(wrong: Wrong) -> tuple[str, str, str]:
    known = re.findall(r"'([^']*)'", str(wrong.context["expected"]))
    message = f"{wrong.name} takes {_either(known)}, not {_described(wrong.value, wrong.text)}"
    return "bad-value", message, remedies.choice_hint(wrong, known)


def _too_short(wrong: Wrong) -> tuple[str, str, str]:
    return (
        "bad-value",
        f"{wrong.name} is empty; it needs at least one item",
        remedies.items_hint(wrong),
    )


def _long_text(wrong: Wrong) -> tuple[str, str, str]:
    message = f"{wrong.name} has more than {wrong.context['max_length']} characters"
    return "bad-value", message, ""


def _too_long(wrong: Wrong) -> tuple[str, str, str]:
    return (
        "bad-value",
        f"{wrong.name} has more than {wrong.context['max_length']} items",
        (f"keep at most {wrong.context['max_length']}"),
    )


_KEYS: dict[str, Callable[[Wrong], tuple[str, str, str]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing_key,
}
_VALUES: dict[str, Callable[[Wrong], tuple[str, str, str]]] = {
    "literal_error": _bad_choice,
    "string_too_long": _long_text,
    "too_short": _too_short,
    "too_long": _too_long,
}


def _described(value: object, text: str) -> str:
    if isinstance(value, bool):
        return text
    if isinstance(value, (int, float)):
        return f"the number {text}"
    return f"the text {quote_value(value)}" if isinstance(value, str) else quote_value(value)


def _either(words: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
