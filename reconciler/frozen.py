"""Frozen dataclasses that cost little until they are used.

The standard library compiles six methods for each class as it is imported, one by one: a fifth of
what a command takes to start, which then uses less than half of its classes. Here classes share
their methods, and ``__init__`` is compiled when the first object is made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from typing import Any, NoReturn, TypeVar

from typing_extensions import dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def frozen(cls: type[T]) -> type[T]:
    """What ``dataclass(frozen=True, slots=True)`` makes of a class that has a field."""
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    fields = dataclasses.fields(made)
    values = attrgetter(*(field.name for field in fields if field.compare))

    def first_init(self: object, *given: object, **named: object) -> None:
        made.__init__ = _compile_init(fields, checks=hasattr(made, "__post_init__"))
        made.__init__(self, *given, **named)

    def is_equal(self: object, other: object) -> object:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    made.__init__, made.__eq__ = first_init, is_equal
    made.__hash__ = lambda self: hash(values(self))
    made.__repr__ = _show
    made.__setattr__ = made.__delattr__ = _refuse
    made.__getstate__, made.__setstate__ = _state, _restore
    found: type[T] = made
    return found


def _compile_init(fields: Sequence[Field[Any]], *, checks: bool) -> Callable[..., None]:
    """``__init__`` with a parameter a field; ``checks`` are made by ``__post_init__``."""
    scope: dict[str, Any] = {"put": object.__setattr__, "MISSING": MISSING}
    parameters, lines = ["self"], []
    for field in fields:
        name = value = field.name
        parameter = name
        if field.default is not MISSING:
            scope[f"default_{name}"] = field.default
            parameter = f"{name}=default_{name}"
            value = name if field.init else f"default_{name}"
        elif field.default_factory is not MISSING:
            scope[f"make_{name}"] = field.default_factory
            parameter = f"{name}=MISSING"
            value = f"make_{name}() if {name} is MISSING else {name}"
        parameters += [parameter] if field.init else []
        lines.append(f"put(self, {name!r}, {value})")
    lines += ["self.__post_init__()"] if checks else []
    text = f"def __init__({', '.join(parameters)}):\n " + "\n ".join(lines)
    exec(text, scope)  # noqa: S102  # of the names of fields, as the standard library does
    init: Callable[..., None] = scope["__init__"]
    return init


def _show(self: Any) -> str:
    shown = (f for f in dataclasses.fields(self) if f.repr)
    words = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in shown)
    return f"{type(self).__qualname__}({words})"


def _refuse(_self: object, name: str, *_value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot change field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: Sequence[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
