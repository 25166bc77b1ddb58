"""What hosts have, as a person reads it."""

from dataclasses import replace

from reconciler.model.observed import Observed, Unknown, Unreachable
from reconciler.reports.facts import host_lines
from reconciler.reports.facts_table import observed_lines
from tests.builders import converged, spec, volume

CLUSTER = spec(volumes=[volume()])


def lines(hosts):
    told = observed_lines([(CLUSTER, Observed(hosts))])
    return [(style, " ".join(line.split())) for style, line in told]


def test_a_host_is_a_row_and_the_same_device_of_several_another():
    hosts = converged(CLUSTER).hosts
    told = [line for _style, line in lines(hosts)]
    (first,) = {name for name in hosts if name.endswith("1")}
    assert told[0] == "cluster ocfs2 3/3 hosts answered"
    assert told[1] == "host system kernel cluster.conf online mounted"
    assert told[2].startswith(f"{first} debian 12 6.1.0 ")
    assert told[2].endswith(" ocfs2 0,1,2 /srv/images")
    device = told[told.index("holds hosts as size device") + 1 :]
    assert [line.split()[2] for line in device] == ["node01,node02,node03"]


def test_the_columns_stand_below_each_other():
    told = [line for _style, line in observed_lines([(CLUSTER, converged(CLUSTER))])]
    starts = {line.index(word) for line, word in zip(told[2:5], ["ocfs2"] * 3, strict=True)}
    assert starts == {told[1].index("online")}


def test_what_is_unknown_is_said_once_with_its_reason_and_never_as_absent():
    hosts = dict(converged(CLUSTER).hosts)
    unread = Unknown("permission denied")
    for name in ("node01", "node02"):
        hosts[name] = replace(hosts[name], mounts=unread, live=unread)
    hosts["node03"] = Unreachable("node03", "host-unreachable", "no answer")
    told = lines(hosts)
    assert told[2][1].endswith(" ? ?")
    assert told[4] == ("bad", "node03 ? ? ? ? ?")
    assert ("warn", "node01,node02: mounts unknown: permission denied") in told
    assert ("warn", "node01,node02: live unknown: permission denied") in told
    (lost,) = [line for style, line in told if style == "bad" and "host-unreachable" in line]
    assert lost.startswith("node03: host-unreachable: no answer")


def test_more_of_each_host_is_told_in_paragraphs():
    told = [line for _style, line in host_lines([(CLUSTER, converged(CLUSTER))])]
    assert told[0] == "  node01"
    assert any(line.startswith("    system   debian 12, kernel 6.1.0, up ") for line in told)
