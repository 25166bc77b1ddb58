"""A call of the gate as data: who asks, on which device, which verb.

``sh -c TEXT gate [as SCOPE RUN TOKEN STEP BOOT UNTIL ACTION] [on NODE WWID BYTES UUID BEATS]
VERB ARG...``: a plan knows the device, and only a run knows who it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.frozen import frozen

AS, ON = "as", "on"
PERMIT_WORDS, DEVICE_WORDS = 7, 5
# Before the words that the gate gets: sh, -c, its text, its name.
HEAD = 4
ANY = "-"


@frozen
class Target:
    """The device that a verb of the gate may touch, and no other; ``-`` is not compared.

    ``wwid`` in multipath form, ``size`` in bytes. ``beats`` are the heartbeats that are
    explained, separated by commas: ``N`` a member whose heartbeat may go on, ``N=HEX`` a block
    that somebody attested, exactly so; ``N~HEX`` one of a member that died, which the gate
    itself must have seen unchanged for twice its dead time. ``-``: nobody may beat.
    """

    node: str
    wwid: str = ANY
    size: str = ANY
    uuid: str = ANY
    beats: str = ANY

    def words(self) -> tuple[str, ...]:
        """As the gate gets them."""
        return (ON, self.node, self.wwid, self.size, self.uuid, self.beats)


@frozen
class Permit:
    """Who a command comes from: a run, with the host's token, in its order, with a last moment.

    ``scope`` is ``-`` for a member, the cluster's name on a storage host. ``until`` is an
    uptime in seconds of the boot ``boot``.
    """

    scope: str
    run: str
    token: int
    step: int
    boot: str
    until: int
    action: str

    def words(self) -> tuple[str, ...]:
        """As the gate gets them."""
        given = (self.scope, self.run, self.token, self.step, self.boot, self.until)
        return (AS, *map(str, given), self.action)


@frozen
class GateCall:
    """What the gate is asked to do; without a device where it needs none."""

    verb: str
    arguments: tuple[str, ...]
    target: Target | None = None
    permit: Permit | None = None


def is_gate(argv: Sequence[str]) -> bool:
    """Whether a command is a call of the gate."""
    return tuple(argv[:2]) == ("sh", "-c") and tuple(argv[3:4]) == ("gate",)


def gate_call(argv: Sequence[str]) -> GateCall | None:
    """The call that a command is, None if it is none of the gate's."""
    if not is_gate(argv) or len(argv) <= HEAD:
        return None
    words, permit, target = tuple(argv[HEAD:]), None, None
    if words[0] == AS and len(words) > PERMIT_WORDS:
        scope, run, token, step, boot, until, action = words[1 : PERMIT_WORDS + 1]
        permit = Permit(scope, run, int(token), int(step), boot, int(until), action)
        words = words[PERMIT_WORDS + 1 :]
    if words and words[0] == ON and len(words) > DEVICE_WORDS:
        target = Target(*words[1 : DEVICE_WORDS + 1])
        words = words[DEVICE_WORDS + 1 :]
    return GateCall(words[0], words[1:], target, permit) if words else None


def permit_program(argv: tuple[str, ...], permit: Permit, text: str = "") -> tuple[str, ...]:
    """The command as a run sends it; a program of the operator's becomes the gate's ``run``.

    ``text`` is the gate's for ``run``.
    """
    if is_gate(argv):
        return (*argv[:HEAD], *permit.words(), *argv[HEAD:])
    return ("sh", "-c", text, "gate", *permit.words(), "run", *argv)
