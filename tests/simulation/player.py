"""Plays a history: each chapter's run in its troubles, then peace where it is mended."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from reconciler.hosts.simulator import Fault
from reconciler.hosts.simulator.kernel import power
from reconciler.hosts.simulator.kernel.live import CLUSTER_CONF
from reconciler.hosts.simulator.state.errors import ImpossibleWorld
from reconciler.hosts.simulator.state.files import NoSpace
from reconciler.hosts.simulator.state.reply import Failed
from reconciler.hosts.simulator.state.world import Event
from reconciler.loading.semantics import findings
from reconciler.model.desired import Desired
from reconciler.planning.checks.invariants import INVARIANT
from tests.clock import drive
from tests.fault_transport import Kill, Line, Trick
from tests.properties.recovery import twice
from tests.runs import Controller, Ended
from tests.simulation.changes import apply_change, keep_somebody
from tests.simulation.deeds import DEEDS
from tests.simulation.happenings import YEARS
from tests.simulation.history import Chapter, History, Trouble
from tests.simulation.laws import Lawful
from tests.simulation.reasons import find_unexplained, mark_world
from tests.simulation.scene import Scene
from tests.simulation.shortfall import fall_short
from tests.simulation.site import LUNS, build
from tests.simulation.story import tell_change
from tests.simulation.verdict import make_peace, told_codes
from tests.simulation.wish import MemberWish, Wish, write_desired

REST = 130  # seconds: what a dead run's lease lasts, and a dead host's recovery
WITH_BLOCKS = re.compile(r"/(members|heartbeats)\.json ")
# What a deed may meet: there is nothing to be done, or the program itself fails.
NOTHING_DONE = (ImpossibleWorld, Failed, NoSpace, KeyError)


@dataclass(slots=True)
class Played:
    """What came of a history: its broken laws, what happened how often, its trace, its story."""

    wrongs: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    digest: str = ""
    story: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Player:
    """One history as it goes on."""

    history: History
    world: Lawful
    wish: Wish
    played: Played = field(default_factory=Played)
    done: list[tuple[str, Scene]] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    controllers: dict[str, Controller] = field(default_factory=dict)

    async def live(self) -> None:
        """All chapters, up to the first broken law."""
        self.controllers = {name: Controller(self.world, name) for name in ("alpha", "beta")}
        last = len(self.history.chapters) - 1
        for number, chapter in enumerate(self.history.chapters):
            await self._live_chapter(chapter, is_last=number == last)
            if self.played.wrongs:
                return

    async def _live_chapter(self, chapter: Chapter, *, is_last: bool) -> None:
        before = self.wish
        for change in chapter.changes:
            self.wish = apply_change(self.wish, change)
            self._note(
                f"change {change.kind}", f"the file: {tell_change(change, self.history.site)}"
            )
        self.wish = keep_somebody(before, self.wish)
        self._keep_promises()
        wanted = self._file(self.wish)
        self._befall(chapter)
        if wanted is not None:
            await self._run(chapter, wanted, before)
        if chapter.mended or is_last:
            self._mend(stays=is_last and self.history.lasting)
            await self._find_peace(wanted, before)
        self._judge()

    def _note(self, key: str, words: str) -> None:
        self.played.seen[key] += 1
        self._tell_time(words)

    def _tell_time(self, words: str) -> None:
        self.played.story.append(f"{self.world.now:9.1f} s  {words}")

    def _file(self, wish: Wish) -> Desired | None:
        wanted = write_desired(wish, self.world, self.history.site)
        found = [finding.code for finding in findings(wanted)]
        for code in found:
            self._note(f"file {code}", f"the file is refused: {code}")
        if found:
            return None
        self.world.files.append((wanted, wish))
        self.world.listed.update(self._name(one.host) for one in wish.members)
        for one in wish.volumes:
            self.world.meant.setdefault(one.lun, set()).add(one.path)
            if "ro" in one.options:
                self.world.read_only.add(one.path)
        return wanted

    def _keep_promises(self) -> None:
        """What a file attests is true: who is away is off, and what is revoked is not shown."""
        revoked = {
            self._name(one.host)
            for one in self.wish.members
            if one.state == "dead" and one.access == "revoked"
        }
        listed = {self._name(one.host) for one in self.wish.members if one.state != "dead"}
        for name in sorted(self.revoked & listed):
            self.world.machines[name].dead_maps.difference_update(LUNS)
        self.revoked = (self.revoked - listed) | revoked
        gone = [one for one in self.wish.members if one.state in ("dead", "offline")]
        self.world.away = {self._name(one.host) for one in gone}
        for name in sorted(self.world.away):
            if self.world.machines[name].running.on:
                power.cut(self.world.machines[name])
        for name in sorted(self.revoked):
            self.world.machines[name].dead_maps.update(LUNS)

    def _name(self, host: int) -> str:
        return self.history.site.name(host)

    def _scene(self, host: int) -> Scene:
        site = self.history.site
        return Scene(self.world, site, self.world.machines[site.name(host)])

    def _do(self, name: str, host: int) -> None:
        """A deed; what it breaks is its own doing."""
        scene = self._scene(host)
        conf = scene.machine.files.text(CLUSTER_CONF)
        self.world.is_typing = not DEEDS[name].is_natural
        self.world.typed_at = self.world.now
        try:
            words = DEEDS[name].happens(scene)
        except NOTHING_DONE as why:
            self.played.seen[f"not {name}"] += 1
            self._tell_time(f"({scene.machine.name}: no {name}: {why})")
            return
        finally:
            self.world.is_typing = False
            if scene.machine.files.text(CLUSTER_CONF) != conf and not DEEDS[name].is_natural:
                self.world.retyped[scene.machine.name] = self.world.now
        self.world.forgetful |= name == "records gone"
        self.done.append((name, scene))
        self._note(f"deed {name}", f"{scene.machine.name}: {words}")

    def _befall(self, chapter: Chapter) -> None:
        for trouble in chapter.troubles:
            if trouble.kind == "pause":
                self.world.advance(trouble.at)
            elif trouble.kind == "deed" and not trouble.at:
                self._do(trouble.name, trouble.host)
            elif trouble.kind in ("deed", "fault"):
                self._arm(trouble)

    def _arm(self, trouble: Trouble) -> None:
        """Something that is to come at a command of a host."""
        machine = self._scene(trouble.host if trouble.by < 0 else trouble.by).machine
        if trouble.kind == "deed":
            fault = Fault(
                "meets",
                command=trouble.command,
                at=trouble.at,
                then=lambda: self._do(trouble.name, trouble.host),
            )
        else:
            kind, _, phase = trouble.name.partition(" ")
            fault = Fault(kind, phase, trouble.command, trouble.at)  # type: ignore[arg-type]
        machine.faults.append(fault)

    async def _run(self, chapter: Chapter, wanted: Desired, before: Wish) -> None:
        line = Line(self._kill(chapter), self._trick(chapter))
        runs = [self._apply("alpha", wanted, line)]
        for trouble in chapter.troubles:
            if trouble.kind == "rival":
                runs.append(self._rival(trouble, before))
            elif trouble.kind == "stop":
                asyncio.get_running_loop().call_later(trouble.at, line.stop.set)
        await asyncio.gather(*runs)
        await line.settle()
        if line.kill and line.dead:
            self._note(f"kill {line.kill.phase}", "alpha was killed in it")
        if line.trick and line.trick.at <= 0:
            self._note(
                f"trick {line.trick.kind}", f"a command of alpha's was {line.trick.kind}"
            )

    def _kill(self, chapter: Chapter) -> Kill | None:
        found = [t for t in chapter.troubles if t.kind == "kill"]
        return Kill(found[0].at, found[0].name) if found else None  # type: ignore[arg-type]

    def _trick(self, chapter: Chapter) -> Trick | None:
        found = [t for t in chapter.troubles if t.kind == "trick"]
        if not found:
            return None
        return Trick(found[0].name, found[0].at, (5, 40, 130, 200)[found[0].host])  # type: ignore[arg-type]

    async def _apply(self, who: str, wanted: Desired, line: Line | None = None) -> Ended:
        ended = await self.controllers[who].apply(wanted, line=line)
        self._tell(who, ended)
        return ended

    async def _rival(self, trouble: Trouble, before: Wish) -> None:
        await asyncio.sleep(trouble.at)
        one = MemberWish(trouble.host % self.history.site.hosts)
        wishes: dict[str, Callable[[], Wish]] = {
            "same file": lambda: self.wish,
            "old file": lambda: before,
            "second file": lambda: replace(self.wish, name="second", members=(one,)),
            "other hosts": lambda: replace(self.wish, members=(one,)),
        }
        wish = wishes[trouble.name]()
        wanted = self._file(wish)
        if wanted is not None:
            self._note(f"rival {trouble.name}", f"beta begins with the {trouble.name}")
            await self._apply("beta", wanted)

    def _tell(self, who: str, ended: Ended) -> None:
        codes = sorted(told_codes(ended))
        self.played.seen.update(f"code {code}" for code in codes)
        bugs = [code for code in codes if code.startswith(INVARIANT)]
        self.played.wrongs += [f"19 a plan breaks its own rules: {code}" for code in bugs]
        self._note(f"run {ended.word}", f"{who}'s run: {' '.join([ended.word, *codes])}")
        self.played.wrongs += [f"16 {wrong}" for wrong in twice(ended)]
        unplanned = set(ended.started) - {action.id for action in ended.plan.actions}
        if ended.word != "killed" and unplanned:
            self.played.wrongs.append(f"19 not in the plan: {sorted(unplanned)}")

    def _mend(self, *, stays: bool) -> None:
        """All troubles cease; whoever is off is switched on, but who is said to be away."""
        if not stays:
            for name, scene in reversed(self.done):
                self.world.is_typing = not DEEDS[name].is_natural
                with suppress(*NOTHING_DONE):
                    DEEDS[name].ends(scene)
            self.world.is_typing = False
            self.done.clear()
        for name in self.history.site.names():
            self.world.machines[name].faults.clear()
        for name in self.history.site.names():
            machine = self.world.machines[name]
            if name in self.revoked:
                machine.dead_maps.update(LUNS)
            if not machine.running.on and name not in self.world.away:
                power.switch_on(machine)
        self.world.advance(REST)
        self._tell_time("all troubles cease")

    async def _find_peace(self, wanted: Desired | None, before: Wish) -> None:
        """Of a file that is refused in peace the operator takes back what he changed."""
        if wanted is None:
            self.wish = before
            return
        peace = await make_peace(self.world, self.controllers["beta"], wanted)
        for ended in peace.runs:
            self._tell("beta", ended)
        self.played.wrongs += peace.wrongs
        self.played.seen.update(f"peace {code}" for code in sorted(peace.codes))
        for code in find_unexplained(peace.codes, self._marks()):
            self.played.wrongs.append(f"28 nothing explains that it is refused: {code}")
        if peace.codes:
            self.wish = before
        elif not peace.wrongs:
            names = {n: self._name(n) for n in range(self.history.site.hosts)}
            self.played.wrongs += fall_short(self.world, self.wish, names)

    def _marks(self) -> set[str]:
        """What has happened so far, and where."""
        site = self.history.site
        events = {f"event {event.what}" for event in self.world.trace}
        faults = {f"fault {e.detail}" for e in self.world.trace if e.what == "fault"}
        bare = {"site stripped"} if site.stripped else set()
        stands = mark_world(self.world, self.wish)
        return {*self.played.seen, *events, *faults, *bare, *stands, f"site {site.storage}"}

    def _judge(self) -> None:
        self.played.wrongs += self.world.wrongs()


def play(history: History) -> Played:
    """Plays it, on hosts whose clocks are right and, if it has a twin, on others, too."""
    player = _play(history, 0)
    if history.twin and not player.played.wrongs:
        other = _play(history, YEARS)
        player.played.wrongs += _tell_apart(player.world, other.world)
    return player.played


def _known_apart(event: Event | None) -> Event | None:
    """Without the digest of a record that has heartbeat blocks: their sequence is a clock's time."""
    if event is None or event.what != "wrote" or not WITH_BLOCKS.search(event.detail):
        return event
    return replace(event, detail=event.detail.rpartition(" ")[0])


def _tell_apart(world: Lawful, other: Lawful) -> Iterator[str]:
    """Where two worlds part that differ in clocks alone (I22)."""
    for event, there in zip_longest(world.trace, other.trace):
        if _known_apart(event) != _known_apart(there):
            yield f"22 with other clocks {there} instead of {event}"
            return


def _play(history: History, ahead: int) -> Player:
    """Plays it; whatever it raises is a broken law as well.

    The clocks of hosts are so many seconds ahead, behind, ahead of each other in turns.
    """
    player = Player(history, build(history.site, ahead), history.first)
    try:
        drive(player.world, player.live())
    except (Exception, AssertionError) as error:  # noqa: BLE001  # a crash is a finding
        player.played.wrongs.append(f"crash {type(error).__name__}: {error}"[:500])
        player.played.wrongs += player.world.wrongs()
    for event in player.world.trace:
        if event.what == "fault":
            player.played.seen[f"fault {' '.join(event.detail.split()[:2])}"] += 1
    player.played.seen.update({f"event {event.what}" for event in player.world.trace})
    player.played.digest = player.world.digest()
    return player
