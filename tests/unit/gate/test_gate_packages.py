"""install-packages: real apt and dpkg, on a layer over this machine."""

import shlex
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, gate, wait_for
from tests.unit.gate.debian import Debian, needs_debian

# Holds dpkg's lock for a while, as dpkg does; what follows begins when it has it.
HOLDER = """\
mkfifo /held
perl -MFcntl -e 'open(F, ">>/var/lib/dpkg/lock-frontend");
$lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
fcntl(F, F_SETLK, $lock) or die; open(H, ">/held"); close(H); sleep 12' >/dev/null 2>&1 &
cat /held"""


@pytest.fixture
def debian(tmp_path: Path) -> Debian:
    made = Debian(tmp_path)
    made.forget()
    return made


@needs_debian
@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_missing_is_installed_with_what_it_needs(
    debian: Debian, shell: tuple[str, ...]
) -> None:
    debian.offer("lab-tools", depends="lab-base")
    debian.offer("lab-base")
    done = debian.gate("install-packages", "dpkg", "lab-tools", "?lab-none", shell=shell)
    assert done == (0, "ok installed lab-tools ?lab-none\n", "")
    both = {"lab-tools": "installed 1.0", "lab-base": "installed 1.0"}
    assert debian.versions("lab-tools", "lab-base") == both
    again = debian.gate(
        "install-packages", "dpkg", "lab-tools", before="rm /repository/*.deb", shell=shell
    )
    assert again == (0, "ok installed lab-tools\n", "")


@needs_debian
def test_a_version_is_installed_also_an_older_one(debian: Debian) -> None:
    debian.offer("lab-tools", "1.0")
    debian.offer("lab-tools", "2.0")
    assert debian.gate("install-packages", "dpkg", "lab-tools=1.0")[0] == 0
    assert debian.versions("lab-tools") == {"lab-tools": "installed 1.0"}
    assert debian.gate("install-packages", "dpkg", "lab-tools")[0] == 0
    assert debian.versions("lab-tools") == {"lab-tools": "installed 1.0"}
    assert debian.gate("install-packages", "dpkg", "lab-tools=2.0")[0] == 0
    assert debian.versions("lab-tools") == {"lab-tools": "installed 2.0"}
    assert debian.gate("install-packages", "dpkg", "lab-tools=1.0")[0] == 0
    assert debian.versions("lab-tools") == {"lab-tools": "installed 1.0"}
    status, _, err = debian.gate("install-packages", "dpkg", "lab-tools=3.0")
    assert (status, err) == (75, "gate: package-missing: no repository has lab-tools=3.0\n")


@needs_debian
def test_what_is_fetched_is_there_and_nothing_is_installed(debian: Debian) -> None:
    debian.offer("lab-tools", "1.0")
    debian.offer("lab-tools", "2.0", depends="lab-base")
    debian.offer("lab-base")
    words = ("install-packages", "dpkg", "lab-tools=2.0")
    assert debian.gate("fetch", *words) == (0, "ok fetched lab-tools=2.0\n", "")
    assert "installed 2.0" not in debian.versions("lab-tools", "lab-base").values()
    assert debian.gate(*words) == (0, "ok installed lab-tools=2.0\n", "")
    assert debian.gate("fetch", *words) == (0, "ok installed lab-tools=2.0\n", "")
    status, _, err = debian.gate("fetch", "install-packages", "dpkg", "lab-tools=3.0")
    assert (status, err) == (75, "gate: package-missing: no repository has lab-tools=3.0\n")


@pytest.mark.parametrize(
    "words", [(), ("reload-module", "1"), ("install-packages", "apt", "a")]
)
def test_nothing_else_is_fetched(words: tuple[str, ...]) -> None:
    status, out, err = gate("fetch", *words)
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")


@needs_debian
def test_what_is_only_useful_and_cannot_be_installed_is_left_out(debian: Debian) -> None:
    debian.offer("lab-tools")
    debian.offer("lab-more", depends="lab-never")
    done = debian.gate("install-packages", "dpkg", "lab-tools", "?lab-more")
    assert done == (0, "ok installed lab-tools ?lab-more\n", "")
    assert debian.versions("lab-tools")["lab-tools"] == "installed 1.0"


SYSTEMCTL = """\
#!/bin/sh
case "$*" in
show*) cat /state ;;
*unmask*) rm /masked ;;
*mask*) touch /masked ;;
start*) [ -e /masked ] || echo "$*" >>/started ;;
esac
"""


@needs_debian
@pytest.mark.parametrize(
    ("state", "started"),
    [
        ("LoadState=not-found\nActiveState=inactive", ""),
        ("LoadState=loaded\nActiveState=inactive", ""),
        ("LoadState=loaded\nActiveState=active", "start o2cb\n"),
    ],
)
def test_what_is_stopped_stays_so(debian: Debian, state: str, started: str) -> None:
    debian.offer("lab-tools", "1.0")
    debian.offer("lab-tools", "2.0", postinst="systemctl start o2cb")
    debian.put("/usr/bin/systemctl", SYSTEMCTL)
    debian.put("/state", state)
    for version in ("1.0", "2.0"):
        assert debian.gate("install-packages", "dpkg", f"lab-tools={version}")[0] == 0
    assert debian.run("touch /started; cat /started; ls /masked 2>/dev/null || true") == started


