"""Names of hosts: neither o2cb nor DNS tells capitals from small letters."""

from __future__ import annotations


def host_key(name: str) -> str:
    """What two spellings of one host's name have in common: for keys and comparisons."""
    return name.lower()


def short_name(name: str) -> str:
    """A host's name without its domain, as it is spelled."""
    return name.partition(".")[0]


def is_same_host(one: str, other: str) -> bool:
    """Whether two names are one host's: with a domain, or without."""
    keys = {host_key(one), host_key(other)}
    return len(keys) == 1 or any(host_key(short_name(key)) in keys - {key} for key in keys)
