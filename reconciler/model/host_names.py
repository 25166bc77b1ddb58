"""Names of hosts: neither o2cb nor DNS tells capitals from small letters."""

from __future__ import annotations


def host_key(name: str) -> str:
    """What two spellings of one host's name have in common: for keys and comparisons."""
    return name.lower()


def is_same_host(one: str, other: str) -> bool:
    """Whether two names are one host's."""
    return host_key(one) == host_key(other)
