"""The probe's answer: each of its sections, and the whole with its frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import get_type_hints

from pydantic import TypeAdapter

from reconciler.errors import HostUnreachable
from reconciler.hosts.observer import told_by
from reconciler.model.observed import HostFacts, Unknown, Unreachable
from reconciler.model.plan import Command, Completed
from reconciler.probe.sections import NAMES, read, split
from reconciler.reports import documents
from reconciler.resources import SECTIONS
from reconciler.resources.health.log import trouble
from tests.fuzz.changes import change_text
from tests.fuzz.target import Target, check_same, check_words

RECORDED = Path(__file__).parents[1] / "probes"
LONGEST_REASON = 300
HEAD, END = "@@reconcile-probe\t1\n", "@@done\n"
# The kinds of rows that real answers of the corpus do not have; every kind is a seed.
MORE: dict[str, tuple[str, ...]] = {
    "automounts": ("unit\tsrv.automount\t/srv", "autofs\t/etc/auto.master\t/- /etc/auto.x"),
    "interconnect": ("connect\t10.0.0.11:7777\topen", "connect\t10.0.0.12:7777\trefused"),
    "logical_volumes": (
        "lv\tvg/one\t1073741824\t0\t4194304\tvg/pool",
        "pool\tvg/pool\t12.50\t1.0",
        "missing\tvg/two\tnot there",
    ),
    "guests": ("guest\t/srv\tweb1\tyes", "guest\t/srv\tweb2\tno"),
    "leases": (
        "lease\t-\tr1\t{\"user\": \"u\"}\t3\t0\t2\tmount\tbefore\tno",
        "with\t-\tnode02",
    ),
    "pauses": ("paused\tocfs2\twork\tu@h\t1795354477\t-",),
    "log": ("log\t[12.5] o2net: Connection to node02 has been idle for 30 s",),
    "mounts": (
        "mount\t/srv\\040a\t/dev/sdb\t8:16\trw,_netdev\t1",
        "other\t/srv\text4\t/dev/sdc",
        "size\t/srv\\040a\t1073741824\t5",
    ),
    "processes": ("proc\t77\tqemu\t/srv/a\tx.service\t-",),
    "ordering": ("order\to2cb.service\tafter\tx", "order\to2cb.service\tAfter=x.target"),
    "services": (
        "unit\to2cb.service\tloaded\tactive\texited\tenabled", "boot\to2cb.service\t5\tx",
        "unit\ta.service\tloaded\tinactive\tdead\tenabled", "boot\ta.service\t5\tx",
        "since\ta.service\tmissed",
    ),
    "space": ("space\t/etc\t100\t-",),
    "records": ("path\t/var/lib/reconcile/ocfs2/members.json", "state\tpresent", "mode\t600",
                "written\t1795354477", "owner\t0", "|{}", "nonl"),
    "cluster_conf": ("path\t/etc/ocfs2/cluster.conf", "state\tabsent"),
    "kernel": ("build\t6.1.0\t-\tocfs2.ko", "panic\t-1"),
    "packages": ("installed\tx\t1795354477\tf", "held\tx", "broken\tx"),
    "disks": ("link\t/dev/disk/by-id/x\tsda", "state\tsda\toffline"),
    "wanted": (
        "want\tpath=/dev/x\tsdb\tyes", "node\tpath=/dev/x\tsdb\t8:16\t1073741824",
        "sig\tpath=/dev/x\tTYPE\tocfs2", "wipefs\tpath=/dev/x\tgpt", "zeros\tpath=/dev/x\tyes",
        "sb\tpath=/dev/x\tuuid\t11111111222233334444555555555555",
        "sb\tpath=/dev/x\tlabel\timages", "sb\tpath=/dev/x\tslots\t8",
        "sb\tpath=/dev/x\tblock_size\t4096", "sb\tpath=/dev/x\tcluster_size\t4096",
        "sb\tpath=/dev/x\tclusters\t262144", "slotmap\tpath=/dev/x\tok", "slot\tpath=/dev/x\t0\t1",
        "hb\tpath=/dev/x\tok",
        "beat\tpath=/dev/x\t1\t" + "01000000000000000100000000000000aabbccddeeff0011" + "60ea000000000000",
        "unread\tpath=/dev/x\tno answer in 20 s",
    ),
}  # fmt: skip
DOORS = {
    "identity": "packages.parsing:pairs", "kernel": "packages.parsing:pairs",
    "packages": "packages.parsing:group_rows", "addresses": "membership.parsing:ipv4",
    "cluster_conf": "", "o2cb_config": "", "live": "membership.parsing:_cluster",
    "services": "o2cb.parsing:choice", "ordering": "ordering.parsing:group_rows",
    "mounts": "mounts.parsing:device", "disks": "volumes.parsing:choice",
    "wanted": "volumes.parsing:_superblock", "fstab": "", "processes": "mounts.parsing:number",
    "space": "packages.parsing:number", "records": "", "leases": "records.parsing:choice",
    "pauses": "records.parsing:maybe_number", "log": "records.parsing:group_rows",
    "automounts": "mounts.parsing:group_rows", "interconnect": "membership.parsing:_target",
    "logical_volumes": "growth.parsing:percent", "guests": "workloads.parsing:_name",
}  # fmt: skip


def parse_section(name: str, data: bytes) -> None:
    """The answer of a host whose section ``name`` says this."""
    body = data.decode("utf-8", "replace")
    text = f"{HEAD}@@begin\t{name}\n{body}\n@@end\t{name}\t0\n{END}"
    check_section(name, read(split(text)[name], SECTIONS[name]))


def check_section(name: str, value: object) -> None:
    """It is a value that can be written and read again, or unknown for a reason."""
    if isinstance(value, Unknown):
        check_words(value.reason, LONGEST_REASON)
        return
    text = json.dumps(_written(value))
    check_same(name, value, _adapters()[name].validate_python(json.loads(text)))
    if name == "log" and isinstance(value, tuple):
        trouble(value)


def _written(value: object) -> object:
    written: Callable[[object], object] = getattr(
        documents._section, "__wrapped__", documents._section
    )
    return written(value)


@cache
def _adapters() -> dict[str, TypeAdapter[object]]:
    """By section what reads it in recorded facts."""
    return {name: TypeAdapter(hint) for name, hint in get_type_hints(HostFacts).items()}


def parse_answer(data: bytes) -> None:
    """All that a host wrote."""
    text = data.decode("utf-8", "replace")
    command = Command(("sh", "-c", "probe", "probe", "--want", "path=/dev/x"), timeout=60.0)
    facts = told_by("node01", command, Completed(0, text, ""), SECTIONS)
    if isinstance(facts, Unreachable):
        check_words(facts.message, LONGEST_REASON)
        return
    for name in NAMES:
        check_section(name, getattr(facts, name))


@cache
def answers() -> tuple[str, ...]:
    """What real hosts answered."""
    return tuple(file.read_bytes().decode() for file in sorted(RECORDED.glob("*/*.txt")))


def section_seeds(name: str) -> tuple[bytes, ...]:
    """The section of real hosts, and one with every kind of row; without the files' hashes."""
    found = [body for text in answers() for body in _bodies(text, name)]
    more = "\n".join([*found[:1], *MORE.get(name, ())])
    return tuple(dict.fromkeys(body.encode() for body in (*found, more)))


