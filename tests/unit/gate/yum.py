"""A host with one package manager alone on its PATH, and a stand-in for yum 3.

The stand-in takes the options, says the words and ends with the statuses of yum 3.4.3, as its
sources have them (cli.py, output.py, yummain.py, yum/__init__.py): there is no Python 2 here to run
it on. What it does not know it refuses, as yum does.
"""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.gate import gate_text
from tests.unit.gate.calls import Answer, gate, within

PATHS = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What the gate may find on a host of any family; no package manager is among it.
TOOLS = (
    *("awk", "blockdev", "cat", "chmod", "cmp", "cp", "cut", "date", "dd", "depmod", "dmesg"),
    *("flock", "grep", "head", "id", "ln", "ls", "mkdir", "mktemp", "modinfo", "mv", "od"),
    *("printf", "rm", "sed", "sh", "sleep", "sort", "stat", "sync", "tail", "tr", "uniq"),
)
# What no shell may need for a refusal: 400 MB, 20 s of the processor.
BOUNDS = ("prlimit", "--as=400000000", "--cpu=20")

STAND_IN = """\
#!{python}
import json, sys
from pathlib import Path

here = Path({here!r})
world = json.loads((here / "world.json").read_text())
name = Path(sys.argv[0]).name
words = sys.argv[1:]
with (here / "calls").open("a") as calls:
    calls.write(" ".join([name, *words]) + "\\n")


def end(status, *lines):
    print(*lines, sep="\\n") if lines else None
    sys.exit(status)


def save():
    (here / "world.json").write_text(json.dumps(world))


if name == "rpm":
    if "-qa" in words:
        end(0, *(f"{{n}}-{{v}}.noarch" for n, v in world["installed"].items()))
    have = world["installed"].get(words[-1])
    end(0, have) if have else end(1, f"package {{words[-1]}} is not installed")

options = {{word for word in words if word.startswith("-")}}
rest = [word for word in words if not word.startswith("-")]
setopts = {{word.partition("=")[2] for word in options if word.startswith("--setopt=")}}
known = {{"-y", "-q", "--assumeno", "--downloadonly", "--showduplicates"}}
for word in options - known:
    if not word.startswith(("--setopt=", "--disableexcludes=", "--disableplugin=")):
        end(1, f"Command line error: no such option: {{word}}")
for word in setopts:
    if word.partition("=")[0] not in {{"exit_on_lock", "autosavets", "obsoletes"}}:
        print(f"Main config did not have a {{word.partition('=')[0]}} attr. before setopt")
quiet = "-q" in options
if not quiet:
    print("Loaded plugins: fastestmirror")
if world["locked"]:
    print("Existing lock /var/run/yum.pid: another copy is running as pid 7.")
    if "exit_on_lock=1" not in setopts:
        while True:
            pass
    end(1, "", "", "Another app is currently holding the yum lock; exiting as configured by exit_on_lock")
if world["down"]:
    end(1, "", "", " One of the configured repositories failed (lab),", "     1. Contact the upstream",
        "", "failure: repodata/repomd.xml from lab: [Errno 256] No more mirrors to try.")
offers = dict(world["offers"])
if not any(word.startswith("--disableexcludes=") for word in options):
    offers = {{n: v for n, v in offers.items() if n not in world["excluded"]}}
verb, *asked = rest
if verb == "list":
    lines = [f"{{n}}.noarch {{v}} lab" for n in asked[1:] for v in offers.get(n, ())]
    end(0, "Available Packages", *lines) if lines else end(1, "Error: No matching Packages to list")


def matches(word):
    for found, versions in offers.items():
        if word == found:
            return found, versions[-1]
        for version in versions:
            if word in (f"{{found}}-{{version}}", f"{{found}}-{{version.rpartition('-')[0]}}"):
                return found, version
    return None


chosen, done = [], False
for word in asked:
    found = matches(word)
    if found is None:
        print(f"No package {{word}} available.") if not quiet else None
        continue
    done, have = True, world["installed"].get(found[0])
    if have is None or verb == "install" and have < found[1] or verb == "downgrade" and have > found[1]:
        chosen.append(found)
    elif have == found[1]:
        print(f"Package {{found[0]}}-{{have}}.noarch already installed and latest version")
    elif verb == "install":
        print(f"Package matching {{found[0]}}-{{found[1]}}.noarch already installed. Checking for update.")
if not chosen:
    end(0, "Nothing to do") if done else end(1, "Error: Nothing to do")
if not quiet or "-y" not in options:
    heading = {{"install": "Installing", "downgrade": "Downgrading"}}[verb]
    print("", "=" * 80, " Package      Arch       Version      Repository      Size", "=" * 80, sep="\\n")
    print(f"{{heading}}:")
    for found in chosen:
        print(f" {{found[0]}}      noarch      {{found[1]}}      lab      1.5 k")
        for old in world["replaces"].get(found[0], ()):
            print(f"     replacing  {{old}}.noarch 1-1")
    print("", "Transaction Summary", "=" * 80, f"Install  {{len(chosen)}} Package", "", sep="\\n")
if "--assumeno" in options:
    end(1, "Exiting on user command")
if "-y" not in options:
    end(1, "Is this ok [y/d/N]: ")
if "--downloadonly" in options:
    end(0, "exiting because \\"Download Only\\" specified")
world["installed"].update(dict(chosen))
save()
"""


@dataclass(frozen=True)
class YumHost:
    """``here`` has the directory that is all of the gate's PATH."""

    here: Path

    def prepare(self, *managers: str, **world: Any) -> None:
        """Programs of those names, and what there is to install."""
        programs = self.here / "bin"
        programs.mkdir()
        for tool in TOOLS:
            if found := shutil.which(tool):
                (programs / tool).symlink_to(found)
        text = STAND_IN.format(python=sys.executable, here=str(self.here))
        for name in managers:
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        usual = {"installed": {}, "offers": {}, "excluded": [], "replaces": {}}
        self.write(**{**usual, "locked": False, "down": False, **world})

    def write(self, **world: Any) -> None:
        """What is to be different."""
        file = self.here / "world.json"
        now = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps({**now, **world}))

    def installed(self) -> dict[str, str]:
        """Versions by package."""
        found: dict[str, str] = json.loads((self.here / "world.json").read_text())["installed"]
        return found

    def calls(self) -> list[str]:
        """What was asked of the managers, in order."""
        file = self.here / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def gate(
        self, monkeypatch: pytest.MonkeyPatch, *words: str, shell: tuple[str, ...] = ("dash",)
    ) -> Answer:
        """One call there, within bounds of time and memory; nobody has a lock of /run."""

        def text(*called: str) -> str:
            whole = gate_text(*called)
            assert PATHS in whole
            return whole.replace(PATHS, f"PATH={self.here / 'bin'}")

        monkeypatch.setattr("tests.unit.gate.calls.text_of", text)
        mounts = "mount -t tmpfs tmpfs /var/lib && mount -t tmpfs tmpfs /run"
        return gate(*words, prefix=within(mounts, (*BOUNDS, *shell)))
