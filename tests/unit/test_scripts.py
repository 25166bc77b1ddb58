"""What holds for both scripts that travel to hosts, and for each text that is joined of them."""

import re
import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from reconciler import gate, probe
from reconciler.model.scripts import Part, join, travelling
from reconciler.probe.installed import installed_text
from reconciler.probe.sections import NAMES
from tests.unit import shell_calls
from tests.unit.gate.calls import SHELLS

KB = 1000
OPEN = ("lease-", "pause", "resume")  # verbs that change nothing but who may act
Text = Callable[[], str]


def gate_sources() -> Iterator[tuple[str, Text]]:
    """With comments, each text that could be joined for a call of the gate."""
    for verb in gate.verb_parts():
        yield f"gate-{verb}", lambda verb=verb: gate.gate_source(verb)
    for verb in ("install-packages", "install-module"):
        words = ["fetch", verb]
        yield f"gate-fetch-{verb}", lambda words=words: gate.gate_source(*words)


def probe_sources() -> Iterator[tuple[str, Text]]:
    """As above, for each section alone, and for all."""
    yield "probe", probe.probe_source
    asked = ["--path", "/srv/it's", "--guests", "/srv/a\n/bin/list\nit's"]
    yield "probe-installed", lambda: installed_text(asked, ["10.0.0.1:7777", "10.0.0.2:7777"])
    for name in probe.section_parts():
        yield f"probe-{name}", lambda name=name: probe.probe_source(name)


SCRIPTS: Mapping[str, Callable[[], Mapping[str, Part]]] = {
    "gate": gate.parts,
    "probe": probe.parts,
}
# Each text once: verbs of one part, and sections of the same ones, have theirs in common.
SOURCES = [*{s(): (name, s) for name, s in (*gate_sources(), *probe_sources())}.values()]
each_script = pytest.mark.parametrize("script", SCRIPTS)
each_text = pytest.mark.parametrize("source", [pytest.param(s, id=name) for name, s in SOURCES])


def whole(script: str) -> str:
    """All parts in one."""
    parts = SCRIPTS[script]()
    return join(parts, parts)