def _bodies(text: str, name: str) -> Iterator[str]:
    _, begin, rest = text.partition(f"@@begin\t{name}\n")
    body, end, _ = rest.partition(f"@@end\t{name}\t")
    if begin and end:
        lines = [line for line in body.splitlines() if not line.startswith("sha256\t")]
        yield "\n".join(lines)


def answer_seeds() -> tuple[bytes, ...]:
    """Small answers: each section once, and what an installed probe says first."""
    sections = "".join(
        f"@@begin\t{name}\n{seed.decode()[:300]}\n@@end\t{name}\t0\n"
        for name in NAMES
        for seed in section_seeds(name)[-1:]
    )
    said = '@@reconcile-installed\tabc\n@@asked\twant\t"path=/dev/x"\n@@asked\tblank\t"x"\n'
    failed = "@@begin\tlive\n@@fail\tit broke\n@@end\tlive\t1\n"
    return tuple(
        text.encode()
        for text in (
            f"{HEAD}{sections}{END}",
            f"{said}{HEAD}{failed}{END}",
            f"motd\n{HEAD}{failed}",
        )
    )


def words_of(name: str) -> tuple[str, ...]:
    """The words of its rows, and those of the frame."""
    lines = [line for seed in section_seeds(name) for line in seed.decode().splitlines()]
    rows = {word for line in lines for word in line.split("\t") if len(word) < 40}
    return (*sorted(rows)[:120], "@@fail\t", "@@end\t", "@@begin\t", "|", "nonl", "\t")


def _target(name: str) -> Target:
    door = DOORS[name]
    return Target(
        f"probe-{name.replace('_', '-')}",
        partial(parse_section, name),
        partial(section_seeds, name),
        change_text,
        f"reconciler.resources.{door}" if door else "reconciler.probe.sections:_text_file",
        words=words_of(name),
    )


def frame_words() -> Sequence[str]:
    """What frames an answer."""
    return ("@@begin\t", "@@end\t", "@@fail\t", "@@done\n", HEAD, "@@asked\t", *NAMES)


TARGETS = (
    *map(_target, NAMES),
    Target(
        "probe-answer",
        parse_answer,
        answer_seeds,
        change_text,
        "reconciler.probe.sections:_blocks",
        answers=(HostUnreachable,),
        words=tuple(frame_words()),
        longest=16384,
    ),
)
