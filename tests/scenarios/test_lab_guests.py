"""Guests on real kernels: processes that hold a file of the volume open for ever."""

import os
from pathlib import Path

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    cluster,
    commands,
    configfs,
    has_mounted,
    member,
    volume,
)

lab = lab_module("guests", hosts=3)

ALL = ("node01", "node02", "node03")
GUESTS = {
    "kind": "command",
    "list": ["/usr/local/bin/guests", "list"],
    "stop": ["/usr/local/bin/guests", "stop"],
    "start": ["/usr/local/bin/guests", "start", "{guest}"],
    "migrate": ["/usr/local/bin/guests", "migrate", "{guest}", "{target}"],
    "stop_timeout": "1m",
}
# A guest has its disk open and its name on its command line, and asks nobody to start it at
# boot. `stop` only asks; a guest with a file NAME.deaf does not hear it.
GUEST = r"""
exec 3>>/srv/images/$1.img 4<> <(:)
[ -e /root/$1.deaf ] && trap '' TERM
while :; do echo $EPOCHREALTIME >&3; read -rt 0.5 -u 4; done
"""
COMMANDS = r"""
[ "$1" = list ] || exec >/dev/null 2>&1 </dev/null
pid() { pgrep -xf "/bin/bash /usr/local/bin/guest $1"; }
case $1 in
list) pgrep -af "^/bin/bash /usr/local/bin/guest " | sed 's/.* //' ;;
stop) kill -TERM $(pid "$2") ;;
start) pid "$2" || setsid -f /bin/bash /usr/local/bin/guest "$2" ;;
migrate)
    kill -TERM $(pid "$2")
    while pid "$2"; do sleep 0.2; done
    ssh -n "$3" /usr/local/bin/guests start "$2"
    ;;
esac
"""
INSTALL = """\
cat >/usr/local/bin/guest <<'X'
{guest}
X
cat >/usr/local/bin/guests <<'X'
#!/bin/bash
{commands}
X
chmod +x /usr/local/bin/guests
umask 077
mkdir -p /root/.ssh
cat >/root/.ssh/lab <<'X'
{key}
X
cat >/root/.ssh/known_hosts <<'X'
{known}
X
cat >/root/.ssh/config <<'X'
{config}
X
"""


def wanted(*members, guests=GUESTS, **more):
    items = [member(item) if isinstance(item, str) else item for item in members or ALL]
    workloads = {"workloads": {"guests": guests}} if guests else {}
    return cluster(members=items, volumes=[volume(**workloads)], **more)


def install(lab, *hosts):
    """The programs, and a way for root from each host to the others."""
    environment = lab.environment()
    home = Path(environment["LAB_SSH_CONFIG"]).parent
    names = "".join(f"Host {n}\nHostName 10.88.0.{10 + int(n[-2:])}\n" for n in ALL)
    text = INSTALL.format(
        guest=GUEST,
        commands=COMMANDS,
        key=(home / "id").read_text(),
        known=(home / "known_hosts").read_text(),
        config=f"{names}Host *\nIdentityFile /root/.ssh/lab\nBatchMode yes\nLogLevel ERROR",
    )
    for host in hosts:
        done = lab.run(host, text)
        assert done.returncode == 0, done.stderr


def start(lab, host, *names):
    for name in names:
        done = lab.run(host, f"/usr/local/bin/guests start {name}")
        assert done.returncode == 0, done.stderr


def running(lab, *hosts):
    """The guests of each host with their pids."""
    words = r"pgrep -af '^/bin/bash /usr/local/bin/guest ' | sed 's/ .* / /'"
    found = {}
    for host in hosts or ALL:
        lines = lab.run(host, words).stdout.splitlines()
        found[host] = {name: int(pid) for pid, name in map(str.split, lines)}
    return found


def names(lab, *hosts):
    return {host: sorted(found) for host, found in running(lab, *hosts).items()}


PLACES = {"node01": ["vm1", "vm2"], "node02": ["vm3"], "node03": []}