@needs_debian
def test_settings_are_what_they_were(debian: Debian) -> None:
    debian.offer("lab-tools", postinst="echo O2CB_ENABLED=false >/etc/default/o2cb")
    debian.run("rm -f /etc/default/o2cb*")  # this machine may have some of its own
    assert debian.gate("install-packages", "dpkg", "lab-tools")[0] == 0
    assert debian.run("ls /etc/default/o2cb*") == "/etc/default/o2cb.before\n"


@needs_debian
def test_settings_that_an_older_package_left_are_given_back(debian: Debian) -> None:
    debian.offer("lab-tools", postinst="echo O2CB_ENABLED=false >/etc/default/o2cb")
    before = "echo mine >/etc/default/o2cb"
    assert debian.gate("install-packages", "dpkg", "lab-tools", before=before)[0] == 0
    assert debian.run("cat /etc/default/o2cb") == "mine\n"


def refused(debian: Debian, before: str = "true", *words: str) -> str:
    """Why it is refused; nothing is installed then, and dpkg has nothing unfinished of it."""
    status, out, err = debian.gate(
        "install-packages", "dpkg", *(words or ("lab-tools",)), before=before
    )
    assert (status, out) == (75, "")
    return err


@needs_debian
def test_a_hold_is_respected_installed_or_not(debian: Debian) -> None:
    debian.offer("lab-tools")
    hold = "apt-get -q update >/dev/null && apt-mark hold lab-tools >/dev/null"
    assert refused(debian, hold) == "gate: package-held: lab-tools is on hold\n"
    assert "installed 1.0" not in debian.versions("lab-tools").values()


@needs_debian
def test_what_a_pin_forbids_is_not_offered(debian: Debian) -> None:
    debian.offer("lab-tools")
    pin = "printf 'Package: lab-tools\\nPin: release *\\nPin-Priority: -1\\n' >/etc/apt/preferences.d/no"
    assert refused(debian, pin) == "gate: package-missing: no repository has lab-tools\n"


@needs_debian
@pytest.mark.parametrize(
    ("pin", "priority", "version"),
    [("1.0", 1001, "1.0"), ("2.0", -1, "1.0"), ("*", 1001, "2.0")],
)
def test_a_pin_is_respected_also_by_who_asks_for_a_version(
    debian: Debian, pin: str, priority: int, version: str
) -> None:
    for one in ("1.0", "2.0"):
        debian.offer("lab-tools", one)
    assert debian.gate("install-packages", "dpkg", "lab-tools=1.0")[0] == 0
    words = f"Package: lab-tools\\nPin: version {pin}\\nPin-Priority: {priority}\\n"
    write = f"printf '{words}' >/etc/apt/preferences.d/lab"
    status, _, err = debian.gate("install-packages", "dpkg", "lab-tools=2.0", before=write)
    assert debian.versions("lab-tools") == {"lab-tools": f"installed {version}"}
    why = "gate: package-held: lab-tools=2.0 is kept away by the preferences of apt"
    assert (status, err[: len(why)]) == ((0, "") if version == "2.0" else (75, why))


@needs_debian
def test_what_the_host_likes_to_add_or_take_away_stays_as_it_is(debian: Debian) -> None:
    debian.offer("lab-idle")
    debian.offer("lab-also")
    debian.offer("lab-tools", depends="dpkg\nSuggests: lab-also")
    assert debian.gate("install-packages", "dpkg", "lab-idle")[0] == 0
    likes = 'APT::Get::AutomaticRemove \\"true\\"; APT::Install-Suggests \\"true\\";'
    before = f'apt-mark auto lab-idle >/dev/null; echo "{likes}" >/etc/apt/apt.conf.d/99'
    assert debian.gate("install-packages", "dpkg", "lab-tools", before=before)[0] == 0
    there = {"lab-idle": "installed 1.0", "lab-also": "not-installed "}
    assert debian.versions("lab-*") == {**there, "lab-tools": "installed 1.0"}


@needs_debian
@pytest.mark.parametrize("name", ["lab-tool.", "lab-2.0-amd64", "lab-tools+", "lab-tools-"])
def test_a_name_is_no_expression_that_others_match(debian: Debian, name: str) -> None:
    for other in ("lab-tools", "lab-2x0-amd64-dbg"):
        debian.offer(other)
    err = f"gate: package-missing: no repository has {name}\n"
    assert refused(debian, "true", name) == err
    assert debian.versions("lab-*") == {}


@needs_debian
def test_a_broken_repository_is_named(debian: Debian) -> None:
    debian.offer("lab-tools")
    gone = "echo 'deb [trusted=yes] file:/nowhere ./' >/etc/apt/sources.list"
    assert refused(debian, gone).startswith("gate: repository-failed: E: ")


