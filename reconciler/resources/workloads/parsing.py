"""The guests of a host, as the volumes' own list commands, or libvirt, name them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from reconciler.model.observed import Guest, Unknown
from reconciler.probe.sections import Section, choice, group_rows

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+@-]{0,127}")
MOST = 256  # of one volume on one host
# How the reason begins where nobody has approved a list command on that host yet.
UNAPPROVED = "not run, for no apply has approved it there: the list command of "


def parse_guests(section: Section) -> tuple[Guest, ...] | Unknown:
    """Each once, by name; ValueError for what cannot be a name.

    A list command may tell them in another order each time: the plan is to be the same. Where
    one was not run, whose guests are whose is not known.
    """
    kinds = group_rows(section, {"guest": 3, "unapproved": 1})
    if paths := [path for (path,) in kinds["unapproved"]]:
        return Unknown(UNAPPROVED + ", ".join(paths))
    rows = kinds["guest"]
    found = {
        Guest(path, _name(name), choice(word, {"yes": True, "no": False}))
        for path, name, word in rows
    }
    for path, count in Counter(guest.path for guest in found).items():
        if count > MOST:
            raise ValueError(f"more than {MOST} guests on {path}")
    return tuple(sorted(found, key=lambda guest: (guest.path, guest.name)))


def _name(word: str) -> str:
    if not NAME.fullmatch(word):
        raise ValueError(f"not a guest's name: {word[:64]!r}")
    return word


SECTIONS: dict[str, Callable[[Section], object]] = {"guests": parse_guests}
