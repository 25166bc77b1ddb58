"""What is asked in one moment is one probe; what mounts may know from before."""

import asyncio

from reconciler.execution.sightings import Looks
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.model.plan import Fact
from tests.builders import facts
from tests.clock import drive

ALL = ("node01", "node02", "node03")
LISTS = Fact(ALL, "live-nodes", "ocfs2", None)


class Asked:
    """Remembers who was looked at for which readings."""

    def __init__(self):
        self.log = []

    async def look(self, host, asked):
        self.log.append((host, {fact.reading for fact in asked}))
        return facts(host, int(host[-1]))

    def hosts(self):
        found, self.log = [host for host, _ in self.log], []
        return found


def play(story):
    asked = Asked()
    looks = Looks(asked.look)
    return drive(bare_cluster(1), story(looks, asked))


def test_what_is_asked_in_one_moment_is_one_look_a_host():
    async def story(looks, asked):
        fstab = Fact(("node01",), "fstab", "", "x")
        seen = await asyncio.gather(looks.see([LISTS]), looks.see([fstab]))
        assert [set(one.hosts) for one in seen] == [set(ALL), {"node01"}]
        assert asked.log[0] == ("node01", {"live-nodes", "fstab"})
        assert len(asked.log) == 3

    play(story)


def test_what_was_seen_before_serves_no_later_question():
    async def story(looks, asked):
        await looks.see([LISTS])
        await looks.see([LISTS])
        assert asked.hosts() == [*ALL, *ALL]

    play(story)


def test_a_mount_looks_at_its_own_host_and_knows_the_others_lists_for_a_while():
    async def story(looks, asked):
        await looks.see([LISTS])
        asked.hosts()
        await asyncio.sleep(10)
        seen, age = await looks.see_before_mount("node02", [LISTS])
        assert (asked.hosts(), set(seen.hosts)) == (["node02"], set(ALL))
        assert round(age) == 10
        await asyncio.sleep(16)
        await looks.see_before_mount("node02", [LISTS])
        assert asked.hosts() == [*ALL]

    play(story)


def test_after_a_command_that_may_change_a_list_all_are_looked_at():
    async def story(looks, asked):
        await looks.see([LISTS])
        looks.note_command("write-fstab")
        await looks.see_before_mount("node01", [LISTS])
        looks.note_command("register-nodes")
        asked.hosts()
        await looks.see_before_mount("node01", [LISTS])
        assert asked.hosts() == [*ALL]

    play(story)


def test_a_list_that_was_read_while_a_command_could_change_it_is_not_kept():
    async def story(looks, asked):
        reading = asyncio.create_task(looks.see([LISTS]))
        await asyncio.sleep(0)
        looks.note_command("register-nodes")
        await reading
        asked.hosts()
        await looks.see_before_mount("node01", [LISTS])
        assert asked.hosts() == [*ALL]

    play(story)


def test_a_host_that_is_asked_for_more_before_a_mount_is_looked_at():
    async def story(looks, asked):
        await looks.see([LISTS])
        asked.hosts()
        well = Fact(("node03",), "healthy", "ocfs2 - -", "well")
        await looks.see_before_mount("node01", [LISTS, well])
        assert set(asked.hosts()) == {"node01", "node03"}

    play(story)
