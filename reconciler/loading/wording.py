"""What the model's validation found, in an operator's words.

A table from pydantic's error types; a custom error brings its own code and message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.loading import command_hints, hints, host_hints, value_hints
from reconciler.loading.device_hints import device_hint, device_path_hint, wwid_hint
from reconciler.loading.nodes import key_mark, text_at, value_mark
from reconciler.model.field_types import quote_value
from reconciler.model.problems import Problem
from reconciler.model.refusals import REFUSALS
from reconciler.model.unmanaged import unsayable_name

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
_MISSING: dict[Path, str] = {
    ("version",): "write 'version: 1' as its first line",
    (
        "clusters",
    ): "write 'clusters:', and in the next line '- name: images', with 'members:' below it",
}
_COMMANDS = frozenset({"argv", "list", "stop", "start", "migrate"})
_WRITE_LIST = "write a list: begin each item with a dash, '- '"


@dataclass(frozen=True, slots=True)
class _Wrong:
    """One finding of the model: where in the file, of which type, with which value."""

    path: Path
    type: str
    value: object
    text: str
    context: dict[str, Any]

    @property
    def name(self) -> str:
        """What the value is called: its key, or an item of its list's."""
        if self.path and isinstance(self.path[-1], int):
            return f"an item of {quote_value(self.path[-2])}"
        return quote_value(self.path[-1]) if self.path else "the file"

    @property
    def key(self) -> str:
        """The key of the value, or of the list around it."""
        return next((part for part in reversed(self.path) if isinstance(part, str)), "")

    @property
    def home(self) -> str:
        """What the mapping around the value is called."""
        return _place(self.path[:-1])


