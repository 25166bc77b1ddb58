"""Guesses at the host, the name and the address that the operator meant."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address

# How pdsh, clush, shells and ansible write several hosts in one word.
_RANGE = re.compile(r"\[[0-9a-z]+[-:,][0-9a-z,:-]+\]|\{[^}]*(?:\.\.|,)[^}]*\}?")
_DIGITS = str.maketrans("lIO", "110")
_SHOW_ADDRESSES = "ip -4 -brief address on the host shows its addresses"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def address_hint(text: str) -> str:
    """The address in ``text``, without what does not belong to it."""
    address, prefix, _ = text.partition("/")
    if prefix and _is_address(address):
        return f"write it without the prefix length: {address}"
    address, port, number = text.partition(":")
    if port and _is_address(address):
        return f"write {address}, and the port as a key of its own: 'port: {number}'"
    if _RANGE.search(text) or re.fullmatch(r"[0-9.]+-[0-9.]+", text):
        return "write a member for each host, with its own address: 'interconnect: 10.0.0.11'"
    plain = ".".join(part.lstrip("0") or "0" for part in re.split(r"[.,]", text))
    plain = plain.translate(_DIGITS) if re.fullmatch(r"[0-9.lIO]+", plain) else plain
    if _is_address(plain):
        return f"did you mean {plain}?"
    found = [word for word in re.findall(r"[0-9]+(?:\.[0-9]+){3}", text) if _is_address(word)]
    return f"write one address alone: {found[0]}" if found else _SHOW_ADDRESSES


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def host_hint(text: str) -> str:
    """The host in ``user@host``."""
    user, at, host = text.partition("@")
    return f"write host: {host}, and the user as a key of its own: 'user: {user}'" if at else ""


def name_hint(text: str, *, of_cluster: bool) -> str:
    """The name that was probably meant, or where to look it up."""
    if of_cluster:
        plain = re.sub(r"[^A-Za-z0-9]", "", text)[:16]
        return f"did you mean '{plain}'? a cluster that runs keeps its name" if plain else ""
    if hint := range_hint(text):
        return hint
    if _is_address(text):
        return f"write what 'hostname -s' prints there, and 'interconnect: {text}' below it"
    user, _, rest = text.rpartition("@")
    host, _, port = rest.partition(":")
    if (user or port) and _HOST.fullmatch(host):
        given = f"user: {user}" if user else f"port: {port}"
        return f"write name: {host}, and below it ssh: {{{given}}}"
    short = text.partition(".")[0]
    if short != text and _HOST.fullmatch(short):
        return f"did you mean '{short}'?"
    return "write what 'hostname -s' prints on that host"


def range_hint(text: str) -> str:
    """What to do about several hosts in one word, as node[01-04]."""
    if _RANGE.search(text) or re.fullmatch(r"[A-Za-z0-9-]+(?:\s*,\s*[A-Za-z0-9-]+)+", text):
        return "write an item for each host: '- name: node01', '- name: node02' and so on"
    return ""
