"""The probe itself, run on this machine; as root also with files of our own in /etc."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.model.observed import TextFile, Unknown
from reconciler.model.plan import MINUTE, Command
from reconciler.probe import probe_command, probe_text, section_parts
from reconciler.probe.sections import NAMES, Section, read, split
from reconciler.resources import SECTIONS
from tests.unit.gate.calls import SHELLS, needs_root
from tests.unit.probe.calls import run

WRONG = [
    ["--want"],
    ["--odd", "x"],
    ["x"],
    ["--want", "a", "b"],
    *(["--lv", name] for name in ("san", "san/", "/x", "a/b/c", "-a/b", "a/-b", "a b/c", "a/$x")),
    *(["--order", name] for name in ("a", "-.mount", "-a.service", "a b.mount", "a@.service")),
    *(["--unit", name] for name in ("a", "a b.service", "-a.service", "a@.service", "$(id).x")),
    *(
        ["--connect", target]
        for target in (
            "node01:7777", "10.0.0.1", "10.0.0.256:1", "10.0.0.1:0", "10.0.0.1:65536",
            "10.0.0.01:1", "10.0.0:1", "10..0.1:1", "1.2.3.4.5:1", "10.0.0.1:1:1", "::1:1",
            "10.0.0.1:1 ", "10.0.0.1:1\n", "10.0.0.1:00001", "10.0.0.9999999999999999999:1",
        )
    ),
]  # fmt: skip


@pytest.fixture
def root() -> Iterator[Path]:
    """A directory for what is bound over the host's; outside of what is bound over."""
    with tempfile.TemporaryDirectory() as name:
        for sub in ("etc/ocfs2", "lib/reconcile"):
            (Path(name) / sub).mkdir(parents=True)
        yield Path(name)


def observe(root: Path, shell: tuple[str, ...] = ("dash",)) -> dict[str, object]:
    """The facts on this machine with ``root`` in place of some of its directories."""
    script = (
        f"mount --bind {root}/etc /etc && mount --bind {root}/lib /var/lib && "
        f"if [ -e {root}/uptime ]; then mount --bind {root}/uptime /proc/uptime; fi && "
        'exec "$@"'
    )
    text = run(shell, prefix=("unshare", "-m", "sh", "-c", script, "sh"))
    return {name: read(section, SECTIONS[name]) for name, section in split(text).items()}


def test_each_text_starts_as_the_hosts_know_it() -> None:
    for name in section_parts():
        assert probe_text(name).startswith("#!/bin/sh\n# reconcile-probe 1\n")


def test_the_command_asks_for_each_device_once() -> None:
    assert probe_command(["a", "b"], ["b"], ["/srv"]) == Command(
        ("sh", "-c", probe_text(), "probe", "--want", "a", "--blank", "b", "--path", "/srv"),
        timeout=MINUTE,
    )


def test_the_command_asks_for_units_and_connections() -> None:
    asked = ("--unit", "a.service", "--connect", "10.0.0.1:7777", "--size", "/srv")
    asked = (*asked, "--order", "srv.mount")
    command = probe_command(
        units=["a.service"], connect=["10.0.0.1:7777"], sizes=["/srv"], orders=["srv.mount"]
    )
    assert command.argv[4:] == asked


