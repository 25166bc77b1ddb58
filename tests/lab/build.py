"""One build of the images; run as a program, in a mount namespace of its own."""

import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

from tests.lab.files import remove, symlink
from tests.lab.images import CACHE, record_of
from tests.lab.kernels import keep_modules, mend_clone, unpack_kernel
from tests.lab.recipe import (
    BASE,
    CLUSTER,
    DISABLED,
    GUEST,
    MASKED,
    MASKED_GENERATORS,
    ODD,
    REMOVED,
    UNIQUE,
    USERS,
    guest_mode,
    ingredients,
    recipe_hash,
)
from tests.lab.repository import write_index
from tests.lab.shell import APT_INSTALL, SYSTEM_PATH, LabError, run, say

# COW files record the modification time of the image behind them.
IMAGE_TIME = 1767225600
TMPFS_NEEDS_KIB = 4 << 20


def mirror() -> str:
    """The distribution mirror that this machine's own apt uses; LAB_MIRROR overrides it."""
    if chosen := os.environ.get("LAB_MIRROR"):
        return chosen
    lists = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for path in lists:
        text = path.read_text() if path.is_file() else ""
        for uri in re.findall(
            r"^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s*)?)(\S+)", text, re.MULTILINE
        ):
            if uri.rstrip("/").endswith("/debian"):
                return uri
    raise LabError("no distribution mirror found in /etc/apt: set LAB_MIRROR")


