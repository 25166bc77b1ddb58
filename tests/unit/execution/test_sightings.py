"""What is asked in one moment is one probe; what of it serves who begins later."""

import asyncio
from dataclasses import replace

from reconciler.execution.sightings import KEPT, Looks
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.model.observed import Observed, Unknown, Unreachable
from reconciler.model.plan import Action, Command, Completed, Fact
from tests.builders import facts
from tests.clock import drive

ALL = ("node01", "node02", "node03")
LISTS = Fact(ALL, "live-nodes", "ocfs2", None)
WANTED = Fact(ALL, "device-size", "x", "1")
FSTAB = Fact(("node01",), "fstab", "", "x")
BEGUN = Command(("true",))


def action(kind, host="node01", *needs, command=BEGUN):
    return Action(
        id=f"{host}/{kind}",
        kind=kind,
        host=host,
        address="",
        summary="",
        because="",
        risk="safe",
        command=command,
        expects=(),
        needs=needs,
    )


MOUNT = action("mount")
MOUNT_2 = action("mount", "node02")


class Asked:
    """Remembers who was looked at for which readings."""

    def __init__(self):
        self.log, self.seconds = [], 0.0

    async def look(self, host, asked):
        self.log.append((host, {fact.reading for fact in asked}))
        await asyncio.sleep(self.seconds)
        return facts(host, int(host[-1]))

    def probe(self, asked):
        return Command(("probe", *(fact.reading for fact in asked)))

    def read(self, host, asked, ended):
        if ended.look == "garbled":
            return Unreachable(host, "probe-garbled", "")
        return facts(host, int(host[-1]))

    def hosts(self):
        found, self.log = [host for host, _ in self.log], []
        return found


def play(story):
    asked = Asked()
    looks = Looks(asked)
    return drive(bare_cluster(1), story(looks, asked))


def done(looks, one, *asked, look=""):
    sent = looks.begin_command(one)
    looks.end(one)
    looks.take([one], sent, asked, Completed(0, "", "", look=look))
    return one.id


def test_what_is_asked_in_one_moment_is_one_look_a_host():
    async def story(looks, asked):
        seen = await asyncio.gather(looks.see([LISTS]), looks.see([FSTAB]))
        assert [set(one.hosts) for one in seen] == [set(ALL), {"node01"}]
        assert asked.log[0] == ("node01", {"live-nodes", "fstab"})
        assert len(asked.log) == 3

    play(story)


def test_a_look_asks_along_only_of_hosts_that_it_looks_at():
    async def story(looks, asked):
        await looks.see([FSTAB], [LISTS])
        assert asked.log == [("node01", {"live-nodes", "fstab"})]

    play(story)


def test_what_was_seen_before_serves_no_look_that_is_to_be_new():
    async def story(looks, asked):
        await looks.see([LISTS])
        await looks.see([LISTS])
        await looks.find_anew([LISTS])
        assert asked.hosts() == [*ALL, *ALL, *ALL]

    play(story)


def test_what_was_asked_along_serves_who_comes_next_for_a_while():
    async def story(looks, asked):
        await looks.see([FSTAB], [replace(WANTED, hosts=("node01",))])
        asked.hosts()
        found = await looks.find([WANTED], action("format"))
        assert (asked.hosts(), set(found.kept)) == (["node02", "node03"], {"node01"})
        await asyncio.sleep(KEPT + 1)
        await looks.find([WANTED], action("format"))
        assert asked.hosts() == [*ALL]

    play(story)


def test_what_was_not_asked_is_looked_at():
    async def story(looks, asked):
        await looks.see([FSTAB])
        asked.hosts()
        await looks.find([replace(FSTAB, subject="other")], action("write-fstab"))
        assert asked.hosts() == ["node01"]

    play(story)


def test_a_command_to_a_host_makes_what_was_seen_there_old():
    async def story(looks, asked):
        await looks.see([WANTED])
        done(looks, action("write-fstab"))
        asked.hosts()
        await looks.find([WANTED], action("format"))
        assert asked.hosts() == ["node01"]

    play(story)


