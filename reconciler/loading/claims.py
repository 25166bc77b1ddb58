"""What one of several files names may not be in another: a member's host, a volume's device."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from reconciler.errors import SpecInvalid
from reconciler.loading.semantics.devices import identity, overlap
from reconciler.model.desired import Desired
from reconciler.model.host_names import host_key
from reconciler.model.problems import Problem

_REMEDY = "name it in one file, or give each file to a command of its own"


@dataclass(frozen=True, slots=True)
class Claim:
    """What one file names: by its key the code and the words of what another may not name again.

    ``devices`` are the volumes' labels with names of disks and partitions.
    """

    keys: tuple[tuple[Hashable, tuple[str, str]], ...]
    devices: tuple[tuple[str, str, int | None], ...]


def claim_of(desired: Desired) -> Claim:
    """What a file names."""
    volumes = (volume for cluster in desired.clusters for volume in cluster.volumes)
    devices = ((volume.label, *identity(volume.device)) for volume in volumes)
    return Claim(tuple(dict(_keys(desired)).items()), tuple(devices))


def _keys(desired: Desired) -> Iterator[tuple[Hashable, tuple[str, str]]]:
    for cluster in desired.clusters:
        name = cluster.name.casefold()
        yield name, ("duplicate-cluster", f"a cluster '{cluster.name}'")
        for member in cluster.members:
            words = f"the host '{member.name}' of cluster '{cluster.name}'"
            yield (name, host_key(member.name)), ("host-in-two-clusters", words)


@dataclass(slots=True)
class Claims:
    """What the files so far have named; with ``names``, a cluster's name is in one file only.

    Sites that know nothing of each other may use one name for clusters, and for hosts. Only
    clusters of one name with a host of one name are the same one.
    """

    names: bool = False
    taken: dict[Hashable, str] = field(default_factory=dict)
    disks: dict[str, list[tuple[str, int | None, str]]] = field(default_factory=dict)

    def take(self, file: str, desired: Desired) -> None:
        """Raises SpecInvalid, with every problem, where an earlier file has named the same.

        Then nothing of ``desired`` is taken.
        """
        self.take_claim(file, claim_of(desired))

    def take_claim(self, file: str, claim: Claim) -> None:
        """As ``take``, of what is known of a file. Raises SpecInvalid."""
        keys = {k: said for k, said in claim.keys if self.names or isinstance(k, tuple)}
        wrong = [
            (code, f"{words} is in {self.taken[key]}, too")
            for key, (code, words) in keys.items()
            if key in self.taken
        ]
        wrong += [
            ("device-in-two-volumes", f"the device of volume '{label}' is in {other}, too")
            for label, name, partition in claim.devices
            for other in self._others(name, partition)
        ]
        if wrong:
            problems = [Problem(file, 1, 1, code, message, _REMEDY) for code, message in wrong]
            raise SpecInvalid(file, (), problems)
        self.taken.update(dict.fromkeys(keys, file))
        for _label, name, partition in claim.devices:
            self.disks.setdefault(name, []).append((name, partition, file))

    def _others(self, name: str, partition: int | None) -> Iterator[str]:
        """Files with that device: of names that are the same in the whole world.

        A path like /dev/mapper/mpatha is one that each host gives itself.
        """
        if name and not name.startswith("/"):
            uses = self.disks.get(name, ())
            yield from dict.fromkeys(u[2] for u in uses if overlap(u, name, partition))