def test_a_window_stops_and_starts_exactly_the_guests_that_ran(lab, operator):
    operator.converge(operator.write(wanted(guests=None)))
    install(lab, *ALL)
    start(lab, "node01", "vm1", "vm2")
    start(lab, "node02", "vm3")
    assert names(lab) == PLACES
    before = running(lab)
    nameless = operator.write(wanted(guests=None, network={"idle_timeout_ms": 25000}))
    assert operator.refusals(nameless) == {("volume-busy", "volume/images")}
    file = operator.write(wanted(network={"idle_timeout_ms": 25000}))
    unasked = {("program-unapproved", "volume/images"), ("volume-busy", "volume/images")}
    assert operator.refusals(file) == unasked
    operator.converge(operator.write(wanted()))  # from here on the list command may be run
    operator.write(wanted(network={"idle_timeout_ms": 25000}))
    plan = operator.plan(file)
    (outage,) = plan["clusters"][0]["outages"]
    assert set(outage["workloads"]) == {"guest/vm1", "guest/vm2", "guest/vm3"}
    shown = operator.run("plan", file).stdout
    assert "guests on node01: vm1 of images, vm2 of images" in shown
    events = operator.converge(file, plan)
    after = running(lab)
    assert names(lab) == PLACES
    pids = lambda seen: {pid for found in seen.values() for pid in found.values()}  # noqa: E731  # short
    assert not pids(before) & pids(after)
    done = commands(events)
    assert done.index(("node02", "stop-guest")) < done.index(("node01", "unmount"))
    assert not {kind for host, kind in done if host == "node03"} & {"stop-guest", "start-guest"}
    assert operator.is_settled(file)


def test_a_guest_that_does_not_stop_stops_the_plan_and_the_next_run_gives_all_back(
    lab, operator
):
    settled = wanted(
        network={"idle_timeout_ms": 25000}, guests={**GUESTS, "stop_timeout": "8s"}
    )
    lab.run("node01", "touch /root/vm2.deaf; /usr/local/bin/guests stop vm2")
    lab.run("node01", "while guests list | grep -qx vm2; do sleep 0.2; done")
    start(lab, "node01", "vm2")
    deaf = running(lab, "node01")["node01"]["vm2"]
    file = operator.write({**settled, "network": {"idle_timeout_ms": 28000}})
    code, events = operator.apply(file)
    assert code == 4
    (failed,) = [e["message"] for e in events if e["event"] == "action-failed"]
    assert "gate: guest-still-runs: vm2 still runs after 8 s" in failed
    assert running(lab, "node01")["node01"] == {"vm2": deaf}
    assert all(has_mounted(lab, host) for host in ALL)
    operator.converge(operator.write(settled))
    assert names(lab) == PLACES
    assert running(lab, "node01")["node01"]["vm2"] == deaf
    lab.run("node01", f"rm /root/vm2.deaf; kill -9 {deaf}")
    start(lab, "node01", "vm2")


def test_guests_that_cannot_be_listed_are_not_taken_for_absent(lab, operator):
    file = operator.write(wanted(network={"idle_timeout_ms": 28000}))
    lab.run("node03", "chmod -x /usr/local/bin/guests")
    assert operator.refusals(file) == {("guests-unread", "volume/images")}
    lab.run("node03", "chmod +x /usr/local/bin/guests")


def test_a_host_that_leaves_has_its_guests_moved(lab, operator):
    members = ("node01", member("node02", state="absent"), "node03")
    file = operator.write(wanted(*members, network={"idle_timeout_ms": 25000}))
    events = operator.converge(file)
    assert ("node02", "migrate-guest") in commands(events)
    assert names(lab) == {"node01": ["vm1", "vm2", "vm3"], "node02": [], "node03": []}
    assert not has_mounted(lab, "node02")
    assert configfs(lab, "node02") == []
    assert operator.is_settled(file)
    print(f"load {os.getloadavg()[0]:.1f}")
