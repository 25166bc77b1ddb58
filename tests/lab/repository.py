"""The lab's own apt repository, which hosts without the cluster software install from."""

import hashlib
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path

from tests.lab.files import symlink
from tests.lab.recipe import SUITE
from tests.lab.shell import run

PORT = 8080


def write_index(directory: Path, suite: str = SUITE) -> None:
    """Make a flat repository of the packages in a directory: Packages and Release."""
    entries = []
    for deb in sorted(directory.glob("*.deb")):
        data = deb.read_bytes()
        control = run("dpkg-deb", "-f", deb).stdout.rstrip()
        entries.append(
            f"{control}\nFilename: ./{deb.name}\nSize: {len(data)}"
            f"\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
        )
    packages = "\n".join(entries).encode()
    (directory / "Packages").write_bytes(packages)
    (directory / "Release").write_text(
        f"Origin: lab\nLabel: lab\nSuite: {suite}\nCodename: {suite}\nArchitectures: amd64\n"
        f"Date: {formatdate(usegmt=True)}\nSHA256:\n"
        f" {hashlib.sha256(packages).hexdigest()} {len(packages)} Packages\n"
    )


def link_packages(place: Path, directories: Mapping[str, Path]) -> None:
    """Let one server offer the packages of several suites, each below its name."""
    for suite, directory in directories.items():
        symlink(place / suite, str(directory))


def url(controller: str, suite: str) -> str:
    """Where a host of a suite finds its packages."""
    return f"http://{controller}:{PORT}/{suite}"


def server(directory: Path, address: str) -> list[str]:
    """The command that serves it on one address."""
    return [
        "/usr/bin/python3",
        "-m",
        "http.server",
        str(PORT),
        "--bind",
        address,
        "--directory",
        str(directory),
    ]
