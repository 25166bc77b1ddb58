"""Hosts of several files are asked side by side; what they answer is told in the files' order."""

import asyncio

import pytest

from reconciler.cli.files import FileResult, Given
from reconciler.cli.side_by_side import Look, run_looks
from reconciler.errors import UsageError
from reconciler.hosts.observer import observe
from reconciler.model.plan import Command, Completed

NAMES = tuple("abcdef")
TURNS = 50  # of the loop: nobody waits for anything else here


class Files:
    """Files of so many hosts each; ``begun`` are those whose hosts are asked, ``told`` the rest."""

    def __init__(self, hosts=2, late=(), wrong=(), lost=()):
        self.hosts, self.late, self.wrong, self.lost = hosts, late, wrong, lost
        self.begun, self.told, self.most = [], [], 0

    def prepare(self, name):
        if name in self.wrong:
            raise UsageError(f"{name}: is wrong")

        async def ask(watch):
            self.begun.append(name)
            self.most = max(self.most, len(self.begun) - len(self.told))
            watch(name, "started")
            for _ in range(TURNS * (len(NAMES) if name in self.late else 1)):
                await asyncio.sleep(0)
            watch(name, "finished")
            if name in self.lost:
                raise OSError(f"{name}: is lost")
            return name

        return Look(self.hosts, ask, lambda found: self.result(name, found))

    def result(self, name, found):
        assert found == name
        return FileResult(0, lambda: self.told.append(name), dict)

    def run(self, parallelism, names=NAMES):
        given = Given(names, len(names) > 1)
        return run_looks(given, "text", self.prepare, parallelism, no_color=True)


def test_as_many_are_asked_at_once_as_there_is_room_for(capsys):
    files = Files(late="a")
    assert files.run(parallelism=6) == 0
    assert (files.told, files.most) == ([*NAMES], 3)
    assert files.begun == [*NAMES]


@pytest.mark.parametrize("parallelism", [1, 2, 3])
def test_one_at_least_is_asked(capsys, parallelism):
    files = Files()
    files.run(parallelism)
    assert (files.told, files.most) == ([*NAMES], 1)


def test_what_one_fails_with_is_told_in_its_turn(capsys):
    files = Files(late="a", wrong="b", lost="d")
    assert files.run(parallelism=99) == 1
    assert files.told == [*"acef"]
    shown = capsys.readouterr()
    assert [line[4] for line in shown.out.splitlines() if line] == [*NAMES]
    assert [line for line in shown.err.splitlines() if line] == [
        "error: b: is wrong",
        "error: d: is lost",
    ]


def test_a_file_alone_fails_as_it_is(capsys):
    with pytest.raises(UsageError, match="a: is wrong"):
        Files(wrong="a").run(9, names=("a",))
    with pytest.raises(OSError, match="a: is lost"):
        Files(lost="a").run(9, names=("a",))


class Busy:
    """A host that counts who is asked beside it."""

    now = most = 0

    def __init__(self, name):
        self.name = name

    async def run(self, _command):
        Busy.now += 1
        Busy.most = max(Busy.most, Busy.now)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        Busy.now -= 1
        return Completed(0, "", "")


async def test_looks_that_share_a_limit_keep_it_together():
    free = asyncio.Semaphore(3)
    fleets = [{f"{name}{n}": Busy(f"{name}{n}") for n in range(4)} for name in NAMES]
    looks = [observe(fleet, Command(("true",)), {}, limit=free) for fleet in fleets]
    seen = await asyncio.gather(*looks)
    assert Busy.most == 3
    assert [len(found.hosts) for found in seen] == [4] * len(NAMES)