@needs_debian
def test_a_package_that_the_repository_only_lists_is_not_begun(debian: Debian) -> None:
    debian.offer("lab-tools", depends="lab-base")
    debian.offer("lab-base", present=False)
    assert refused(debian).startswith("gate: repository-failed: E: ")
    assert debian.versions("lab-tools", "lab-base") == {}


@needs_debian
def test_what_needs_something_that_nobody_has_is_refused(debian: Debian) -> None:
    debian.offer("lab-tools", depends="lab-never")
    assert refused(debian).startswith("gate: package-conflict: ")


@needs_debian
def test_nothing_is_removed_for_it(debian: Debian) -> None:
    debian.offer("lab-old")
    debian.offer("lab-base")
    debian.offer("lab-tools", depends="lab-base\nConflicts: lab-old")
    assert debian.gate("install-packages", "dpkg", "lab-old")[0] == 0
    assert refused(debian).startswith("gate: package-conflict: ")
    assert debian.versions("lab-old", "lab-tools") == {"lab-old": "installed 1.0"}


@needs_debian
def test_room_is_looked_for_before(debian: Debian) -> None:
    debian.offer("lab-tools", kib=1 << 40)
    assert refused(debian).startswith("gate: no-space: /usr has ")
    assert debian.versions("lab-tools") == {}


@needs_debian
def test_files_are_counted_too(debian: Debian) -> None:
    debian.offer("lab-tools")
    few = "mount -t tmpfs -o nr_inodes=9 tmpfs /var/cache/apt/archives"
    where = "/var/cache/apt/archives has 8 inodes free, installing may need 26"
    assert refused(debian, few) == f"gate: no-space: {where}\n"


@needs_debian
def test_a_full_var_is_seen_before(debian: Debian) -> None:
    debian.offer("lab-tools")
    small = "mount -t tmpfs -o size=64k tmpfs /var/cache/apt/archives"
    assert refused(debian, small).startswith(
        "gate: no-space: /var/cache/apt/archives has 64 KiB"
    )


@needs_debian
def test_a_half_configured_package_is_repaired_by_hand_first(debian: Debian) -> None:
    debian.offer("lab-bad", postinst="[ -e /fine ]")
    debian.offer("lab-tools")
    status, _, err = debian.gate("install-packages", "dpkg", "lab-bad")
    assert status == 70
    assert err.startswith("gate: package-database-broken: lab-bad is half-configured; ")
    assert refused(debian) == "gate: package-database-broken: lab-bad is half-configured; \n"
    assert debian.versions("lab-tools") == {}
    mended = "touch /fine && dpkg --configure -a >/dev/null"
    assert debian.gate("install-packages", "dpkg", "lab-tools", before=mended)[0] == 0


@needs_debian
def test_dpkg_that_was_interrupted_is_repaired_by_hand_first(debian: Debian) -> None:
    debian.offer("lab-tools")
    why = "gate: package-database-broken: dpkg was interrupted\n"
    assert refused(debian, "touch /var/lib/dpkg/updates/0001") == why
    assert debian.versions("lab-tools") == {}


# It says what apt-get says of what comes between two of its calls, in place of one of them.
APT = """\
#!/bin/sh
case " $* " in {when}) printf '%s\\n' {says} >&2; exit 100 ;; esac
exec /usr/bin/apt-get "$@"
"""


@needs_debian
@pytest.mark.parametrize(
    ("when", "says", "code"),
    [
        ("*' -s '* | *' --download-only '*) ;; *' install '*",
         "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)",
         "package-lock-busy"),
        ("*' --download-only '*",
         "E: You don't have enough free space in /var/cache/apt/archives/.", "no-space"),
        ("*' -s '*",
         "E: Held packages were changed and -y was used without --allow-change-held-packages.",
         "package-held"),
    ],
)  # fmt: skip
def test_what_apt_says_is_told_by_its_code(
    debian: Debian, when: str, says: str, code: str
) -> None:
    debian.offer("lab-tools")
    debian.put("/usr/local/sbin/apt-get", APT.format(when=when, says=shlex.quote(says)))
    assert refused(debian) == f"gate: {code}: {says}\n"
    assert debian.versions("lab-tools") == {}


@needs_debian
def test_a_lock_is_waited_for_then_named(
    debian: Debian, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian.offer("lab-tools")
    wait_for(monkeypatch, 2)
    err = refused(debian, HOLDER)
    assert err.startswith(
        "gate: package-lock-busy: /var/lib/dpkg/lock-frontend is held by process "
    )
    assert err.endswith("(perl) after 2 s\n")
    wait_for(monkeypatch, 30)
    assert debian.gate("install-packages", "dpkg", "lab-tools")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("dpkg",),
        ("apt", "a"),
        ("dpkg", "-o"),
        ("dpkg", "a b"),
        ("dpkg", "a;b"),
        ("dpkg", "a="),
        ("dpkg", "a=1=2"),
        ("dpkg", "??a"),
        ("dpkg", "a*"),
        ("dpkg", ""),
    ],
)
def test_called_wrongly(words: tuple[str, ...]) -> None:
    status, out, err = gate("install-packages", *words)
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")
