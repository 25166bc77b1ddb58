"""Addresses, what changes, actions and refusals are about; built, read and matched here alone.

An address is a path of words: what it is, its name, then what of it::

    cluster/NAME                    cluster/images/live-nodes
    member/NAME                     member/node01/service/agent.service/boot
    volume/LABEL                    volume/images/mount/node01/options

An action's id is CLUSTER/HOST/KIND, and more where a host has several of a kind.
"""

from __future__ import annotations

from collections.abc import Collection

from reconciler.frozen import frozen

CLUSTER, MEMBER, VOLUME = "cluster", "member", "volume"
# Stands for the host in the id of an action that is of no host.
ALL = "all"


def cluster_address(name: str, *aspect: str) -> str:
    """The address of a cluster, or of something of it."""
    return "/".join((CLUSTER, name, *aspect))


def member_address(name: str, *aspect: str) -> str:
    """The address of a member, or of something of it."""
    return "/".join((MEMBER, name, *aspect))


def volume_address(label: str, *aspect: str) -> str:
    """The address of a volume, or of something of it."""
    return "/".join((VOLUME, label, *aspect))


def extend_address(address: str, *aspect: str) -> str:
    """The address of something of what an address is of."""
    return "/".join((address, *aspect))


@frozen
class Address:
    """An address in its parts; what an operator types may lack any but the first."""

    sort: str
    name: str
    aspect: tuple[str, ...]

    @property
    def owner(self) -> str:
        """The address of the whole cluster, member or volume."""
        return f"{self.sort}/{self.name}"

    @property
    def last(self) -> str:
        """The last word: of a service its unit, of a guest its name."""
        return (self.aspect or (self.name or self.sort,))[-1]


def parse_address(address: str) -> Address:
    """The parts of an address; what is no address has a sort that there is not."""
    sort, *words = address.split("/")
    return Address(sort, words[0] if words else "", tuple(words[1:]))


def split_address(address: str) -> tuple[str, ...]:
    """The words of an address, or of the pattern of one."""
    return tuple(address.split("/"))


def parse_target(target: str, sorts: Collection[str]) -> tuple[str, str]:
    """The parts of ``SORT/NAME``, one of ``sorts``; of a bare name the sort is empty."""
    sort, slash, name = target.partition("/")
    return (sort, name) if slash and sort in sorts else ("", target)


def is_at_or_below(address: str, place: str) -> bool:
    """Whether an address is ``place`` or something of it."""
    return address == place or address.startswith(f"{place}/")


def names_host(address: str, host: str) -> bool:
    """Whether a host is one of an address's words."""
    return host in address.split("/")


def without_host(address: str, host: str) -> str:
    """An address as it is shown beside its host: ``cluster.conf``, ``volume/images/mount``."""
    words = [word for word in address.split("/") if word != host]
    return "/".join(words[1:] if words[:1] == [MEMBER] and len(words) > 1 else words)


def action_id(cluster: str, host: str, kind: str, *more: str) -> str:
    """The id of an action; without a host that of one for all of them."""
    return "/".join((cluster, host or ALL, kind, *more))


def parse_action_id(action: str) -> tuple[str, str, str]:
    """Cluster, host and the rest of an action's id."""
    cluster, host, what = action.split("/", 2)
    return cluster, host, what
