"""`runbook FILE`: the plan of now by hand; while it is refused there is none."""

from tests.unit.cli.test_commands import LUN, desk


async def test_the_plan_is_told_by_hand_and_a_refused_one_is_not(tmp_path):
    async with desk(tmp_path) as at:
        code, out, err = await at.run("runbook", at.file)
        assert (code, err) == (0, "")
        assert out.startswith("# Runbook of plan ")
        assert f"\nmount -t ocfs2 -o defaults {LUN} /srv/images\n" in out
        at.world.machines["node02"].refusal = "host-unreachable"
        code, out, _err = await at.run("runbook", at.file)
        assert (code, "- BLOCKED host-unreachable  member/node02" in out) == (3, True)
        assert "mount -t ocfs2" not in out


async def test_from_recorded_facts_it_is_the_same_without_a_host(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        _code, live, _err = await at.run("runbook", at.file)
        assert (await at.run("observe", at.file, "-o", "facts.json"))[0] == 0
        at.world.machines["node01"].refusal = "host-unreachable"
        code, out, err = await at.run("runbook", at.file, "--facts", "facts.json")
        assert (code, out, "host-unreachable" in err) == (0, live, False)
