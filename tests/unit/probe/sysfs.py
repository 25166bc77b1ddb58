"""Block devices made of files: the probe reads them in place of the kernel's own."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.hosts.observer import parse_facts
from reconciler.model.observed import HostFacts
from reconciler.probe import probe_text
from reconciler.resources import SECTIONS

SYS = "SYS=/sys/class/block"
# What each block device has.
USUAL = {"size": "2048", "ro": "0", "queue/logical_block_size": "512"}


@dataclass(frozen=True)
class Sysfs:
    """``here`` stands for /sys/class/block."""

    here: Path

    def add(self, name: str, number: str | None, **files: str | None) -> None:
        """A device with what each has, and these files; without those that are None.

        ``__`` stands for a slash in the name of a file.
        """
        named = {key.replace("__", "/"): value for key, value in files.items()}
        wanted: Mapping[str, str | None] = {**USUAL, "dev": number, **named}
        for file, text in wanted.items():
            if text is not None:
                path = self.here / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{text}\n")
        if number is not None:
            self.node(name).parent.mkdir(parents=True, exist_ok=True)
            self.node(name).write_bytes(bytes(4096))

    @property
    def dev(self) -> Path:
        """Stands for /dev."""
        return self.here.with_name("dev")

    @property
    def programs(self) -> Path:
        """Where a program stands that the probe is to find first."""
        return self.here.with_name("programs")

    def program(self, name: str, script: str) -> None:
        """A program of that name, which is a script of sh."""
        self.programs.mkdir(exist_ok=True)
        (self.programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.programs / name).chmod(0o755)

    def node(self, name: str) -> Path:
        """What stands for a device's own file: the kernel has ! for a slash."""
        return self.dev / name.replace("!", "/")

    def link(self, path: str, name: str) -> None:
        """A symbolic link to a device, as udev makes them: relative."""
        place = self.dev / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.relpath(self.node(name), place.parent))

    def facts(self, *words: str, shell: tuple[str, ...] = ("dash",)) -> HostFacts:
        """What the probe's disks and wanted sections come to."""
        text = probe_text("disks", "wanted").replace(SYS, f"SYS={self.here}")
        assert str(self.here) in text
        text = text.replace("PATH=/usr/local/sbin", f"PATH={self.programs}:/usr/local/sbin")
        text = text.replace("/dev/", f"{self.dev}/").replace(f"{self.dev}/null", "/dev/null")
        argv = [*shell, "-c", text, "probe", "--only", "disks", "--only", "wanted", *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
        assert done.stderr == ""
        return parse_facts(done.stdout, SECTIONS)