def run(*argv: str, text: str = "") -> str:
    """What a program says, of whatever status."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck")
@each_script
def test_shellcheck_finds_nothing(script):
    assert run("shellcheck", "-s", "dash", "-", text=whole(script)) == ""


@pytest.mark.nightly
@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck")
@each_text
def test_shellcheck_finds_nothing_in_what_is_joined(source):
    """But for variables that are set for parts that did not travel (SC2034).

    What may be wrong in them and not in all parts together is looked for each time: see `missing`.
    """
    assert run("shellcheck", "-s", "dash", "-e", "SC2034", "-", text=source()) == ""


@each_script
def test_no_function_takes_the_name_of_another(script):
    """The last of a name is the one that is called, by all."""
    found = Counter(re.findall(r"^([a-z_0-9]+)\(\)", whole(script), re.MULTILINE))
    assert len(found) > 10
    assert [name for name, count in found.items() if count > 1] == []


# What hosts have, of every family; whether it is on this machine does not matter.
PROGRAMS = [
    "apt",
    "apt-get",
    "aptitude",
    "dnf",
    "dpkg",
    "microdnf",
    "pacman",
    "apk",
    "rpm",
    "rpm-ostree",
    "tdnf",
    "yum",
    "zypper",
    "awk",
    "blkid",
    "blockdev",
    "busybox",
    "cat",
    "chmod",
    "cmp",
    "cp",
    "cut",
    "date",
    "dd",
    "depmod",
    "df",
    "dmesg",
    "dmsetup",
    "du",
    "file",
    "find",
    "flock",
    "fsck",
    "grep",
    "grubby",
    "head",
    "id",
    "insmod",
    "ip",
    "kill",
    "link",
    "links",
    "ln",
    "losetup",
    "ls",
    "lsblk",
    "lvs",
    "lvextend",
    "mkdir",
    "mkfs",
    "mktemp",
    "mknod",
    "modinfo",
    "modprobe",
    "mount",
    "mountpoint",
    "multipath",
    "multipathd",
    "mv",
    "nc",
    "netcat",
    "od",
    "parted",
    "partprobe",
    "partx",
    "ping",
    "printf",
    "ps",
    "pvs",
    "readlink",
    "reboot",
    "repoquery",
    "rm",
    "rmmod",
    "sed",
    "service",
    "sgdisk",
    "sh",
    "shutdown",
    "sleep",
    "sort",
    "ss",
    "stat",
    "su",
    "sudo",
    "swapon",
    "sync",
    "systemctl",
    "tail",
    "tar",
    "tee",
    "test",
    "timeout",
    "touch",
    "tr",
    "tunefs",
    "udevadm",
    "umount",
    "uname",
    "uniq",
    "unlink",
    "vgs",
    "virsh",
    "wc",
    "wipefs",
    "xargs",
]


@each_script
def test_no_function_hides_a_program(script):
    """It would call itself where it means the program, and be found where that is looked for."""
    functions = frozenset(shell_calls.defined(whole(script)))
    wanted = re.findall(r"\b(?:has|need) ([a-z_.0-9-]+)", travelling(whole(script)))
    assert len(wanted) > 5
    assert functions.isdisjoint({*PROGRAMS, *wanted})


@pytest.mark.parametrize("shell", SHELLS)
@each_script
def test_only_programs_are_looked_for(script, shell):
    part = SCRIPTS[script]()[{"gate": "lib/arguments", "probe": "lib/read"}[script]]
    look = 'for word in sh has printf no-such-program; do has "$word" && echo "$word"; done'
    assert run(*shell, "-c", f"{part.text}\n{look}") == "sh\n"


@each_script
def test_what_was_not_read_does_not_leave_what_another_turn_of_the_loop_read(script):
    """``get FILE && a=$got``: without the file, ``a`` is what the last device had."""
    carried = re.compile(
        r"^\s*(?:get|names|plain|disks_of|partition_of)\b[^|\n]*&& *\w+=.*$", re.MULTILINE
    )
    assert carried.findall('  get "$1/dev" && number=$got') != []
    assert carried.findall(whole(script)) == []


@each_script
def test_a_part_can_be_read_in_ten_minutes(script):
    """At most 200 lines, on top of them at most ten that say what it is for."""
    for name, part in SCRIPTS[script]().items():
        lines = part.text.splitlines()
        assert len(lines) <= 200, name
        about = lines.index("") if name != "head" else len(lines)
        assert all(line.startswith("#") for line in lines[:about]) or name == "head", name
        assert 1 <= about <= 10 or name == "head", name


@each_script
def test_a_part_needs_what_is_there_and_uses_what_it_needs(script):
    """But for what is called by a name that is made up, or by every text."""
    parts = SCRIPTS[script]()
    indirect = {"permit", "packages_apt", "packages_rpm", "lib/in_use", "lib/arguments"}
    for name, part in parts.items():
        code = travelling("\n\n" + part.text)
        used = shell_calls.called(code) | shell_calls.variables(code)
        for need in part.needs:
            has = shell_calls.defined(parts[need].text) | shell_calls.assigned(parts[need].text)
            assert used & has or need in indirect, f"{name} does not use {need}"


@each_text
def test_each_text_has_what_it_calls(source):
    code = travelling(source())
    assert not missing(code)


def test_the_sections_are_those_that_are_read():
    assert set(probe.section_parts()) == set(NAMES)
    order = re.findall(r"^section ([a-z_0-9]+) ", probe.parts()["main"].text, re.MULTILINE)
    assert sorted(order) == sorted(NAMES)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", NAMES)
def test_a_section_answers_with_its_parts_alone(name, shell):
    """On this machine, which has no cluster: what it cannot read it says, and nothing else."""
    argv = (*shell, "-c", probe.probe_text(name), "probe", "--only", name)
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.split("\t")[0] for line in (*lines[:2], *lines[-2:])] == [
        "@@reconcile-probe", "@@begin", "@@end", "@@done",
    ]  # fmt: skip
    status = lines[-2].split("\t")[2]
    assert status == "0" or lines[-3].startswith("@@fail\t"), done.stdout


def missing(code: str) -> frozenset[str]:
    """The functions and variables of other parts that a text uses and does not have."""
    script = "probe" if code.startswith("#!/bin/sh\n# reconcile-probe ") else "gate"
    texts = [part.text for part in SCRIPTS[script]().values()]
    functions = frozenset[str]().union(*map(shell_calls.defined, texts))
    lost = (shell_calls.called(code) & functions) - shell_calls.defined(code)
    read = shell_calls.variables(code)
    constants = {name for name in read if name.isupper()} - shell_calls.assigned(code)
    values = (read & frozenset[str]().union(*map(shell_calls.given, texts))) - constants
    return lost | constants | (values - shell_calls.given(code))


@pytest.mark.parametrize(
    ("code", "lost"),
    [
        ("no_symlink $1", {"no_symlink"}),
        ('if is_path "$1" || ! is_uuid "$2"; then :; fi', {"is_path", "is_uuid"}),
        ('sum=$(digest "$1") && LC=1 keep x', {"digest", "keep"}),
        ('refuse x "it is $(printf %s "$(works)") now"', {"refuse", "works"}),
        ("case $1 in a | b) get x ;; *) stop 1 ;; esac", {"get", "stop"}),
        ("echo $STATE/x ${EXPIRY}", {"STATE", "EXPIRY"}),
        ('for host in $hosts; do echo "$host $token ${dir}"; done', {"hosts", "token", "dir"}),
        ('hosts=x token=1; read -r dir rest; echo "$hosts$token$dir${found-}"', set()),
        ("until { now; } | has_ended; do (clean); done", {"now", "has_ended", "clean"}),
        ("echo 'get'; get=1 case $1 in get) ;; esac; n=$((now + 1))", set()),
        ('get() { :; }\nget "stop" <<END\nmore\nEND', set()),
    ],
)
def test_what_is_missing_is_seen(code, lost):
    assert missing(code) == lost


def test_a_verb_that_is_done_on_a_device_needs_what_on_needs():
    """So that its text is the same with and without the words before it."""
    for verb, name in gate.verb_parts().items():
        lines = gate.parts()[name].text.splitlines()
        if verb != "on" and any(line.startswith("# on NODE") for line in lines):
            assert gate.gate_text("on", *"-----", verb) == gate.gate_text(verb)
            assert gate.gate_text("as", *"-" * 7, verb) == gate.gate_text(verb)


def test_the_wheel_has_every_part():
    wheel = WheelBuilder(str(Path(gate.__file__).parents[2]))
    files = {item.relative_path for item in wheel.recurse_included_files()}
    for script, parts in SCRIPTS.items():
        assert {f"reconciler/{script}/parts/{name}.sh" for name in parts()} <= files


def test_what_changes_a_host_needs_a_permit():
    verbs = set(gate.verb_parts()) - {"on"}  # another verb follows it
    without = {verb for verb in verbs if "\nverb_as()" not in gate.gate_text(verb)}
    assert without == {verb for verb in verbs if verb.startswith(OPEN)}


@pytest.mark.skipif(not shutil.which("bash"), reason="bash prints what it has parsed")
@each_script
def test_what_travels_is_what_was_written(script):
    """Without comments and indentation it is to the letter the same to a shell that parses it."""
    text = whole(script)
    assert len(travelling(text)) < 0.8 * len(text)
    assert parsed(travelling(text)) == parsed(text)


def parsed(text: str) -> str:
    """As bash prints a function that has the text for its body."""
    wrapped = f"f() {{\n{text}\n}}\ndeclare -f f"
    done = subprocess.run(["bash", "-c", wrapped], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
@each_text
def test_each_text_is_one_to_every_shell(source, shell):
    assert run(*shell, "-n", "-c", travelling(source())) == ""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("verb", sorted(gate.verb_parts()))
def test_a_text_calls_nothing_while_it_is_read_that_comes_later(verb, shell):
    said = run(*shell, "-c", gate.gate_text(verb), "gate", "nonsense")
    assert [line.split(": ")[:2] for line in said.splitlines()] == [["gate", "usage"]], said


KEPT = """\
#!/bin/sh
# reconcile-test 1
# a comment
say() { # says
    printf '%s\\n' "$1" # 'not' "a" quote
}

   # another
