"""reload-module: what is loaded of ocfs2 goes, unless it is used, and what is installed comes."""

from pathlib import Path

import pytest

from tests.unit.gate.calls import gate
from tests.unit.gate.debian import Debian, needs_debian

KERNEL = Path("/proc/sys/kernel/osrelease").read_text(encoding="utf-8").strip()
# Takes away or makes the directories that a kernel would; modules in $STUCK stay.
MODPROBE = """\
#!/bin/sh
echo "$*" >>/asked
case $1 in
-r) case " $(cat /stuck) " in *" $2 "*) echo "FATAL: Module $2 is in use." >&2; exit 1 ;; esac
    rm -r "/sys/module/$2" ;;
*) mkdir -p "/sys/module/$1"; echo 0 >"/sys/module/$1/refcnt" ;;
esac
"""


@pytest.fixture
def debian(tmp_path: Path) -> Debian:
    host = Debian(tmp_path)
    for path, text in {
        "usr/local/sbin/modprobe": MODPROBE,
        "stuck": "",
        "sys/module/ocfs2/refcnt": "0\n",
        "sys/module/ocfs2_nodemanager/refcnt": "1\n",
        "sys/module/ocfs2_nodemanager/holders/ocfs2": "a link to it\n",
        "sys/module/ocfs2_stackglue/parameters": "built in\n",
    }.items():
        host.put(path, text)
    return host


@needs_debian
def test_all_go_and_the_file_system_comes_back(debian: Debian) -> None:
    done = debian.gate("reload-module", KERNEL)
    assert done == (0, "ok reloaded ocfs2\n", "")
    assert debian.run("cat /asked") == "-r ocfs2\n-r ocfs2_nodemanager\nocfs2\n"


@needs_debian
def test_a_module_in_use_is_named_and_nothing_is_forced(debian: Debian) -> None:
    debian.put("/stuck", "ocfs2_nodemanager\n")
    status, out, err = debian.gate("reload-module", KERNEL)
    assert (status, out) == (70, "")
    assert err == (
        "gate: module-in-use: ocfs2_nodemanager cannot be unloaded, it is used 1 times: "
        "FATAL: Module ocfs2_nodemanager is in use.\n"
    )


@needs_debian
def test_nothing_is_unloaded_while_somebody_else_uses_one_of_them(debian: Debian) -> None:
    debian.put("/sys/module/ocfs2_nodemanager/refcnt", "2\n")
    done = debian.gate("reload-module", KERNEL)
    why = "ocfs2_nodemanager is used 1 times by others than modules of ocfs2"
    assert done == (75, "", f"gate: module-in-use: {why}\n")
    assert debian.run("ls /").count("asked") == 0


@needs_debian
def test_nothing_is_unloaded_under_a_cluster(debian: Debian) -> None:
    (debian.here / "up/sys/kernel/config/cluster/ocfs2").mkdir(parents=True)
    done = debian.gate("reload-module", KERNEL)
    assert done == (75, "", "gate: module-in-use: cluster ocfs2 is online\n")
    assert debian.run("ls /").count("asked") == 0


@needs_debian
def test_nothing_is_unloaded_under_a_mount(debian: Debian) -> None:
    seen = 'case $1 in -l) echo /proc/7/mountinfo ;; *) exec /bin/grep "$@" ;; esac'
    debian.put("/usr/local/sbin/grep", f"#!/bin/sh\n{seen}\n")
    done = debian.gate("reload-module", KERNEL)
    why = "ocfs2 is mounted, see /proc/7/mountinfo"
    assert done == (75, "", f"gate: module-in-use: {why}\n")
    assert debian.run("ls /").count("asked") == 0


@needs_debian
def test_another_kernel_than_the_plan_saw(debian: Debian) -> None:
    done = debian.gate("reload-module", "1.2.3")
    assert done == (75, "", f"gate: changed-since: {KERNEL} runs, not 1.2.3\n")


@pytest.mark.parametrize("words", [(), ("../x",), ("a", "b")])
def test_called_wrongly(words: tuple[str, ...]) -> None:
    status, out, err = gate("reload-module", *words)
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")
