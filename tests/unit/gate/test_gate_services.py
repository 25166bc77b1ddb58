"""The few commands of ``do``, with a systemctl of the tests' own."""

from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, Answer, gate, needs_root, within

# It knows one mask: a link that its unit file in /etc outdoes unless it is in system.control.
SYSTEMCTL = """\
#!/bin/sh
echo "$*" >>{here}/called
case "$*" in
show*) if [ -L {here}/etc ] && [ ! -L /run/systemd/system.control/a.service ]; then
    echo LoadState=loaded
else
    echo LoadState=masked
fi ;;
esac
exit {status}
"""
LINK = "/run/systemd/system.control/a.service"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    put(tmp_path)
    return tmp_path


def put(tools: Path, status: int = 0) -> None:
    (tools / "sync").write_text(f'#!/bin/sh\necho "$*" >>{tools}/synced\n')
    (tools / "sync").chmod(0o755)
    for name in ("systemctl", "modprobe", "o2cb"):
        (tools / name).write_text(SYSTEMCTL.format(here=tools, status=status))
        (tools / name).chmod(0o755)


def do(
    tools: Path, *words: str, before: str = "true", shell: tuple[str, ...] = ("dash",)
) -> Answer:
    script = (
        "mount -t tmpfs tmpfs /var/lib && mkdir -p /run/systemd && "
        "mount -t tmpfs tmpfs /run/systemd && "
        f"mount --bind {tools} /usr/local/sbin && {before}"
    )
    return gate("do", *words, prefix=within(script, shell))


def called(tools: Path) -> list[str]:
    return (tools / "called").read_text().splitlines()


@needs_root
@pytest.mark.parametrize(
    "words",
    [
        "modprobe ocfs2",
        "o2cb register-cluster ocfs2",
        "systemctl daemon-reload",
        "systemctl restart o2cb.service",
        "systemctl stop o2cb.service",
        *(
            f"systemctl {verb} {units}"
            for verb in ("enable", "disable")
            for units in ("o2cb.service", "ocfs2.service", "o2cb.service ocfs2.service")
        ),
        *(
            f"systemctl {verb} {unit}"
            for verb in ("start", "stop", "enable", "disable")
            for unit in ("libvirtd.service", "a-b@c:d_1.socket", "x.timer", "m\\x2d1.mount")
        ),
    ],
)
def test_a_command_runs_as_it_is_and_its_status_counts(tools: Path, words: str) -> None:
    put(tools, status=5)
    assert do(tools, *words.split())[0] == 5
    assert called(tools) == [words.partition(" ")[2]]
    durable = "able " in words  # what shall hold at boot is on disk before it is said to
    assert ("-f /etc" in (tools / "synced").read_text().splitlines()) == durable


@needs_root
@pytest.mark.parametrize(
    "words",
    [
        "systemctl restart ssh.service",
        "systemctl start o2cb.service",
        "systemctl stop ocfs2.service",
        "systemctl stop o2cb.service ocfs2.service",
        "systemctl disable ocfs2.service o2cb.service",
        "systemctl stop o2cb.socket",
        "systemctl stop libvirtd",
        "systemctl stop .service",
        "systemctl stop a@.service",
        "systemctl stop -.mount",
        "systemctl stop --now.service",
        "systemctl stop a.service b.service",
        "systemctl stop a.scope",
        "systemctl stop a/b.service",
        "systemctl stop $x.service",
        "systemctl stop *.service",
        "systemctl mask a.service",
        "systemctl mask --runtime o2cb.service",
        "systemctl mask --runtime a.service b.service",
        "systemctl unmask a.service",
        "systemctl poweroff",
        "systemctl daemon-reexec",
        "systemctl daemon-reload a.service",
        "systemctl stop " + "a" * 248 + ".service",
        "modprobe ocfs2 x",
        "o2cb register-cluster a b",
        "rm -rf /",
        "",
    ],
)
def test_no_other_command_runs(tools: Path, words: str) -> None:
    status, out, err = do(tools, *words.split())
    assert (status, out, err[:18]) == (64, "", "gate: usage: not a")
    assert not (tools / "called").exists()


@needs_root
def test_a_word_is_one_word(tools: Path) -> None:
    for words in (("systemctl", "stop", "a b.service"), ("o2cb", "register-cluster", "a b")):
        assert do(tools, *words)[0] == 64
    assert not (tools / "called").exists()


@needs_root
def test_a_mask_that_holds_needs_nothing_more(tools: Path) -> None:
    assert do(tools, "systemctl", "mask", "--runtime", "a.service") == (0, "", "")
    assert called(tools) == ["mask --runtime a.service", "show -p LoadState a.service"]


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_mask_outdone_by_a_file_in_etc_is_put_before_it(
    tools: Path, shell: tuple[str, ...]
) -> None:
    (tools / "etc").symlink_to("a.service")
    words = ("systemctl", "mask", "--runtime", "a.service")
    assert do(tools, *words, shell=shell) == (0, "", "")
    show = "show -p LoadState a.service"
    assert called(tools) == ["mask --runtime a.service", show, "daemon-reload", show]


@needs_root
def test_a_mask_that_does_not_hold_is_not_believed(tools: Path) -> None:
    (tools / "systemctl").write_text("#!/bin/sh\necho LoadState=loaded\n")
    status, _, err = do(tools, "systemctl", "mask", "--runtime", "a.service")
    assert (status, err) == (70, "gate: mask-failed: a.service can still be started\n")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_unmask_takes_away_our_own_link_only(tools: Path, shell: tuple[str, ...]) -> None:
    words = ("systemctl", "unmask", "--runtime", "a.service")
    link = f"mkdir {Path(LINK).parent} && ln -s {{}} {LINK}"
    assert do(tools, *words, before=link.format("/dev/null"), shell=shell)[0] == 0
    assert called(tools) == ["daemon-reload", "unmask --runtime a.service"]
    (tools / "called").unlink()
    assert do(tools, *words, before=link.format("/srv/a.service"), shell=shell)[0] == 0
    assert called(tools) == ["unmask --runtime a.service"]
