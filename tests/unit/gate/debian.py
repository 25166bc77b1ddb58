"""This Debian with an upper layer of the test's own, and a repository of packages made here."""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.gate.calls import Answer, gate, private_mounts_work, within

CONTROL = """\
Package: {name}
Version: {version}
Architecture: all
Maintainer: nobody <nobody@localhost>
Installed-Size: {kib}
Depends: {depends}
Description: made for a test
"""
# What stands before the mounts end: its root, with lists and sources of its own.
LAYERS = """\
mkdir -p {here}/up {here}/work {here}/root {here}/lists/partial {here}/repository &&
mount -t overlay overlay -o lowerdir=/,upperdir={here}/up,workdir={here}/work {here}/root &&
mount -t proc proc {here}/root/proc && mount --bind /dev {here}/root/dev &&
mount -t tmpfs tmpfs {here}/root/etc/apt/sources.list.d &&
mount --bind {here}/lists {here}/root/var/lib/apt/lists &&
mkdir -p {here}/root/repository && mount --bind {here}/repository {here}/root/repository &&
echo 'deb [trusted=yes] file:/repository ./' >{here}/root/etc/apt/sources.list"""


def works() -> bool:
    if not (private_mounts_work() and Path("/var/lib/dpkg/status").exists()):
        return False
    trial = "mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w && " + (
        "mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt"
    )
    argv = [*within(trial), "-c", ":"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


needs_debian = pytest.mark.skipif(
    not works(), reason="needs root on Debian, mount namespaces and overlayfs"
)


@dataclass(frozen=True)
class Debian:
    """``here`` has the layers; every call is in a mount namespace of its own."""

    here: Path

    def offer(  # noqa: PLR0913  # the fields of a package
        self,
        name: str,
        version: str = "1.0",
        *,
        kib: int = 10,
        depends: str = "",
        postinst: str = "",
        present: bool = True,
    ) -> None:
        """A package of the repository; one that is not ``present`` is only listed."""
        tree = self.here / "trees" / f"{name}_{version}"
        (tree / "DEBIAN").mkdir(parents=True)
        control = CONTROL.format(name=name, version=version, kib=kib, depends=depends)
        control = control.replace("Depends: \n", "")
        (tree / "DEBIAN" / "control").write_text(control)
        (tree / "DEBIAN" / "postinst").write_text(f"#!/bin/sh\n{postinst}\n")
        (tree / "DEBIAN" / "postinst").chmod(0o755)
        (tree / "opt").mkdir()
        (tree / "opt" / name).write_text(f"{version}\n")
        (self.here / "repository").mkdir(exist_ok=True)
        deb = self.here / "repository" / f"{name}_{version}.deb"
        subprocess.run(["dpkg-deb", "-b", tree, deb], check=True, capture_output=True)
        data = deb.read_bytes()
        with (self.here / "repository" / "Packages").open("a") as index:
            index.write(f"{control}Filename: ./{deb.name}\nSize: {len(data)}\n")
            index.write(f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n")
        if not present:
            deb.unlink()

    def gate(
        self, *words: str, before: str = "true", shell: tuple[str, ...] = ("dash",)
    ) -> Answer:
        """The gate there, after ``before`` was run there."""
        return gate(*words, prefix=self._inside(before, shell))

    def put(self, path: str, content: str | bytes) -> None:
        """A file of its own there, which may be run."""
        file = self.here / "up" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(0o755)

    def forget(self) -> None:
        """As if of all that is installed dpkg alone were a package: the fewer there are to read."""
        control = CONTROL.format(name="dpkg", version="1", kib=1, depends="")
        installed = control.replace("Depends: \n", "Status: install ok installed\n")
        self.put("/var/lib/dpkg/status", installed)

    def run(self, script: str) -> str:
        """What a script prints there."""
        argv = [*self._inside("true", ("dash",)), "-c", script]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def versions(self, *names: str) -> dict[str, str]:
        """Status and version of the packages that dpkg knows of."""
        line = "${Package}=${db:Status-Status} ${Version}\\n"
        text = self.run(f"dpkg-query -W -f '{line}' {' '.join(names)} 2>/dev/null || true")
        return dict(row.split("=", 1) for row in text.splitlines())

    def _inside(self, before: str, shell: tuple[str, ...]) -> tuple[str, ...]:
        script = LAYERS.format(here=self.here)
        inner = before.replace("'", "'\\''")
        script += f" && chroot {self.here}/root sh -c '{inner}'"
        return within(script, ("chroot", f"{self.here}/root", *shell))


REPO = "[lab]\nname=lab\nbaseurl=file:///rpms\ngpgcheck=0\nenabled=1\n"
SPEC = """\
Name: {name}
Version: {version}
Release: {release}
Summary: made for a test
License: none
BuildArch: noarch
{more}
%description
made for a test
%install
mkdir -p %{{buildroot}}{directory}
echo made >%{{buildroot}}{directory}/{file}
%files
{directory}/{file}
"""
DNF = """\
mkdir -p /rpms /etc/yum.repos.d
apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -y -q install \
    --no-install-recommends dnf rpm createrepo-c kmod"""


@dataclass(frozen=True)
class RedHat(Debian):
    """The same machine with dnf and rpm, from Debian's own packages."""

    def prepare(self) -> str:
        """Installs them; why not, if that fails."""
        online = LAYERS.format(here=self.here).split(" &&\nmount -t tmpfs tmpfs")[0]
        argv = [*within(online, ("chroot", f"{self.here}/root", "sh")), "-c", DNF]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=500, check=False)
        return "" if done.returncode == 0 else done.stderr[-500:]

    def offer_rpm(  # the fields of a package
        self, name: str, release: str, path: str, more: str = "", *, version: str = "1"
    ) -> None:
        """A package with one file."""
        directory, _, file = path.rpartition("/")
        fields = {"name": name, "version": version, "release": release, "more": more}
        text = SPEC.format(**fields, directory=directory, file=file)
        (self.here / "up" / "spec").write_text(text)
        self.run(
            "cd /rpms && rpmbuild -bb --quiet --define '_topdir /tmp/rpmbuild' "
            "--define '_rpmdir /rpms' --define "
            "'_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.rpm' /spec && createrepo_c -q ."
        )
        self.run(f"printf '{REPO}' >/etc/yum.repos.d/lab.repo; dnf -q clean all")
