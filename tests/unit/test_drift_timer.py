"""The example of a timer: one unit looks, another tells each change once, in words for people."""

import configparser
import json
import os
import shutil
import subprocess
from email import message_from_string
from pathlib import Path

import pytest

from reconciler.model.outcome import Blocked
from reconciler.planning.review.drift import Drift, Item
from reconciler.reports.drift import drift_lines

SYSTEMD = Path(__file__).parents[2] / "examples/systemd"
UNITS = ("reconcile-drift.service", "reconcile-drift-tell.service", "reconcile-drift.timer")
FAKES = {
    "reconcile": 'cat "$WORLD/says"; cat "$WORLD/errs" >&2; exit $(cat "$WORLD/code")',
    "sendmail": 'cat >"$WORLD/mail.$$"; echo "$*" >>"$WORLD/calls"; exit ${MAIL_CODE:-0}',
    "curl": """
        while [ $# -gt 0 ]; do
            case $1 in --data-binary) cp "${2#@}" "$WORLD/posted" ;; http*) exit 9 ;; esac
            case $1 in -H) echo "$2" >"$WORLD/header" ;; esac
            shift
        done
        cat >"$WORLD/config"; exit ${POST_CODE:-0}""",
}


class Machine:
    """A controller: what its programs say, and what was told from it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "state").mkdir()
        for name, text in FAKES.items():
            (home / name).write_text(f"#!/bin/sh\n{text}\n")
            (home / name).chmod(0o755)

    def run(self, *words: str, **more: str) -> int:
        env = {
            "PATH": f"{self.home}:{os.environ['PATH']}",
            "STATE_DIRECTORY": str(self.home / "state"),
            "WORLD": str(self.home),
            **more,
        }
        command = [SYSTEMD / "reconcile-drift", *words]
        return subprocess.run(command, env=env, capture_output=True, check=False).returncode

    def look(self, code: int, text: str, errors: str = "") -> int:
        for name, said in (("says", text), ("errs", errors), ("code", str(code))):
            (self.home / name).write_text(said)
        return self.run("/etc/c.yaml")

    def tell(self, **more: str) -> list[str]:
        """The subjects of the mails that it took to tell."""
        assert self.run("--tell", **{"MAILTO": "ops@example.com", **more}) == 0
        return [mail["Subject"].removeprefix("reconcile: ") for mail in self.mails()]

    def mails(self):
        found = sorted(self.home.glob("mail.*"))
        texts = [path.read_text() for path in found]
        for path in found:
            path.unlink()
        return [message_from_string(text) for text in texts]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def report(*drifts):
    """As reconcile drift prints it."""
    return "".join(f"{text}\n" for _style, text in drift_lines(drifts))


def item(actual="b", kind="changed-outside"):
    return Item("member/node01/x", "node01", "file", kind, "a", actual, "it matters")


def drift(name, *items, unread=()):
    return Drift(name, items, unread, (), ())


def unread(message):
    return Blocked("host-unreachable", "member/node02", message, "see")


FINE = report(drift("alpha"), drift("beta"))
ONE = report(drift("alpha"), drift("beta", item()))
OTHER = report(drift("alpha", item("c", "not-applied")), drift("beta", item()))


def partial(message):
    return report(drift("alpha", unread=(unread(message),)), drift("beta"))


def test_each_change_is_told_once_with_the_cluster_in_its_subject(machine):
    assert (machine.look(0, FINE), machine.tell()) == (0, [])
    assert (machine.look(2, ONE), machine.tell()) == (2, ["drift of beta (/etc/c.yaml)"])
    assert (machine.look(2, ONE), machine.tell()) == (2, [])
    assert (machine.look(2, OTHER), machine.tell()) == (
        2,
        ["drift of alpha, beta (/etc/c.yaml)"],
    )
    told = ["no drift of alpha, beta any more (/etc/c.yaml)"]
    assert (machine.look(0, FINE), machine.tell()) == (0, told)
    assert (machine.look(0, FINE), machine.tell()) == (0, [])


def test_a_lasting_failure_is_told_once_and_its_end(machine):
    assert (machine.look(2, ONE), len(machine.tell())) == (2, 1)
    told = ["not all was read of alpha (/etc/c.yaml)"]
    assert (machine.look(3, partial("no answer within 10.1 s")), machine.tell()) == (3, told)
    assert (machine.look(3, partial("no answer within 9.9 s")), machine.tell()) == (3, [])
    told = ["read again: drift of beta (/etc/c.yaml)"]
    assert (machine.look(2, ONE), machine.tell()) == (2, told)
    assert (machine.look(2, ONE), machine.tell()) == (2, [])


@pytest.mark.parametrize("code", [1, 64, 4, 141])
def test_one_that_failed_is_told_with_what_it_said(machine, code):
    assert machine.look(code, "", "error: no file\n") == code
    assert machine.run("--tell", MAILTO="ops@example.com") == 0
    (mail,) = machine.mails()
    words = f"reconcile: looking for drift failed, exit {code} (/etc/c.yaml)"
    assert (mail["Subject"], mail.get_payload()) == (words, "error: no file\n")
    assert (machine.look(code, "", "error: no file, still\n"), machine.tell()) == (code, [])


def test_who_is_not_read_any_more_beside_the_drift_is_news_but_not_why(machine):
    def seen(*lost):
        return report(drift("alpha", item(), unread=lost))

    assert (machine.look(2, seen()), len(machine.tell())) == (2, 1)
    assert (machine.look(2, seen(unread("10.1 s"))), len(machine.tell())) == (2, 1)
    assert (machine.look(2, seen(unread("9.9 s"))), machine.tell()) == (2, [])


def test_a_look_that_did_not_end_is_not_the_one_before(machine):
    assert (machine.look(2, ONE), len(machine.tell())) == (2, 1)
    (machine.home / "reconcile").write_text("#!/bin/sh\nkill -KILL $PPID\n")
    assert machine.run("/etc/c.yaml") == -9
    assert machine.tell() == ["looking for drift did not end (/etc/c.yaml)"]
    assert machine.tell() == []


def test_the_mail_is_plain_text_for_one_who_reads_it_anywhere(machine):
    machine.look(2, ONE.replace("it matters", "größer"))
    machine.run("--tell", MAILTO="ops@example.com, b@example.com")
    (mail,) = machine.mails()
    assert {
        "To": "ops@example.com, b@example.com",
        "Auto-Submitted": "auto-generated",
        "Content-Type": "text/plain; charset=utf-8",
    }.items() <= dict(mail.items()).items()
    assert "größer" in mail.get_payload()
    assert (machine.home / "calls").read_text() == "-t -oi\n"


def test_what_one_way_could_not_hand_over_is_told_by_it_the_next_time(machine):
    machine.look(2, ONE)
    both = {"MAILTO": "ops@example.com", "POST_URL": "https://chat/x"}
    assert machine.run("--tell", **both, POST_CODE="22") == 1
    assert len(machine.mails()) == 1
    (machine.home / "posted").unlink()
    assert machine.run("--tell", **both) == 0
    assert (machine.mails(), (machine.home / "posted").exists()) == ([], True)
    machine.look(2, OTHER)
    assert machine.run("--tell", **both, MAIL_CODE="75") == 1
    machine.mails()
    assert len(machine.tell()) == 1


ODD = 'a "quoted" \\ word\tand \x1b[31m red, größer, $(id) `id` %s\\n'


def test_a_chat_gets_json_that_is_json_whatever_a_host_says(machine):
    machine.look(2, ONE.replace("it matters", ODD))
    machine.run("--tell", POST_URL="https://chat/secret")
    posted = json.loads((machine.home / "posted").read_text())
    assert posted.keys() == {"text"}
    assert posted["text"].startswith("drift of beta (/etc/c.yaml)\n\nDrift of cluster alpha\n")
    assert ODD.replace("\x1b", "") in posted["text"]
    assert (machine.home / "header").read_text() == "Content-Type: application/json\n"
    assert (machine.home / "config").read_text() == 'url = "https://chat/secret"\n'


def test_markdown_is_by_choice_and_no_word_of_a_host_ends_it(machine):
    machine.look(2, ONE.replace("it matters", "```"))
    machine.run("--tell", POST_URL="https://chat/x", POST_AS="markdown")
    lines = (machine.home / "posted").read_text().splitlines()
    assert lines[:2] == ["**drift of beta (/etc/c.yaml)**", ""]
    assert all(line.startswith("    ") for line in lines[2:])
    assert (machine.home / "header").read_text() == "Content-Type: text/markdown\n"


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_what_is_too_long_for_a_chat_is_shortened_and_says_so(machine, form):
    machine.look(2, ONE + "größer\n" * 9000)
    machine.run("--tell", POST_URL="https://chat/x", POST_AS=form)
    text = (machine.home / "posted").read_bytes().decode()
    text = json.loads(text)["text"] if form == "json" else text
    assert (len(text) < 13000, text.endswith("...the rest: reconcile drift /etc/c.yaml\n")) == (
        True,
        True,
    )


def test_another_form_is_an_error_and_nothing_is_forgotten(machine):
    machine.look(2, ONE)
    assert machine.run("--tell", POST_URL="https://chat/x", POST_AS="xml") == 1
    assert machine.run("--tell", POST_URL="https://chat/x") == 0
    assert (machine.home / "posted").exists()


def test_a_hand_over_that_hangs_ends(machine):
    """As postdrop does where it may not gain its group; the limit is that of the script."""
    (machine.home / "timeout").write_text(
        '#!/bin/sh\n[ "$1 $2 $3" = "-k 5 60" ] || exit 3\nshift 3\nexec /usr/bin/timeout 0.1 "$@"\n'
    )
    (machine.home / "timeout").chmod(0o755)
    (machine.home / "sendmail").write_text("#!/bin/sh\nexec sleep 600\n")
    (machine.home / "curl").write_text("#!/bin/sh\nexec sleep 600\n")
    machine.look(2, ONE)
    assert machine.run("--tell", MAILTO="ops@example.com", POST_URL="https://chat/x") == 1


def test_without_a_way_or_a_look_nothing_is_told(machine):
    assert machine.run("--tell") == 0
    machine.look(2, ONE)
    assert machine.run("--tell") == 0
    assert machine.tell() == ["drift of beta (/etc/c.yaml)"]


@pytest.mark.parametrize("words", [(), ("",), ("--told",), ("a", "b"), ("--tell", "x")])
def test_other_words_are_an_error(machine, words):
    assert machine.run(*words) == 64


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck")
def test_shellcheck_finds_nothing():
    words = ["shellcheck", "-s", "dash", SYSTEMD / "reconcile-drift"]
    assert subprocess.run(words, capture_output=True, text=True, check=False).stdout == ""


def unit(name):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string((SYSTEMD / name).read_text())
    return parser


# What implies NoNewPrivileges= for a unit with User= (systemd.exec(5), NoNewPrivileges=).
IMPLY = {
    *(
        "SystemCallFilter",
        "SystemCallArchitectures",
        "SystemCallLog",
        "RestrictAddressFamilies",
    ),
    *("RestrictNamespaces", "PrivateDevices", "ProtectKernelTunables", "ProtectKernelModules"),
    *("ProtectKernelLogs", "ProtectClock", "MemoryDenyWriteExecute", "RestrictRealtime"),
    *("RestrictSUIDSGID", "DynamicUser", "LockPersonality", "ProtectHostname"),
    *("RestrictFileSystems", "PrivateUsers", "NoNewPrivileges"),
}


def test_who_looks_gains_no_right_and_who_tells_may_become_the_mail_server_s_helper():
    looks, tells = unit(UNITS[0])["Service"], unit(UNITS[1])["Service"]
    assert (looks["NoNewPrivileges"], looks["ProtectSystem"]) == ("true", "strict")
    assert "EnvironmentFile" not in looks
    assert not IMPLY & set(tells)
    assert tells["ProtectSystem"] == "full"
    assert {name: looks[name] for name in ("User", "StateDirectory")} == {
        name: tells[name] for name in ("User", "StateDirectory")
    }


def test_telling_follows_each_look_however_it_ends():
    looks, tells = unit(UNITS[0])["Unit"], unit(UNITS[1])["Unit"]
    assert UNITS[1] in looks["Wants"].split()
    assert UNITS[0] in tells["After"].split()
    assert not {"Requires", "Requisite", "BindsTo"} & {*looks, *tells}


def test_all_is_bounded_in_time():
    assert all("TimeoutStartSec" in unit(name)["Service"] for name in UNITS[:2])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_systemd_takes_the_units(tmp_path):
    for name in UNITS:
        text = (SYSTEMD / name).read_text()
        (tmp_path / name).write_text(
            text.replace("/usr/local/bin/reconcile-drift", "/bin/true")
        )
    words = ["systemd-analyze", "verify", *(tmp_path / name for name in UNITS)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "reconcile-drift" in line]
    assert ours == []
    assert sorted(path.name for path in SYSTEMD.glob("reconcile-drift*")) == sorted(
        ("reconcile-drift", *UNITS)
    )