if [ $# -eq 0 ] && [ ${#0} -gt 1 ]; then
    say 'one
    # two'
    say "$(printf '%s' "
      three # four")"
    cat <<END
    # five $(say \\
        six)

END
    say "${1:-'#'} # seven" \\
        eight
    awk 'BEGIN {
        print "\\"#" # nine
    }'
fi
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_quotes_and_here_documents_keep_their_words(shell):
    short = travelling(KEPT)
    assert "a comment" not in short
    assert "another" not in short
    assert "says" not in short
    assert "    if" not in short
    assert run(*shell, "-c", short) == run(*shell, "-c", KEPT)
    assert "    # two" in run(*shell, "-c", short)


@pytest.mark.parametrize(("name", "source"), SOURCES)
def test_what_travels_fits_into_an_argument_of_a_command(name, source):
    """With what is said to it: Linux takes 128 KiB (execve(2), MAX_ARG_STRLEN)."""
    text = travelling(source())
    assert len(shlex.quote(text)) < 112 << 10
    assert text.splitlines()[1].startswith("# reconcile-")
    assert not [line for line in text.splitlines()[2:] if line.lstrip().startswith("# ")]


@pytest.mark.parametrize(
    ("words", "most"),
    [
        (["lease-acquire"], 12 * KB),
        (["lease-renew"], 12 * KB),
        (["write-file"], 12 * KB),
        (["unmount"], 12 * KB),
        (["on", *"-----", "mount"], 20 * KB),
        (["install-packages"], 32 * KB),
        (["fetch", "install-module"], 32 * KB),
    ],
)
def test_only_what_is_needed_travels(words, most):
    assert len(gate.gate_text(*words).encode()) <= most
