"""A LUN that has more than the file asks for, of which some kernels know: on a real SAN."""

from tests.lab.fixtures import lab_module
from tests.scenarios.lab_volumes import HOSTS, MIB, done, filled, grown, seen, sums, wish
from tests.scenarios.operator import commands, failures

lab = lab_module("larger", hosts=3, storage="san", lun_size="64M,64M,384M")


def test_a_growth_goes_on_where_one_kernel_has_seen_more_than_the_file_asks_for(
    lab, operator, wwids
):
    operator.converge(operator.write(wish(wwids, {"films": "384MiB"})))
    filled(lab, "films")
    before = sums(lab)
    lab.san_grow("lun3", "1G")
    done(lab, "node02", "iscsiadm -m session -R >/dev/null && multipathd resize map mpathc")
    assert [device // MIB for device, *_ in seen(lab, "films").values()] == [384, 1024, 384]
    file = operator.write(wish(wwids, {"films": "512MiB"}))
    code, events = operator.apply(file)
    assert code == 0, failures(events) or events[-1]
    begun = [(host, kind) for host, kind in commands(events) if kind == "rescan"]
    assert sorted(begun) == [("node01", "rescan"), ("node03", "rescan")]
    assert {device // MIB for device, *_ in seen(lab, "films").values()} == {1024}
    assert {kind for host, kind in commands(events) if host == HOSTS[0]} >= {"grow-file-system"}
    grown(lab, "films", 512 * MIB)
    assert sums(lab) == before
    assert operator.is_settled(file)
