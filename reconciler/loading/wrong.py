"""One finding of the model's validation, and what its place in the file is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.frozen import frozen
from reconciler.model.field_types import quote_value

if TYPE_CHECKING:
    from reconciler.loading.nodes import Path


@frozen
class Wrong:
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
        return place_name(self.path[:-1])


def place_name(path: Path) -> str:
    """What is at ``path``: a key, an item of a list, or the file."""
    if not path:
        return "the file"
    return (
        f"this item of {quote_value(path[-2])}"
        if isinstance(path[-1], int)
        else quote_value(path[-1])
    )
