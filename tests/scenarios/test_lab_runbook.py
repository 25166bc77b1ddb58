"""Runbooks typed by hand on real hosts: they do what a run would do, and each check shows it."""

from tests.lab.fixtures import lab_module
from tests.scenarios.lab_volumes import MIB, filled, grown, partitioned, sums, wish
from tests.scenarios.operator import configfs, has_mounted, member
from tests.scenarios.typist import work

lab = lab_module("runbook", hosts=3, storage="san", lun_size="512M")

ALL = ("node01", "node02", "node03")


def typed(lab, operator, file):
    """The plan of a file as a runbook, every word of it typed; nothing is left to do then."""
    told = operator.run("runbook", file)
    assert told.returncode == 0, told.stderr
    print(told.stdout)
    assert work(lab, told.stdout) == ""
    assert operator.is_settled(file)


def of(wwids, size, members):
    return wish(wwids, {"images": size}, members=members)


def test_a_cluster_of_two_is_made_and_its_volume_formatted(lab, operator, wwids):
    partitioned(lab, "images")
    typed(lab, operator, operator.write(of(wwids, "512MiB", [*map(member, ALL[:2])])))
    for host in ALL[:2]:
        assert has_mounted(lab, host)
        assert len(configfs(lab, host)) == 2
    filled(lab, "images")


def test_a_third_joins(lab, operator, wwids):
    before = sums(lab)
    typed(lab, operator, operator.write(of(wwids, "512MiB", [*map(member, ALL)])))
    assert sums(lab, "node03") == before
    for host in ALL:
        assert len(configfs(lab, host)) == 3


def test_the_volume_grows_while_mounted(lab, operator, wwids):
    before = sums(lab)
    typed(lab, operator, operator.write(of(wwids, "768MiB", [*map(member, ALL)])))
    grown(lab, "images", 766 * MIB)
    assert sums(lab) == before


def test_one_leaves(lab, operator, wwids):
    before = sums(lab)
    leaving = [*map(member, ALL[:2]), member("node03", state="absent")]
    typed(lab, operator, operator.write(of(wwids, "768MiB", leaving)))
    assert not has_mounted(lab, "node03")
    for host in ALL[:2]:
        assert len(configfs(lab, host)) == 2
    assert sums(lab) == before
