"""A controller that is killed between any two actions: on real kernels, in order."""

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    cluster,
    configfs,
    member,
    mounted_together,
    start_writers,
    volume,
    works,
)

lab = lab_module("killed", hosts=3)

ALL = ("node01", "node02", "node03")
WRITING = [volume(workloads={"services": ["writer"]})]


# What each of the killed runs has just done: node01 leaves, the others get its numbers.
BOUNDARIES = (
    ("node01", "stop-service"),
    ("node01", "unmount"),
    ("node01", "archive-cluster-conf"),
    ("node03", "write-cluster-conf"),
    ("node02", "unmount"),
    ("node03", "register-nodes"),
    ("node02", "mount"),
    ("node03", "unmount"),
)


def test_whoever_comes_after_a_killed_controller_finishes_its_work(lab, operator):
    operator.converge(operator.write(cluster(*ALL, volumes=WRITING)))
    start_writers(lab, *ALL)
    members = [member("node01", state="absent"), member("node02"), member("node03")]
    file = operator.write(cluster(members=members, volumes=WRITING, numbering="compact"))
    events = []
    for host, kind in BOUNDARIES:
        part = operator.killed(file, host, kind)
        print(f"killed after {kind} on {host}: {[e['action'] for e in part if 'action' in e]}")
        events += part
    events += operator.converge(file)
    assert 0 not in mounted_together({"node02", "node03"}, events)
    works(lab, ("node02", 0), ("node03", 1))
    assert configfs(lab, "node01") == []
    assert operator.is_settled(file)
