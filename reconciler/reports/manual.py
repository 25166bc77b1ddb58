"""The pages of ``reconcile manual``: ``TOPIC.md`` in ``reconciler/manual``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import reconciler

# In the order in which a new operator needs them; tested to be all.
TOPICS = (
    "commands",
    "file",
    "plan",
    "exit-codes",
    "drift",
    "watch",
    "dashboard",
    "policy",
    "fleet",
    "fleet-setup",
    "membership",
    "growth",
    "packages",
    "workloads",
    "boot-order",
    "ci",
    "keys",
    "passport",
    "records",
    "store",
    "documents",
    "ocfs2",
    "kernels",
    "lock",
    "invariants",
    "hazards",
    "proven",
    "performance",
    "laboratory",
    "development",
)


def manual_page(topic: str) -> str:
    """The page, Markdown; the first line is its title.

    Raises FileNotFoundError for what is no topic.
    """
    return files(reconciler).joinpath("manual", f"{topic}.md").read_text()


def titles() -> Mapping[str, str]:
    """Every topic with the title of its page."""
    return {topic: manual_page(topic).partition("\n")[0].lstrip("# ") for topic in TOPICS}


def topics_with(word: str) -> tuple[str, ...]:
    """The topics whose pages have a word, in whatever case of letters."""
    sought = word.casefold()
    return tuple(topic for topic in TOPICS if sought in manual_page(topic).casefold())