def test_a_look_that_a_command_overtakes_serves_nobody():
    async def story(looks, asked):
        asked.seconds = 2.0
        reading = asyncio.create_task(looks.see([FSTAB]))
        await asyncio.sleep(1)
        looks.begin_command(action("write-fstab"))
        await reading
        asked.hosts()
        await looks.find([FSTAB], action("write-fstab"))
        assert asked.hosts() == ["node01"]

    play(story)


def test_nothing_shared_was_seen_before_all_that_is_needed_had_ended():
    async def story(looks, asked):
        shared = replace(WANTED, hosts=("node01",))
        looks.begin_command(one := action("format", "node02"))
        await looks.see([shared, FSTAB])
        looks.end(one)
        asked.hosts()
        await looks.find([FSTAB], action("write-fstab", "node01", one.id))
        assert asked.hosts() == []  # a file of its own
        await looks.find([shared], action("grow-file-system", "node01", one.id))
        assert asked.hosts() == ["node01"]
        await looks.find([shared], action("grow-file-system", "node01", one.id))
        assert asked.hosts() == []

    play(story)


def test_what_does_nothing_has_ended_with_what_it_needs():
    async def story(looks, asked):
        needed = done(looks, action("format", "node02"))
        barrier = action("same-file-system", "", needed, command=None)
        await looks.see([WANTED])
        done(looks, action("write-fstab", "node03"))
        looks.end(barrier)
        asked.hosts()
        shared = replace(WANTED, hosts=("node01",))
        await looks.find([shared], action("grow-file-system", "node01", barrier.id))
        assert asked.hosts() == []

    play(story)


def test_a_whole_look_serves_the_first_but_for_what_is_asked_only_when_it_is_due():
    async def story(looks, asked):
        looks.keep(Observed({host: facts(host, 1) for host in ALL}), 0.0)
        for reading in ("device-size", "fstab", "live-nodes"):
            await looks.find([Fact(ALL, reading, "x", None)], action("format"))
            assert asked.hosts() == []
        for reading in ("healthy", "mounted-size", "reaches"):
            await looks.find([Fact(ALL, reading, "x", None)], action("format"))
            assert asked.hosts() == [*ALL]

    play(story)


def test_whether_a_cluster_is_well_is_looked_at_each_time():
    async def story(looks, asked):
        well = Fact(("node03",), "healthy", "ocfs2 - -", "well")
        await looks.see([well])
        asked.hosts()
        await looks.find([well], MOUNT)
        assert asked.hosts() == ["node03"]

    play(story)


def test_a_mount_looks_at_its_own_host_and_knows_the_others_lists_for_a_while():
    async def story(looks, asked):
        await looks.see([LISTS])
        needed = done(looks, MOUNT)
        asked.hosts()
        await asyncio.sleep(10)
        second = replace(MOUNT_2, needs=(needed,))
        found = await looks.find([LISTS], second)
        assert (asked.hosts(), set(found.observed.hosts)) == (["node02"], set(ALL))
        assert round(found.age("node02")) == 10
        done(looks, second)
        await asyncio.sleep(6)
        await looks.find([LISTS], action("mount", "node03", second.id))
        assert asked.hosts() == ["node01", "node03"]

    play(story)


def test_after_a_command_that_may_change_a_list_all_are_looked_at():
    async def story(looks, asked):
        await looks.see([LISTS])
        needed = done(looks, action("write-fstab"))
        asked.hosts()
        await looks.find([LISTS], replace(MOUNT, needs=(needed,)))
        assert asked.hosts() == ["node01"]
        needed = done(looks, action("register-nodes"))
        await looks.find([LISTS], replace(MOUNT, needs=(needed,)))
        assert asked.hosts() == [*ALL]

    play(story)


