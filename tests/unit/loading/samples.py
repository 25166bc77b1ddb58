"""A small valid file, and how it looks with a line replaced."""

from __future__ import annotations

from reconciler.errors import SpecInvalid
from reconciler.loading import load
from reconciler.reports.problems import headline, render

MINIMAL = """\
version: 1
clusters:
  - name: images
    members:
      - name: node1
        interconnect: 10.0.0.1
    volumes:
      - label: images
        device: {wwid: "36001405a1b2c3d4e5f60718293a4b5c6"}
        size: fill
        mount: {path: /srv/images}
"""


def replaced(old: str, new: str) -> str:
    """``MINIMAL`` with ``old``, which it must hold once, replaced by ``new``."""
    assert MINIMAL.count(old) == 1
    return MINIMAL.replace(old, new)


def refused(text: str) -> SpecInvalid:
    """What ``load`` raises for ``text``."""
    try:
        load("f.yaml", text)
    except SpecInvalid as error:
        return error
    raise AssertionError(f"accepted:\n{text}")


def rendered(text: str) -> str:
    """What an operator reads about ``text``."""
    error = refused(text)
    return render(error.problems, error.lines) + "\n"


def headlines(text: str) -> list[str]:
    """The same without source lines, carets and hints, and without the file's name."""
    return [headline(problem).removeprefix("f.yaml:") for problem in refused(text).problems]
