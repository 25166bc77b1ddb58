"""The pages of ``reconcile explain``: ``CODE.md`` beside this file, one a code of a refusal or finding."""

from __future__ import annotations

from importlib.resources import files


def codes() -> tuple[str, ...]:
    """Every code that has a page."""
    names = (item.name for item in files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(".md") for name in names if name.endswith(".md")))


def page(code: str) -> str:
    """The page, Markdown; the first line is ``# CODE: what it says``."""
    return files(__package__).joinpath(f"{code}.md").read_text()
