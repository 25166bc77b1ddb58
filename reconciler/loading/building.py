"""From nodes to the plain values that the model validates."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.loading.nodes import Broken, Mapping, Node, Path, Scalar, Sequence
from reconciler.loading.scalars import BadNumber, resolve
from reconciler.model.problems import Problem

# A WWID may well be all digits, or digits around an 'e': it is taken as it is written.
_VERBATIM = frozenset({("device", "wwid")})


def has_stand_in(path: Path) -> bool:
    """True for a cluster's name: without one, nothing in the cluster could be checked."""
    return len(path) == 3 and path[0] == "clusters" and path[2] == "name"


class _Nothing:
    """No value: it is broken or skipped, and so is its key."""


_NOTHING = _Nothing()


@dataclass(slots=True)
class Builder:
    """Builds values, leaving out ``skip`` and what is broken.

    ``broken`` and ``problems`` say what could not be built; ``kept`` maps a list's path in the
    file to the indices of the items that were built.
    """

    file: str
    skip: frozenset[Path] = frozenset()
    broken: set[Path] = field(default_factory=set)
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
                if has_stand_in(name := (*path, "name")) and name in self.skip:
                    built["name"] = f"unnamed{path[-1]}"
                return {key: value for key, value in built.items() if value is not _NOTHING}
            case Sequence():
                return self._list(node, path)
            case Broken():
                self.broken.add(path)
                return _NOTHING

    def original(self, path: Path) -> Path:
        """The path in the file of what stands at ``path`` in the built values."""
        found: Path = ()
        for part in path:
            kept = self.kept.get(found, [])
            shifted = isinstance(part, int) and part < len(kept)
            found = (*found, kept[part] if shifted and isinstance(part, int) else part)
        return found

    def _list(self, node: Sequence, path: Path) -> tuple[object, ...]:
        built = [self.build(item, (*path, i)) for i, item in enumerate(node.items)]
        self.kept[path] = [i for i, value in enumerate(built) if value is not _NOTHING]
        return tuple(value for value in built if value is not _NOTHING)

    def _scalar(self, node: Scalar, path: Path) -> object:
        if any(not c.isprintable() and c != "\n" for c in node.text):
            message = "the text holds a control character"
            return self._refuse(node, path, "control-character", message, "remove the escape")
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
