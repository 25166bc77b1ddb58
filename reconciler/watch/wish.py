"""What is wanted of clusters, as the files that are watched say it now or said it when they were good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from reconciler.model.desired import Cluster, Desired
from reconciler.model.problems import Problem
from reconciler.model.revision import Revision

Problems: TypeAlias = "tuple[Problem, ...]"


@dataclass(frozen=True, slots=True)
class Wish:
    """One cluster as its file wants it; ``desired`` has this cluster alone.

    ``wrong`` is what is wrong with the file now: then ``desired`` is what it said when it was good.
    ``revision`` is the commit at which it said so, None without git.
    """

    file: str
    desired: Desired
    wrong: Problems = ()
    revision: Revision | None = None

    @property
    def cluster(self) -> Cluster:
        """The cluster."""
        return self.desired.clusters[0]

    @property
    def path(self) -> str:
        """The file's absolute name, as metrics, pages and records have it; in a repository that in it."""
        return self.file if self.revision else absolute_name(self.file)

    @property
    def file_trouble(self) -> str:
        """Why the file is not good now, in words; empty if it is."""
        more = f", and {len(self.wrong) - 1} more" if len(self.wrong) > 1 else ""
        told = (f"{one.file}:{one.line}: {one.message}{more}" for one in self.wrong)
        return next(told, "")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted, by cluster, and what is wrong with files and directories, by name."""

    clusters: Mapping[str, Wish]
    problems: Mapping[str, Problems]


def absolute_name(name: str) -> str:
    """The name of a file from the root of the file system on; links in it stay."""
    return str(Path(name).absolute())
