"""Hosts whose names are not spelled everywhere alike: each is one host, and read once."""

from dataclasses import replace

import pytest
import yaml

from reconciler.cli.commands.import_ import Search
from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.state.files import File
from reconciler.loading import load
from reconciler.model.ssh_access import Ssh
from reconciler.pipeline import Options, look_at
from reconciler.planning.planner import make_plan
from reconciler.reports.status import status_document
from tests.clock import drive
from tests.fault_transport import Line, Wire
from tests.runs import Controller, Nobody, desired, witnessed

CONF = "/etc/ocfs2/cluster.conf"
ADVICE = ("state: dead", "state: offline", "not read:")


def renamed(world, node, hostname):
    """As if every node had been made under another name, on hosts that call themselves so."""
    names = {name: node(name) for name in world.machines}
    for name, machine in world.machines.items():
        text = machine.files.text(CONF)
        for old, new in names.items():
            text = text.replace(f"name = {old}\n", f"name = {new}\n")
        machine.files.write(CONF, File(text))
        live = machine.running.live
        live.nodes = {
            names[n.name]: replace(n, name=names[n.name]) for n in live.nodes.values()
        }
        machine.setup.hostname = hostname(name)
        for record in ("applied.json", "members.json"):
            machine.files.remove(f"/var/lib/reconcile/ocfs2/{record}")


def doors(world, host_of):
    """Reached by ssh's name for them; ``host_of`` gives the host of a name, or nothing."""

    def door(_cluster, member):
        name = host_of((member.ssh.host if member.ssh else None) or member.name)
        return Wire(connect(world, name, "r"), Line()) if name else Nobody(member.name)

    return door


def imported(world, fleet, *seeds):
    search = Search(Ssh(), Options(), no_color=True)
    text, said, faithful = drive(world, search.through(fleet, seeds))
    pairs = drive(world, look_at(load("imported", text), fleet, Options()))
    return text, said, faithful, pairs


def made(hosts=3):
    world = witnessed(hosts)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    return world


def lower(world):
    return lambda name: name.lower() if name.lower() in world.machines else ""


def test_capitals_are_one_name():
    world = made()
    renamed(world, str.capitalize, str.upper)
    text, said, faithful, _pairs = imported(world, doors(world, lower(world)), "node01")
    assert faithful, said
    members = yaml.safe_load(text)["clusters"][0]["members"]
    assert [m["name"] for m in members] == ["Node01", "Node02", "Node03"]
    assert not any(words in text for words in ADVICE)


@pytest.mark.parametrize("seeds", [["node01"], ["node01.example.com", "node02"]])
@pytest.mark.parametrize("hostname", ["{}.example.com", "{}"])
def test_names_with_a_domain_are_refused_once_with_the_steps(seeds, hostname):
    world = made()
    renamed(world, "{}.example.com".format, hostname.format)
    known = {f"{name}{tail}": name for name in world.machines for tail in ("", ".example.com")}
    text, said, faithful, pairs = imported(world, doors(world, known.get), *seeds)
    assert not faithful
    members = yaml.safe_load(text)["clusters"][0]["members"]
    assert [m["name"] for m in members] == ["node01", "node02", "node03"]
    assert not any(words in text for words in ADVICE)
    (plan,) = make_plan(pairs).clusters
    assert len(plan.blocked) == 1, [(b.code, b.subject, b.message) for b in plan.blocked]
    (refused,) = plan.blocked
    assert (refused.code, refused.subject) == ("hostname-differs", "cluster/ocfs2")
    assert "node01.example.com, node02.example.com, node03.example.com" in refused.message
    assert "(node01, node02, node03) into /etc/ocfs2/cluster.conf" in refused.remedy
    assert {a.kind for a in plan.actions} & {
        "unmount",
        "stop-cluster",
        "write-quarantine",
    } == set()
    (status,) = status_document(pairs, "now")["clusters"]
    assert (status["hosts"], status["read"], len(status["members"])) == (3, 3, 3)
    assert any("rename the nodes while no host has a volume mounted" in line for line in said)


def test_the_local_node_of_a_host_that_answered_is_that_host():
    """The name for ssh, and the host's own by now, are another than its node's."""
    world = made()
    renamed(world, str, lambda name: name.replace("node", "mgmt"))
    known = {name.replace("node", "mgmt"): name for name in world.machines}
    fleet = doors(world, known.get)
    text, _said, _faithful, _pairs = imported(world, fleet, *known)
    members = yaml.safe_load(text)["clusters"][0]["members"]
    assert [(m["name"], m["ssh"]["host"]) for m in members] == [
        (name, door) for door, name in known.items()
    ]
    assert not any(words in text for words in ADVICE)


@pytest.mark.parametrize("address", ["", "192.0.2.1"])
def test_a_member_by_the_name_for_ssh_is_told_its_own_name_and_nobody_is_dead(address):
    world = made()
    known = {name.replace("node", "mgmt"): name for name in world.machines}
    document = desired(world).model_dump(mode="json")
    for member in document["clusters"][0]["members"]:
        name, member["name"] = member["name"], member["name"].replace("node", "mgmt")
        if address:
            member["ssh"] = {"host": f"{address}{name[-1]}"}
            known[member["ssh"]["host"]] = name
    wrong = type(desired(world)).model_validate(document, strict=False)
    pairs = drive(world, look_at(wrong, doors(world, known.get), Options()))
    (plan,) = make_plan(pairs).clusters
    assert {(b.code, b.subject) for b in plan.blocked} == {
        ("hostname-differs", f"member/{item['name']}")
        for item in document["clusters"][0]["members"]
    }
    assert all("is the node node0" in b.message for b in plan.blocked)
    door = f"{address}1" if address else "mgmt01"
    assert f"name the member node01, with ssh: {{host: {door}}}" in plan.blocked[0].remedy
    (status,) = status_document(pairs, "now")["clusters"]
    assert (status["hosts"], len(status["members"])) == (3, 3)


def test_a_cluster_whose_name_no_file_can_have_is_told_once_with_what_can_be_done():
    world = made(2)
    for machine in world.machines.values():
        text = machine.files.text(CONF)
        for key in ("name", "cluster"):
            text = text.replace(f"\t{key} = ocfs2\n", f"\t{key} = my-cluster\n")
        machine.files.write(CONF, File(text))
        machine.running.live.name = "my-cluster"
    search = Search(Ssh(), Options(), no_color=True)
    through = search.through(doors(world, lower(world)), ["node01"])
    _text, (head, said), faithful = drive(world, through)
    assert (head, faithful) == ("No file of this version can say what these hosts have:", False)
    assert said.startswith("my-cluster is no name of an o2cb cluster")
    assert said.endswith("reconcile explain foreign-cluster has the steps")


def test_a_host_that_calls_itself_by_another_name_with_a_domain_is_told_the_short_one():
    world = witnessed(2)
    world.machines["node02"].setup.hostname = "other.example.com"
    pairs = drive(world, look_at(desired(world), doors(world, lower(world)), Options()))
    (refused,) = make_plan(pairs).clusters[0].blocked
    assert (refused.code, refused.subject) == ("hostname-differs", "member/node02")
    assert refused.remedy.startswith("name the member other, or")