def problem(file: str, root: Node, path: Path, error: ErrorDetails) -> Problem:
    """The problem that ``error`` stands for; ``path`` is its place in the file."""
    text = text_at(root, path)
    wrong = _Wrong(
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


def _words(wrong: _Wrong) -> tuple[str, str, str]:
    """Code, message and hint."""
    if wrong.type in _KEYS:
        return _KEYS[wrong.type](wrong)
    if wrong.value is None:
        return "bad-type", f"{wrong.name} has no value", _nothing_hint(wrong)
    if wrong.type in _WANTED:
        return _bad_type(wrong)
    if wrong.type in _BOUNDS:
        limit, word = _BOUNDS[wrong.type]
        message = f"{wrong.name} is {wrong.text}; it must be {word} {wrong.context[limit]}"
        return "bad-value", message, hints.number_range(wrong.path)
    if wrong.type in _VALUES:
        return _VALUES[wrong.type](wrong)
    message = str(
        wrong.context.get("message", f"{quote_value(wrong.value)} cannot be used here")
    )
    return _code(wrong.type), message, _value_hint(wrong)


def _nothing_hint(wrong: _Wrong) -> str:
    if wrong.path and isinstance(wrong.path[-1], int):
        return "write the item behind its dash, or remove the dash"
    if hints.is_required(wrong.path):
        return hints.example_hint(wrong.path) or (
            f"give it one: {hints.key_description(wrong.path)}"
        )
    return "give it one, or remove the key"


def _code(kind: str) -> str:
    """The code of a refusal of ours; of one that only pydantic has a word for, the general one."""
    return kind if kind in REFUSALS else "bad-value"


def _unknown_key(wrong: _Wrong) -> tuple[str, str, str]:
    message = f"{wrong.name} is not a key of {wrong.home}"
    return "unknown-key", message, hints.key_hint(wrong.path)


def _missing_key(wrong: _Wrong) -> tuple[str, str, str]:
    message = f"{wrong.home} has no {wrong.name}"
    return "missing-key", message, _MISSING.get(wrong.path) or hints.example_hint(wrong.path)


def _bad_type(wrong: _Wrong) -> tuple[str, str, str]:
    message = (
        f"{wrong.name} takes {_WANTED[wrong.type]}, not {_described(wrong.value, wrong.text)}"
    )
    return "bad-type", message, _type_hint(wrong)


def _type_hint(wrong: _Wrong) -> str:
    return value_hints.variable_hint(wrong.text) or _TYPE_HINTS[wrong.type](wrong)


def _number_hint(wrong: _Wrong) -> str:
    if not re.fullmatch(r"[-+]?[0-9_]+", wrong.text):
        return value_hints.number_hint(wrong.key, wrong.text) or hints.number_range(wrong.path)
    return f"write {wrong.text.replace('_', '')}, without quotes and underscores"


def _truth_hint(wrong: _Wrong) -> str:
    return value_hints.truth_hint(wrong.text)


def _mapping_hint(wrong: _Wrong) -> str:
    if wrong.key == "device" and (found := device_hint(wrong.text)):
        return found
    if wrong.key == "members" and (found := host_hints.range_hint(wrong.text)):
        return found
    if not wrong.path:
        return "a file begins with 'version: 1', then 'clusters:' and a list of them"
    is_item = bool(wrong.path) and isinstance(wrong.path[-1], int)
    return value_hints.mapping_hint(wrong.key, is_item=is_item)


def _text_hint(wrong: _Wrong) -> str:
    if isinstance(wrong.value, (bool, int, float)):
        return f'quote it: "{wrong.text}"'
    return f"write one value, as text: {hints.key_description(wrong.path)}"


def _list_hint(wrong: _Wrong) -> str:
    if isinstance(wrong.value, dict):
        plain = command_hints.list_hint(" ".join(wrong.value), tuple(wrong.value))
        return plain if wrong.key in {"options", "services"} else _WRITE_LIST
    if hint := value_hints.mapping_hint(wrong.key, is_item=True):
        return hint
    if wrong.key in _COMMANDS and (hint := command_hints.command_hint(str(wrong.value))):
        return hint
    return command_hints.list_hint(wrong.text, command_hints.split_words(wrong.key, wrong.text))


_TYPE_HINTS: dict[str, Callable[[_Wrong], str]] = {
    "string_type": _text_hint,
    "int_type": _number_hint,
    "int_from_float": _number_hint,
    "bool_type": _truth_hint,
    "model_type": _mapping_hint,
    "tuple_type": _list_hint,
}


def _bad_choice(wrong: _Wrong) -> tuple[str, str, str]:
    known = re.findall(r"'([^']*)'", str(wrong.context["expected"]))
    message = f"{wrong.name} takes {_either(known)}, not {_described(wrong.value, wrong.text)}"
    hint = value_hints.variable_hint(wrong.text) or value_hints.word_hint(wrong.key, wrong.text)
    return "bad-value", message, hint or hints.did_you_mean(wrong.text, known)


def _too_short(wrong: _Wrong) -> tuple[str, str, str]:
    return "bad-value", f"{wrong.name} is empty; it needs at least one item", _items_hint(wrong)


def _items_hint(wrong: _Wrong) -> str:
    return value_hints.mapping_hint(wrong.key, is_item=True)


def _long_text(wrong: _Wrong) -> tuple[str, str, str]:
    message = f"{wrong.name} has more than {wrong.context['max_length']} characters"
    return "bad-value", message, ""


def _too_long(wrong: _Wrong) -> tuple[str, str, str]:
    return (
        "bad-value",
        f"{wrong.name} has more than {wrong.context['max_length']} items",
        (f"keep at most {wrong.context['max_length']}"),
    )


_KEYS: dict[str, Callable[[_Wrong], tuple[str, str, str]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing_key,
}
_VALUES: dict[str, Callable[[_Wrong], tuple[str, str, str]]] = {
    "literal_error": _bad_choice,
    "string_too_long": _long_text,
    "too_short": _too_short,
    "too_long": _too_long,
}


def _value_hint(wrong: _Wrong) -> str:
    guess = _BY_CODE.get(wrong.type) or _BY_KEY.get(wrong.key)
    general = value_hints.variable_hint(wrong.text) or value_hints.foreign_hint(wrong.text)
    return general or (guess(wrong) if guess else "")


def _size_hint(wrong: _Wrong) -> str:
    found = value_hints.size_hint(wrong.key, wrong.text)
    return found or hints.did_you_mean(wrong.text, ("fill",))


def _name_hint(wrong: _Wrong) -> str:
    of_cluster = wrong.path[:1] == ("clusters",) and len(wrong.path) == 3
    if of_cluster and "-" in wrong.text:
        return unsayable_name(wrong.text)
    return host_hints.name_hint(wrong.text, of_cluster=of_cluster)


def _services_hint(wrong: _Wrong) -> str:
    return command_hints.services_hint(wrong.text) or "write the name of one unit: images-agent"


_BY_CODE: dict[str, Callable[[_Wrong], str]] = {
    "bad-address": lambda wrong: host_hints.address_hint(wrong.text),
    "bad-duration": lambda wrong: value_hints.duration_hint(wrong.text),
    "bad-size": _size_hint,
    "bad-time": lambda wrong: value_hints.moment_hint(wrong.text),
    "bad-version": lambda _wrong: "write 'version: 1'",
    "mount-path": lambda wrong: value_hints.path_hint(wrong.text),
}
_BY_KEY: dict[str, Callable[[_Wrong], str]] = {
    "host": lambda wrong: host_hints.host_hint(wrong.text),
    "max_unavailable": lambda wrong: value_hints.share_hint(wrong.text),
    "name": _name_hint,
    "options": _list_hint,
    "path": lambda wrong: device_path_hint(wrong.text) or value_hints.path_hint(wrong.text),
    "services": _services_hint,
    "wwid": lambda wrong: wwid_hint(wrong.text),
}


def _place(path: Path) -> str:
    if not path:
        return "the file"
    return (
        f"this item of {quote_value(path[-2])}"
        if isinstance(path[-1], int)
        else quote_value(path[-1])
    )


def _described(value: object, text: str) -> str:
    if isinstance(value, bool):
        return text
    if isinstance(value, (int, float)):
        return f"the number {text}"
    return f"the text {quote_value(value)}" if isinstance(value, str) else quote_value(value)


def _either(words: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
