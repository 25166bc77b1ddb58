"""What all of the desired state is made of: frozen, strict, nothing guessed."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic import Strict as Strictness

from reconciler.model.field_types import Argument, PlainArgument

# Lists: YAML and JSON hand over what a strict tuple would refuse; the items stay strict.
Lists = Strictness(strict=False)
Argv = Annotated[
    tuple[Argument, ...], Lists, Field(min_length=1, examples=[["/usr/local/bin/tool", "arg"]])
]
PlainArgv = Annotated[
    tuple[PlainArgument, ...],
    Lists,
    Field(min_length=1, max_length=64, examples=[["/usr/local/bin/guests", "stop", "{guest}"]]),
]


# What is installed beside the product does not change what a file may say. To look for plugins
# reads the metadata of every package there: with it, an eighth of what the models take to import.
PLUGINS = "pydantic.plugin._loader"
if PLUGINS not in sys.modules:
    sys.modules[PLUGINS] = ModuleType(PLUGINS)
    sys.modules[PLUGINS].get_plugins = tuple  # type: ignore[attr-defined]  # none


class Strict(BaseModel):
    """Frozen, no unknown keys, no guessing of types.

    Its validator is made when it is first used: that of a file has those of its parts in it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    def _private(self, name: str) -> Any:
        """A private attribute; for ``self._name`` pydantic looks in all fields first."""
        return (self.__pydantic_private__ or {}).get(name)
