"""Guesses at the host, the name and the address that the operator meant."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address

# How pdsh, clush, shells and ansible write several hosts in one word.
_RANGE = re.compile(r"\[[0-9a-z]+[-:,][0-9a-z,:-]+\]|\{[^}]*(?:\.\.|,)[^}]*\}?")
_DIGITS = str.maketrans("lIO", "110")
_SHOW_ADDRESSES = "ip -4 -brief address on the host shows its addresses"
_JUMP = re.compile(r"(?:[\w.-]+@)?[A-Za-z0-9][A-Za-z0-9.:-]*")
_LOGIN = re.compile(
    r"(?:(?P<user>[\w.-]+)@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*)(?::(?P<port>[0-9]+))?"
)
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


def jump_hint(text: str) -> str:
    """The host to jump through, without what a URL or a list has around it."""
    plain = re.sub(r"^[a-z]+://|/.*$", "", text.strip()).replace(" ", "")
    plain = re.sub(r"^-J", "", plain)
    return f"write jump: {plain}" if _JUMP.fullmatch(plain) and plain != text else ""


def login_hint(text: str) -> str:
    """``user@host:port`` as the keys of ``ssh``."""
    match = _LOGIN.fullmatch(re.sub(r"^ssh(?:://| +)", "", text.strip()))
    if not match or not (match["user"] or match["port"]):
        return ""
    given = {key: match[key] for key in ("user", "host", "port") if match[key]}
    return f"write ssh: {{{', '.join(f'{key}: {value}' for key, value in given.items())}}}"


def member_hint(text: str) -> str:
    """A member, from its name alone."""
    if found := range_hint(text):
        return found
    if not _HOST.fullmatch(text):
        return ""
    return f"write '- name: {text}', with 'interconnect: 10.0.0.11' below it"


def name_hint(text: str, *, of_cluster: bool) -> str:
    """The name that was probably meant, or where to look it up."""
    if of_cluster:
        plain = re.sub(r"[^A-Za-z0-9]", "", text)[:16]
        return f"did you mean '{plain}'? a cluster that runs keeps its name" if plain else ""
    if _is_address(text):
        return f"write what 'hostname -s' prints there, and 'interconnect: {text}' below it"
    found = range_hint(text) or _login_within(text) or _short_name(text)
    return found or "write what 'hostname -s' prints on that host"


def _login_within(text: str) -> str:
    """A name with the user or the port of ssh beside it."""
    user, _, rest = text.rpartition("@")
    host, _, port = rest.partition(":")
    if not (user or port) or not _HOST.fullmatch(host):
        return ""
    given = f"user: {user}" if user else f"port: {port}"
    return f"write name: {host}, and below it ssh: {{{given}}}"


def _short_name(text: str) -> str:
    """A name without its domain, or without what no host name can have."""
    short = text.partition(".")[0]
    if short != text and _HOST.fullmatch(short):
        return f"did you mean '{short}'?"
    plain = short.strip("_").replace("_", "-")
    if plain == short or not _HOST.fullmatch(plain):
        return ""
    rename = f"on the host 'hostnamectl set-hostname {plain}'"
    return f"no node can be called so: {rename}, and here write {plain}"


def range_hint(text: str) -> str:
    """What to do about several hosts in one word, as node[01-04]."""
    if _RANGE.search(text) or re.fullmatch(r"[A-Za-z0-9-]+(?:\s*,\s*[A-Za-z0-9-]+)+", text):
        return "write an item for each host: '- name: node01', '- name: node02' and so on"
    return ""