def test_a_list_that_was_read_while_a_command_could_change_it_is_not_kept():
    async def story(looks, asked):
        asked.seconds = 2.0
        reading = asyncio.create_task(looks.see([LISTS]))
        await asyncio.sleep(1)
        needed = done(looks, action("register-nodes"))
        await reading
        asked.hosts()
        await looks.find([LISTS], replace(MOUNT, needs=(needed,)))
        assert asked.hosts() == [*ALL]

    play(story)


def test_a_host_that_is_asked_for_more_before_a_mount_is_looked_at():
    async def story(looks, asked):
        await looks.see([LISTS])
        asked.hosts()
        well = Fact(("node03",), "healthy", "ocfs2 - -", "well")
        await looks.find([LISTS, well], MOUNT)
        assert set(asked.hosts()) == {"node01", "node03"}

    play(story)


def test_the_look_that_travelled_with_a_command_proves_it_and_serves_who_comes_next():
    async def story(looks, asked):
        shared = replace(WANTED, hosts=("node01",))
        first = action("format")
        done(looks, first, shared, FSTAB, look="told")
        assert set(looks.proof(first)) == {"node01"}
        await looks.find([shared, FSTAB], action("write-fstab", "node01", first.id))
        assert asked.hosts() == []
        done(looks, action("mount"))
        assert looks.proof(first) == {}

    play(story)


def test_a_host_that_did_not_say_who_it_is_is_asked_again():
    async def story(looks, asked):
        boot = Fact(("node01",), "boot", "", None)
        for identity, again in (
            (Unknown("cut short"), ["node01"]),
            (facts("node01", 1).identity, []),
        ):
            told = replace(facts("node01", 1), identity=identity)
            looks.keep(Observed({"node01": told}), 0.0)
            await looks.find([boot], action("write-fstab"))
            assert asked.hosts() == again

    play(story)


def test_a_mount_looks_at_its_own_host_whatever_was_seen_before():
    async def story(looks, asked):
        await looks.see([LISTS])
        asked.hosts()
        await looks.find([LISTS], MOUNT)
        assert asked.hosts() == ["node01"]

    play(story)


def test_a_command_without_a_look_s_answer_proves_nothing():
    async def story(looks, _):
        for look in ("", "garbled"):
            first = action("format")
            done(looks, first, WANTED, look=look)
            assert looks.proof(first) == {}

    play(story)


def test_an_answer_that_was_held_up_serves_nobody():
    async def story(looks, asked):
        sent = looks.begin_command(first := action("write-fstab"))
        await asyncio.sleep(60)
        looks.end(first)
        ended = Completed(0, "", "", seconds=2.0, look="told", look_seconds=0.5)
        looks.take([first], sent, [FSTAB], ended)
        assert set(looks.proof(first)) == {"node01"}
        await looks.find([FSTAB], action("write-fstab"))
        assert asked.hosts() == ["node01"]

    play(story)


def test_a_look_beside_another_command_serves_only_who_needs_its_own_alone():
    async def story(looks, asked):
        shared = replace(WANTED, hosts=("node01",))
        sent = looks.begin_command(first := action("format"))
        other = done(looks, action("mount", "node02"))
        looks.end(first)
        looks.take([first], sent, [shared], Completed(0, "", "", look="told"))
        await looks.find([shared], action("write-fstab", "node01", first.id))
        assert asked.hosts() == []
        await looks.find([shared], action("write-fstab", "node01", first.id, other))
        assert asked.hosts() == ["node01"]

    play(story)


def test_of_a_host_that_does_not_answer_nothing_is_kept():
    class Silent(Asked):
        async def look(self, host, asked):
            found = await super().look(host, asked)
            return Unreachable(host, "host-unreachable", "") if host == "node02" else found

    async def story(looks):
        first = await looks.find((WANTED,), MOUNT)
        assert isinstance(first.observed.hosts["node02"], Unreachable)
        looks.eyes.log.clear()
        await looks.find((WANTED,), MOUNT)
        return looks.eyes.hosts()

    asked = drive(bare_cluster(1), story(Looks(Silent())))
    assert "node02" in asked
