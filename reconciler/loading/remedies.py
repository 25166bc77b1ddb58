"""What to write for what the model refuses: by the kind of the refusal, then by its key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.loading import command_hints, hints, host_hints, size_hints, value_hints
from reconciler.loading.device_hints import device_hint, device_path_hint, wwid_hint
from reconciler.loading.spelling_hints import (
    kernel_hint,
    label_hint,
    lvm_hint,
    mount_path_hint,
    package_hint,
)
from reconciler.model.unmanaged import unsayable_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.loading.nodes import Path
    from reconciler.loading.wrong import Wrong

_MISSING: dict[Path, str] = {
    ("version",): "write 'version: 1' as its first line",
    (
        "clusters",
    ): "write 'clusters:', and in the next line '- name: images', with 'members:' below it",
}
_COMMANDS = frozenset({"argv", "list", "stop", "start", "migrate"})
_WRITE_LIST = "write a list: begin each item with a dash, '- '"
_LEFT_TO_US = frozenset({"auto", "automatic", "default", "none", "unset", "any", "null", "nil"})


def key_hint(wrong: Wrong) -> str:
    """What to do about a key that is none there."""
    return hints.key_hint(wrong.path, wrong.value)


def missing_hint(wrong: Wrong) -> str:
    """How a required key is written."""
    return _MISSING.get(wrong.path) or hints.example_hint(wrong.path)


def nothing_hint(wrong: Wrong) -> str:
    """What to write where a value is missing."""
    if wrong.path and isinstance(wrong.path[-1], int):
        return "write the item behind its dash, or remove the dash"
    if hints.is_required(wrong.path):
        return hints.example_hint(wrong.path) or (
            f"give it one: {hints.key_description(wrong.path)}"
        )
    return "give it one, or remove the key"


def bound_hint(wrong: Wrong) -> str:
    """Which numbers there are."""
    return hints.number_range(wrong.path)


def choice_hint(wrong: Wrong, known: Sequence[str]) -> str:
    """The one of the ``known`` words that was meant."""
    hint = value_hints.variable_hint(wrong.text) or value_hints.word_hint(wrong.key, wrong.text)
    return hint or hints.did_you_mean(wrong.text, known)


def items_hint(wrong: Wrong) -> str:
    """How an item of an empty list is written."""
    return value_hints.mapping_hint(wrong.key, is_item=True)


def type_hint(wrong: Wrong) -> str:
    """The same value in the type that the key takes."""
    return value_hints.variable_hint(wrong.text) or _TYPE_HINTS[wrong.type](wrong)


def value_hint(wrong: Wrong) -> str:
    """The value that was meant by one of the right type."""
    guess = _BY_CODE.get(wrong.type) or _BY_KEY.get(wrong.key)
    general = value_hints.variable_hint(wrong.text) or value_hints.foreign_hint(wrong.text)
    if wrong.key == "kernel_module":
        general = kernel_hint(wrong.text) or general
    return general or (guess(wrong) if guess else "")


def _number_hint(wrong: Wrong) -> str:
    if re.fullmatch(r"[-+]?[0-9_]+", wrong.text):
        return f"write {wrong.text.replace('_', '')}, without quotes and underscores"
    if wrong.text.lower() in _LEFT_TO_US and not hints.is_required(wrong.path):
        return f"leave {wrong.name} out: that means the same"
    return value_hints.number_hint(wrong.key, wrong.text) or hints.number_range(wrong.path)


def _truth_hint(wrong: Wrong) -> str:
    return value_hints.truth_hint(wrong.text)


def _mapping_hint(wrong: Wrong) -> str:
    if wrong.key == "device" and (found := device_hint(wrong.text)):
        return found
    if wrong.key == "members" and (found := host_hints.member_hint(wrong.text)):
        return found
    if wrong.key == "ssh" and (found := host_hints.login_hint(wrong.text)):
        return found
    if not wrong.path:
        return "a file begins with 'version: 1', then 'clusters:' and a list of them"
    is_item = bool(wrong.path) and isinstance(wrong.path[-1], int)
    if is_item and wrong.key == "attested":
        number = wrong.text if wrong.text.isdecimal() else "9"
        return f"write {{number: {number}, by: NAME, at: 2026-03-01T09:30:00Z}}"
    return value_hints.mapping_hint(wrong.key, is_item=is_item)


def _text_hint(wrong: Wrong) -> str:
    if isinstance(wrong.value, (bool, int, float)):
        return f'quote it: "{wrong.text}"'
    if isinstance(wrong.value, dict) and (hint := command_hints.braces_hint(wrong.value)):
        return hint
    return f"write one value, as text: {hints.key_description(wrong.path)}"


def _list_hint(wrong: Wrong) -> str:
    if isinstance(wrong.value, dict):
        plain = command_hints.list_hint(" ".join(wrong.value), tuple(wrong.value))
        return plain if wrong.key in {"options", "services"} else _WRITE_LIST
    if hint := value_hints.mapping_hint(wrong.key, is_item=True):
        return hint
    if wrong.key in _COMMANDS and (hint := command_hints.command_hint(str(wrong.value))):
        return hint
    return command_hints.list_hint(wrong.text, command_hints.split_words(wrong.key, wrong.text))


_TYPE_HINTS: dict[str, Callable[[Wrong], str]] = {
    "string_type": _text_hint,
    "int_type": _number_hint,
    "int_from_float": _number_hint,
    "bool_type": _truth_hint,
    "model_type": _mapping_hint,
    "tuple_type": _list_hint,
}


def _size_hint(wrong: Wrong) -> str:
    found = size_hints.size_hint(wrong.key, wrong.text)
    return found or hints.did_you_mean(wrong.text, ("fill",))


def _name_hint(wrong: Wrong) -> str:
    of_cluster = wrong.path[:1] == ("clusters",) and len(wrong.path) == 3
    if of_cluster and "-" in wrong.text:
        return unsayable_name(wrong.text)
    return host_hints.name_hint(wrong.text, of_cluster=of_cluster)


def _services_hint(wrong: Wrong) -> str:
    return command_hints.services_hint(wrong.text) or "write the name of one unit: images-agent"


_BY_CODE: dict[str, Callable[[Wrong], str]] = {
    "bad-address": lambda wrong: host_hints.address_hint(wrong.text),
    "bad-duration": lambda wrong: value_hints.duration_hint(wrong.text),
    "bad-size": _size_hint,
    "bad-time": lambda wrong: value_hints.moment_hint(wrong.text),
    "bad-version": lambda _wrong: "write 'version: 1'",
    "mount-path": lambda wrong: mount_path_hint(wrong.text),
}
_BY_KEY: dict[str, Callable[[Wrong], str]] = {
    "host": lambda wrong: host_hints.host_hint(wrong.text),
    "jump": lambda wrong: host_hints.jump_hint(wrong.text),
    "kernel_module": lambda wrong: package_hint(wrong.key, wrong.text),
    "label": lambda wrong: label_hint(wrong.text),
    "lv": lambda wrong: lvm_hint(wrong.key, wrong.text),
    "max_unavailable": lambda wrong: value_hints.share_hint(wrong.text),
    "name": _name_hint,
    "options": _list_hint,
    "path": lambda wrong: device_path_hint(wrong.text) or value_hints.path_hint(wrong.text),
    "services": _services_hint,
    "tools": lambda wrong: package_hint(wrong.key, wrong.text),
    "vg": lambda wrong: lvm_hint(wrong.key, wrong.text),
    "wwid": lambda wrong: wwid_hint(wrong.text),
}
