"""From nodes to the plain values that the model validates."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.loading.characters import say_character
from reconciler.loading.nodes import Broken, Mapping, Node, Path, Scalar, Sequence
from reconciler.loading.scalars import BadNumber, resolve
from reconciler.model.problems import Problem

# A WWID may well be all digits, or digits around an 'e': it is taken as it is written.
_VERBATIM = frozenset({("device", "wwid")})


# The keys that a mapping must have, where what is around it can be checked without their value.
_REQUIRED = ("version", "name", "interconnect", "label", "size", "device", "mount", "path")


def stand_in(path: Path) -> object:
    """A value for the required one at ``path``, unlike any that somebody writes; None elsewhere.

    Without it the model would refuse all that is around it, and no rule could look at that.
    """
    match path:
        case ("version",):
            return 1
        case ("clusters", int(cluster), "name"):
            return f"unnamed{cluster}"
        case ("clusters", int(cluster), "members", int(item), "name"):
            return f"unnamed{cluster}-{item}"
        case ("clusters", int(cluster), "members", int(item), "interconnect"):
            return f"198.18.{cluster % 256}.{item % 256}"  # of RFC 2544: no network has it
        case ("clusters", int(cluster), "volumes", int(item), *rest):
            return _volume_stand_in(f"unnamed{cluster}-{item}", tuple(rest))
        case _:
            return None


def _volume_stand_in(name: str, key: Path) -> object:
    known: dict[Path, object] = {
        ("label",): name,
        ("device",): {"wwid": name},
        ("size",): "fill",
        ("mount",): {"path": f"/{name}"},
        ("mount", "path"): f"/{name}",
    }
    return known.get(key)


class _Nothing:
    """No value: it is broken or skipped, and so is its key."""


_NOTHING = _Nothing()


@dataclass(slots=True)
class Builder:
    """Builds values, leaving out ``skip`` and what is broken.

    ``broken`` and ``problems`` say what could not be built, ``unread`` what of it a fault of the
    syntax has cut off; ``kept`` maps a list's path in the file to the indices of the items that
    were built.
    """

    file: str
    skip: frozenset[Path] = frozenset()
    broken: set[Path] = field(default_factory=set)
    unread: set[Path] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    kept: dict[Path, list[int]] = field(default_factory=dict)

    def build(self, node: Node, path: Path = ()) -> object:
        """The value of ``node``."""
        if path in self.skip:
            return _NOTHING
        match node:
            case Scalar():
                return self._scalar(node, path)
            case Mapping():
                built = {k: self.build(e.node, (*path, k)) for k, e in node.entries.items()}
                given = {key: v for key, v in built.items() if v is not _NOTHING}
                return given | self._stand_ins(path)
            case Sequence():
                return self._list(node, path)
            case Broken():
                self.broken.add(path)
                self.unread |= {path} if node.unread else set()
                return _NOTHING

    def original(self, path: Path) -> Path:
        """The path in the file of what stands at ``path`` in the built values."""
        found: Path = ()
        for part in path:
            kept = self.kept.get(found, [])
            shifted = isinstance(part, int) and part < len(kept)
            found = (*found, kept[part] if shifted and isinstance(part, int) else part)
        return found

    def _stand_ins(self, path: Path) -> dict[str, object]:
        places = {key: (*path, key) for key in _REQUIRED}
        return {k: stand_in(place) for k, place in places.items() if place in self.skip}

    def _list(self, node: Sequence, path: Path) -> tuple[object, ...]:
        built = [self.build(item, (*path, i)) for i, item in enumerate(node.items)]
        self.kept[path] = [i for i, value in enumerate(built) if value is not _NOTHING]
        return tuple(value for value in built if value is not _NOTHING)

    def _scalar(self, node: Scalar, path: Path) -> object:
        strange = next((c for c in node.text if not c.isprintable() and c != "\n"), "")
        if strange:
            message = f"the text holds {say_character(strange)}"
            hint = "type the text anew" if node.plain else "remove it, or its escape"
            return self._refuse(node, path, "control-character", message, hint)
        if not node.plain or (path[-2:] in _VERBATIM and node.text):
            return node.text
        value = resolve(node.text)
        if isinstance(value, BadNumber):
            return self._refuse(node, path, "bad-number", value.message, value.hint)
        return value

    def _refuse(self, node: Scalar, path: Path, code: str, *words: str) -> _Nothing:
        self.broken.add(path)
        self.problems.append(Problem(self.file, node.mark.line, node.mark.column, code, *words))
        return _NOTHING
