"""The settings of a fleet, as an operator writes them: where its state and its files are, its zones."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import ConfigDict, Field

from reconciler.model.field_types import FilePath, Jump, Spelled, Version, ZoneName
from reconciler.model.policy import Reference
from reconciler.model.quantities import Duration
from reconciler.model.ssh_access import Ssh
from reconciler.model.strict import Lists, Strict

HOST = r"([A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
USER, PORT = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}@", r"(:[0-9]{1,5})?"
PATH = r"[A-Za-z0-9._~+][A-Za-z0-9._~+/@=-]{0,500}"
COMMIT = r"[0-9a-f]{40}"

# No ext:: and no other helper of git, which would run a program; no http, which anybody on the way
# may change; no password, which everybody who reads this file would have.
GitAddress = Annotated[
    str,
    Spelled(
        rf"^(ssh://({USER})?{HOST}{PORT}/{PATH}|{USER}{HOST}:/?{PATH}"
        rf"|https://{HOST}{PORT}/{PATH}|file:///{PATH})$",
        "the address of a git repository by ssh, https or file, without a password",
        ("ssh://git@git.example.com/storage.git",),
        secret=True,
    ),
]
# As git-check-ref-format(1), less what a shell or an option of git could take for something else.
GitRef = Annotated[
    str,
    Spelled(
        r"^(?!.*(\.\.|//|/\.|\.lock(/|$)|[./]$))[A-Za-z0-9_][A-Za-z0-9._/+=-]{0,199}$",
        "a branch, a tag or a whole commit",
        ("main", "v2026.11", "8f14e45fceea167a5a36dedd4bea2543deadbeef"),
    ),
]
PagesUrl = Annotated[
    str,
    Spelled(
        rf"^https?://{HOST}{PORT}/?$",
        "where the pages begin, without a path",
        ("https://reconcile.example.com",),
    ),
]
FolderPath = Annotated[
    str,
    Spelled(
        r"^(?!(.*/)?\.\.?(/|$))[A-Za-z0-9._][A-Za-z0-9._+/@=-]{0,254}$",
        "the path of a directory in the repository, without '/' in front and without '..'",
        ("clusters",),
    ),
]


class Source(Strict):
    """Where the desired-state files are: in a git repository or in a directory, one of the two."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["git"]}, {"required": ["directory"]}]}
    )

    git: GitAddress | None = Field(
        default=None, description="The repository; each worker fetches it by itself."
    )
    directory: FilePath | None = Field(
        default=None, description="A directory that every worker sees with the same files."
    )
    ref: GitRef = Field(
        default="main",
        description="What of the repository is wanted: a branch, a tag, or a whole commit.",
    )
    path: FolderPath | None = Field(
        default=None,
        description="The directory in the repository whose *.yaml and *.yml are read, with those "
        "below it. Unset: all of the repository.",
    )
    signed_by: FilePath | None = Field(
        default=None,
        description="A file of allowed signers, as ssh-keygen(1) has it. With it a commit is "
        "taken only when one of them signed it.",
    )
    every: Duration = Field(
        default=timedelta(seconds=30),
        description="How often it is looked for changes.",
        json_schema_extra={"default": "30s"},
    )


class Zone(Strict):
    """A part of the fleet that is reached in one way: a site, a network."""

    name: ZoneName = Field(description="As clusters name it: clusters[].zone.")
    jump: Jump | None = Field(
        default=None,
        description="The host to jump through, where the cluster's file names none.",
    )
    identity: FilePath | None = Field(
        default=None,
        description="The private key's file on the workers, where the cluster's file names none.",
    )
    known_hosts: FilePath | None = Field(
        default=None,
        description="The file of known host keys, where the cluster's file names none.",
    )
    at_once: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=16,
        description="How many clusters of the zone are at work at once, in the whole fleet.",
    )

    def fill_ssh(self, ssh: Ssh) -> Ssh:
        """``ssh`` of a file, with what it leaves open as the zone has it."""
        ours = {"jump": self.jump, "identity": self.identity, "known_hosts": self.known_hosts}
        filled: dict[str, object] = {k: v for k, v in ours.items() if getattr(ssh, k) is None}
        if ssh.probe is not None and ssh.probe.identity is None:
            filled["probe"] = ssh.probe.model_copy(update={"identity": self.identity})
        return ssh.model_copy(update=filled)


class Fleet(Strict):
    """The settings of a fleet: the same file on each of its workers."""

    version: Version = Field(description="The version of this format.")
    database: Reference = Field(
        description="The variable or the file of the worker that has the address of the "
        "PostgreSQL database: env:NAME or file:PATH. The address itself never stands here.",
        examples=["env:RECONCILE_DATABASE", "file:/etc/reconcile/database.url"],
    )
    source: Source = Field(description="Where the desired-state files are.")
    interval: Duration = Field(
        default=timedelta(minutes=5),
        description="How often each cluster is looked at.",
        json_schema_extra={"default": "5m"},
    )
    pages: PagesUrl | None = Field(
        default=None,
        description="Where browsers find the pages of reconcile fleet serve: messages lead there.",
    )
    zones: Annotated[tuple[Zone, ...], Lists, Field(min_length=1, max_length=1000)] = Field(
        default=(Zone(name="default"),),
        description="The zones; a cluster whose zone is not listed is not looked after.",
    )

    def find_zone(self, name: str) -> Zone | None:
        """The zone of that name."""
        return next((zone for zone in self.zones if zone.name == name), None)