class Build:
    """One build: a root file system that is installed, trimmed and made an image twice."""

    def __init__(self, suite: str) -> None:
        self.suite = suite
        self.started = time.monotonic()
        self.took: dict[str, float] = {}
        self.stamp = recipe_hash(ingredients(suite))
        self.work = CACHE / f"work-{suite}"
        self.kernel = self.work / "kernel"
        self.root = self.work / "root"
        self.archives = self.root / "var/cache/apt/archives"
        self.log = (CACHE / f"build-{suite}.log").open("w")
        proxies = {k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")}
        self.env = {
            "PATH": SYSTEM_PATH,
            "LC_ALL": "C",
            "HOME": "/root",
            "DEBIAN_FRONTEND": "noninteractive",
            **proxies,
        }

    def step(self, name: str) -> None:
        """Say and log what comes next."""
        self.took[name] = round(time.monotonic() - self.started, 1)
        say(f"[{self.took[name]:6.1f}s] {name}")
        self.log.write(f"=== {name}\n")
        self.log.flush()

    def do(self, *argv: object) -> None:
        """Run a command that writes to the build's log."""
        run(*argv, timeout=600, stdout=self.log, stderr=self.log, env=self.env)

    def chroot(self, *argv: object) -> None:
        """Run a command in the new root file system."""
        self.do("chroot", self.root, *argv)

    def put(self, name: str, text: str, mode: int = 0o644) -> None:
        """Write a file of the new root file system."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def make_all(self) -> None:
        """The whole story."""
        self.prepare_work()
        self.install_system()
        self.trim(self.fetch_kernel())
        made = {"bare": self.image("bare")}
        self.step("install cluster packages")
        self.put("etc/apt/sources.list", f"deb {mirror()} {self.suite} main\n")
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        self.chroot("apt-get", "update")
        self.chroot(*APT_INSTALL, *CLUSTER)
        made["full"] = self.image("full")
        self.publish(made)

    def prepare_work(self) -> None:
        """In memory if there is room: dpkg's fsyncs are most of the time otherwise."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        meminfo = Path("/proc/meminfo").read_text()
        if int(re.search(r"MemAvailable:\s+(\d+)", meminfo)[1]) > TMPFS_NEEDS_KIB:
            self.do("mount", "-t", "tmpfs", "-o", "size=2g,mode=755", "tmpfs", self.work)

    def fetch_kernel(self) -> Path:
        """The suite's kernel, its program ready; where all its modules are."""
        self.step("fetch the UML kernel")
        debs = self.root / "var/tmp/debs"
        debs.mkdir()
        debs.chmod(0o777)  # apt downloads as an unprivileged user
        fetch = "cd /var/tmp/debs && apt-get download user-mode-linux libc6"
        self.chroot("sh", "-c", fetch)
        shutil.copytree(debs, self.work / "debs")
        shutil.rmtree(debs)
        self.kernel.mkdir()
        modules = unpack_kernel(self.work / "debs", self.kernel, CACHE / f"kernel-{self.stamp}")
        if self.suite in ODD:
            mend_clone(self.kernel / "linux")
        return modules

    def install_system(self) -> None:
        """The packages of the bare image; those of the full one are only fetched."""
        self.step("debootstrap")
        self.do("debootstrap", "--variant=minbase", self.suite, self.root, mirror())
        for name in ("etc/apt/apt.conf.d/99lab", "etc/dpkg/dpkg.cfg.d/lab"):
            self.put(name, (GUEST / name).read_text())
        self.put("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        self.do("mount", "-t", "proc", "proc", self.root / "proc")
        self.step("install packages")
        self.chroot("apt-get", "update")
        self.chroot(*APT_INSTALL, *BASE)
        self.chroot(*APT_INSTALL, "--download-only", *CLUSTER)

    def trim(self, modules: Path) -> None:
        """The apt repository, kernel modules, users and units."""
        self.step("trim")
        repository = self.work / "repository"
        repository.mkdir()
        for deb in self.archives.glob("*.deb"):
            shutil.copy(deb, repository / deb.name.replace("%3a", "+"))
        write_index(repository, self.suite)
        self.install_modules(modules)
        for user in USERS:
            self.chroot("useradd", "-m", "-s", "/bin/bash", user)
        library = self.root / "usr/lib/systemd/system"
        self.chroot("systemctl", "disable", *(n for n in DISABLED if (library / n).exists()))
        self.chroot("systemctl", "set-default", "multi-user.target")
        self.chroot("systemctl", "enable", "ssh.service")

    def install_modules(self, modules: Path) -> None:
        """Those that a host may need, in the image and beside the program."""
        installed = self.root / "lib/modules" / modules.name
        keep_modules(modules, installed)
        self.chroot("depmod", modules.name)
        shutil.copytree(installed, self.kernel / "modules" / modules.name)
        shutil.rmtree(self.kernel / "uml")

    def customise(self) -> None:
        """Turn what the packages made into a lab host."""
        for path in GUEST.rglob("*"):
            if path.is_file():
                self.put(str(path.relative_to(GUEST)), path.read_text(), guest_mode(path))
        self.take_away()

    def take_away(self) -> None:
        """Units, files and whatever must not be the same on two hosts."""
        for unit in MASKED:
            symlink(self.root / "etc/systemd/system" / unit, "/dev/null")
        for generator in MASKED_GENERATORS:
            symlink(self.root / "etc/systemd/system-generators" / generator, "/dev/null")
        for name in REMOVED:
            remove(self.root / name)
        for pattern in UNIQUE:
            for path in self.root.glob(pattern):
                path.unlink()
        for name in ("etc/machine-id", "etc/resolv.conf", "etc/motd"):
            self.put(name, "")

    def image(self, kind: str) -> Path:
        """An ext4 image of the root file system as it is, under a temporary name."""
        self.step(f"image {kind}")
        self.customise()
        archives, policy = self.work / "archives", self.root / "usr/sbin/policy-rc.d"
        self.archives.rename(archives)
        (self.archives / "partial").mkdir(parents=True)
        policy.rename(self.work / "policy-rc.d")
        self.do("umount", self.root / "proc")
        used = int(run("du", "-sm", "--apparent-size", self.root).stdout.split()[0])
        image = CACHE / f"{kind}-{self.stamp}.img.new"
        image.unlink(missing_ok=True)
        self.do(
            "mkfs.ext4",
            "-q",
            "-F",
            "-b",
            "4096",
            "-J",
            "size=8",
            "-m",
            "0",
            "-N",
            "24000",
            "-O",
            "^metadata_csum,^64bit,^resize_inode",
            "-E",
            "lazy_itable_init=0,root_owner=0:0",
            "-L",
            "root",
            "-d",
            self.root,
            image,
            f"{int(used * 1.1) + 420}M",
        )
        self.do("mount", "-t", "proc", "proc", self.root / "proc")
        (self.work / "policy-rc.d").rename(policy)
        shutil.rmtree(self.archives)
        archives.rename(self.archives)
        return image

    def publish(self, images: dict[str, Path]) -> None:
        """Give everything its final name; never touch what a lab that is up may be using."""
        self.step("publish")
        for image in images.values():
            os.utime(image, (IMAGE_TIME, IMAGE_TIME))
            image.rename(image.with_suffix(""))
        trees = {kind: f"{kind}-{self.stamp}" for kind in ("kernel", "repository")}
        for kind, name in trees.items():
            shutil.rmtree(CACHE / name, ignore_errors=True)
            shutil.copytree(self.work / kind, CACHE / name, symlinks=True)
        names = {kind: image.with_suffix("").name for kind, image in images.items()}
        self.step("built")
        record_of(self.suite).write_text(
            json.dumps(
                {
                    "recipe": self.stamp,
                    **names,
                    **trees,
                    "took": self.took,
                },
                indent=1,
            )
        )


if __name__ == "__main__":
    Build(sys.argv[1]).make_all()
