"""HTML and SVG that is put together, never pasted: words are escaped unless they are markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from reconciler.reports.visible import visible

_EMPTY = frozenset({"br", "meta", "col"})
_SHAPES = frozenset({"line", "rect", "circle", "path"})


class Markup(str):
    """Text that is markup already; only ``tag`` and ``join_markup`` make it."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | float) -> Markup:
    """An element; ``class_`` is the attribute class, ``stroke_width`` is stroke-width."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(str(value)))}"'
        for key, value in attributes.items()
        if value != ""
    )
    if name in _EMPTY:
        return Markup(f"<{name}{given}>")
    if name in _SHAPES and not children:
        return Markup(f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{join_markup(children)}</{name}>")


def join_markup(children: Iterable[str], between: str = "") -> Markup:
    """Several in a row."""
    return Markup(between.join(map(_escaped, children)))


def _escaped(child: str) -> str:
    return child if isinstance(child, Markup) else escape(visible(child))
