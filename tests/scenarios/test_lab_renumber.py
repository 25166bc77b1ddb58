"""Numbers, timeouts and ports of hosts at work: on real kernels, in order."""

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    cluster,
    commands,
    configfs,
    member,
    mounted_together,
    pauses,
    start_writers,
    volume,
    works,
)

lab = lab_module("renumber", hosts=3)

ALL = ("node01", "node02", "node03")
MOUNTED = {"workloads": {"services": ["writer"]}}
TIMEOUTS = "cd /sys/kernel/config/cluster/ocfs2; cat idle_timeout_ms reconnect_delay_ms"


def wanted(*out, ports=None, **more):
    """All three without gaps in their numbers, except who is out."""
    members = [
        member(
            name,
            **{"state": "absent"} if name in out else {},
            port=(ports or {}).get(name, 7777),
        )
        for name in ALL
    ]
    return cluster(
        **{"members": members, "volumes": [volume(**MOUNTED)], "numbering": "compact", **more}
    )


def unmounts(events):
    return sorted(host for host, kind in commands(events) if kind == "unmount")


def test_the_guides_removal_takes_one_host_after_the_other(lab, operator):
    operator.converge(operator.write(wanted()))
    start_writers(lab, *ALL)
    file = operator.write(wanted("node01"))
    events = operator.converge(file)
    assert unmounts(events) == list(ALL)
    assert 0 not in mounted_together({"node02", "node03"}, events)
    works(lab, ("node02", 0), ("node03", 1))
    assert configfs(lab, "node01") == []
    assert operator.is_settled(file)


def test_a_timeout_that_kernels_must_share_takes_one_outage(lab, operator):
    file = operator.write(wanted("node01", network={"idle_timeout_ms": 25000}))
    plan = operator.plan(file)
    assert plan["risk"] == "outage"
    (outage,) = plan["clusters"][0]["outages"]
    assert sorted(outage["hosts"]) == ["node02", "node03"]
    done = operator.run("apply", file, "--auto-approve")
    assert done.returncode == 3
    assert f"--approve {plan['id']}" in done.stderr
    for host in ("node02", "node03"):
        assert lab.run(host, TIMEOUTS).stdout.split() == ["30000", "2000"]
    events = operator.converge(file, plan)
    assert unmounts(events) == ["node02", "node03"]
    for host in ("node02", "node03"):
        assert lab.run(host, TIMEOUTS).stdout.split() == ["25000", "2000"]
    works(lab, ("node02", 0), ("node03", 1))


NETWORK = {"idle_timeout_ms": 25000, "reconnect_delay_ms": 2500}


def test_the_reconnect_delay_changes_live_while_a_host_returns_as_the_last(lab, operator):
    events = operator.converge(operator.write(wanted(network=NETWORK)))
    assert unmounts(events) == []
    for host in ALL:
        assert lab.run(host, TIMEOUTS).stdout.split() == ["25000", "2500"]
    start_writers(lab, "node01")
    works(lab, ("node02", 0), ("node03", 1), ("node01", 2))


def test_the_guides_removal_in_one_window_for_all(lab, operator):
    file = operator.write(wanted("node02", rollout="window", network=NETWORK))
    plan = operator.plan(file)
    outages = plan["clusters"][0]["outages"]
    assert sorted(host for one in outages for host in one["hosts"]) == list(ALL)
    events = operator.converge(file, plan)
    assert unmounts(events) == list(ALL)
    assert 0 in mounted_together(set(ALL), events)
    works(lab, ("node03", 0), ("node01", 1))
    assert operator.is_settled(file)


def test_another_port_concerns_only_its_host(lab, operator):
    ports = {"node01": 7778}
    events = operator.converge(operator.write(wanted("node02", ports=ports, network=NETWORK)))
    assert unmounts(events) == ["node01"]
    works(lab, ("node03", 0), ("node01", 1), ports=ports)


def test_another_address_concerns_only_its_host(lab, operator):
    add = (
        "dev=$(ip -o -4 addr | awk '$4 == \"10.88.1.11/24\" {print $2}'); "
        "ip addr add 10.88.1.111/24 dev $dev"
    )
    assert lab.run("node01", add).returncode == 0
    desired = wanted("node02", ports={"node01": 7778}, network=NETWORK)
    desired["members"][0]["interconnect"] = "10.88.1.111"
    events = operator.converge(operator.write(desired))
    assert unmounts(events) == ["node01"]
    for host in ("node01", "node03"):
        assert "node01 1 10.88.1.111:7778" in configfs(lab, host)


def test_two_get_other_numbers_in_one_turn_while_the_third_serves(lab, operator):
    ports = {"node01": 7778}
    desired = wanted(ports=ports, network=NETWORK, numbering="stable", max_unavailable="100%")
    desired["members"][0]["interconnect"] = "10.88.1.111"
    operator.converge(operator.write(desired))
    start_writers(lab, "node02")
    numbers = {"node02": 7, "node03": 8}
    for item in desired["members"][1:]:
        item["number"] = numbers[item["name"]]
    file = operator.write(desired)
    plan = operator.plan(file)
    assert [sorted(one["hosts"]) for one in plan["clusters"][0]["outages"]] == [
        ["node02", "node03"]
    ]
    pauses(lab, "node01")
    events = operator.converge(file, plan)
    assert unmounts(events) == ["node02", "node03"]
    assert 0 in mounted_together({"node02", "node03"}, events)
    live = [
        "node01 1 10.88.1.111:7778",
        "node02 7 10.88.1.12:7777",
        "node03 8 10.88.1.13:7777",
    ]
    for host in ALL:
        assert sorted(configfs(lab, host)) == live
    pauses(lab, *ALL)
    assert operator.is_settled(file)