def test_it_writes_nowhere() -> None:
    code = probe_text()
    targets = re.findall(r"(?<![-<=0-9&\\])[0-9]?>+\s*&?([^\s;|&)]+)", code)
    assert set(targets) <= {"/dev/null", "3", "1", "{"}, targets
    writers = r"\b(mktemp|tee|touch|mkdir|rm|mv|cp|ln|install|sed -i|mount|modprobe|sync)\b"
    commands = [line for line in code.splitlines() if re.match(rf"\s*{writers} ", line)]
    assert commands == []
    assert re.findall(r"\bof=(\S+)", code) == ["/dev/null"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_section_comes_and_can_be_parsed(shell: tuple[str, ...]) -> None:
    text = run(shell, "--want", "wwid=3600,part=1", "--blank", "path=/dev/null", "--path", "/")
    sections = split(text)
    facts = {name: read(section, SECTIONS[name]) for name, section in sections.items()}
    unread = {name: fact for name, fact in facts.items() if isinstance(fact, Unknown)}
    assert not [fact for fact in unread.values() if "garbled" in fact.reason]
    assert {"identity", "addresses", "disks", "space", "fstab", "wanted"} <= set(NAMES) - set(
        unread
    )
    assert text.endswith("@@done\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_all_shells_say_the_same(shell: tuple[str, ...]) -> None:
    def steady(text: str) -> dict[str, Section | Unknown]:
        return {k: v for k, v in split(text).items() if k not in ("identity", "space", "log")}

    arguments = ("--want", "path=/dev/null", "--path", "/", "--path", "/proc")
    assert steady(run(shell, *arguments)) == steady(run(("dash",), *arguments))


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_arguments_end_it_at_once(arguments: list[str]) -> None:
    done = subprocess.run(
        ["dash", "-c", probe_text(), "probe", *arguments], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (64, b"")


@pytest.mark.parametrize(
    "word", ["$(touch HERE/x)", "`id`", "a;b", "*", "a b", "'", '"', "\\n"]
)
def test_arguments_are_never_code(word: str, tmp_path: Path) -> None:
    word = word.replace("HERE", str(tmp_path))
    rows = split(run(("dash",), "--want", f"path={word}", "--path", word))["wanted"]
    assert rows == (("want", f"path={word}", "-", "no"),)
    assert list(tmp_path.iterdir()) == []


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a\r\n\r\n",
        "no end",
        "\ttabs = x  \n",
        "@@done\n@@end\tcluster_conf\t0\n",
        "*\n",
    ],
)
def test_a_file_comes_as_it_is(root: Path, shell: tuple[str, ...], text: str) -> None:
    (root / "etc/ocfs2/cluster.conf").write_bytes(text.encode())
    (root / "etc/ocfs2/cluster.conf").chmod(0o640)
    os.utime(root / "etc/ocfs2/cluster.conf", (1_700_000_000, 1_700_000_001))
    os.chown(root / "etc/ocfs2/cluster.conf", 1234, 0)
    seen = observe(root, shell)["cluster_conf"]
    assert isinstance(seen, TextFile)
    assert (seen.text, seen.mode) == (text, "640")
    assert (seen.written, seen.owner) == (1_700_000_001, 1234)


@needs_root
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"x" * 300_000, "/etc/ocfs2/cluster.conf is larger than 256 KiB"),
        (b"x" * 5000 + b"\n", "a line is longer than 4096 bytes"),
        (b"y\n" * 50_000, "too much to tell"),
        (b"a\0b\n", "/etc/ocfs2/cluster.conf could not be read whole"),
    ],
    ids=["huge", "long-line", "many-lines", "nul"],
)
def test_a_hostile_file_makes_its_own_section_unknown(
    root: Path, content: bytes, reason: str
) -> None:
    (root / "etc/ocfs2/cluster.conf").write_bytes(content)
    (root / "lib/reconcile/c").mkdir()
    for name in ("applied.json", "left.json", "left.json.before", ".hidden.json"):
        (root / "lib/reconcile/c" / name).write_text("{}")
    (root / "lib/reconcile/stray.json").write_text("{}")
    seen = observe(root)
    assert seen["cluster_conf"] == Unknown(reason)
    names = [file.path.rpartition("/")[2] for file in seen["records"]]  # type: ignore[attr-defined]
    assert names == ["applied.json", "left.json"]


@needs_root
def test_what_is_there_but_is_no_file_is_not_absent(root: Path) -> None:
    (root / "etc/ocfs2/cluster.conf").symlink_to("/nowhere")
    assert observe(root)["cluster_conf"] == Unknown(
        "/etc/ocfs2/cluster.conf is not a readable file"
    )


@needs_root
def test_a_stranger_reads_what_is_open_to_all_and_never_takes_hidden_for_absent(
    root: Path,
) -> None:
    (root / "lib/reconcile").chmod(0o700)
    script = (
        f"mount --bind {root}/lib /var/lib && "
        'exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"'
    )
    root.chmod(0o755)
    text = run(("dash",), "--path", "/", prefix=("unshare", "-m", "sh", "-c", script, "sh"))
    seen = split(text)
    assert seen["records"] == Unknown("/var/lib/reconcile is not readable")
    assert seen["leases"] == Unknown("/var/lib/reconcile is not readable")
    assert seen["mounts"] == Unknown("not root: the namespaces of others are hidden")
    assert ("uid", "65534") in seen["identity"]  # type: ignore[operator]
