"""All states of larger configurations, by the same moves as ``search``: the loop is in C, the moves are not.

``exhaust.c`` asks here once for each pair of values what may happen to them; what it gets comes out
of ``lock_model``, and that out of the product's own ``decide``. It needs a C compiler.
"""

from __future__ import annotations

import ctypes
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.model.lock_model import PRODUCT, Host, Moves, Protocol, Run
from tests.model.symmetry import renamed, symmetries

SOURCE = Path(__file__).with_name("exhaust.c")
MOST, SWAPS = 8, 720
# Bits of a host's value and of a run's, so that all of them fit into 64.
BITS = {1: (8, 12), 2: (9, 12), 3: (9, 12)}
EVENTS = ("", "grant", "start", "start again", "start sealed", "lock")
WRONG = ("", "S1", "S2", "S3", "S4")
TOO_SMALL = 9
STEPS = 4_000_000

ASK = ctypes.CFUNCTYPE(ctypes.c_int32, *(ctypes.c_int32,) * 5)
Numbered = ctypes.c_int32 * (1 << 14)


class CStep(ctypes.Structure):
    """As ``struct step``; the first of a list has their number in ``event``."""

    _fields_ = [("host", ctypes.c_int32), ("run", ctypes.c_int32), ("event", ctypes.c_int32)]


class CModel(ctypes.Structure):
    """As ``struct model``."""

    _fields_ = [
        *((name, ctypes.c_int32) for name in ("hosts", "runs", "host_bits", "run_bits")),
        *((name, ctypes.c_int32) for name in ("swaps", "table_bits")),
        ("parts", ctypes.c_int32 * MOST * SWAPS),
        ("ask", ASK),
        ("steps", ctypes.POINTER(CStep)),
        *((n, ctypes.POINTER(ctypes.c_int32)) for n in ("run_hosts", "run_dirty")),
        ("host_running", ctypes.POINTER(ctypes.c_int32)),
        *((name, ctypes.c_uint64) for name in ("states", "transitions", "depth", "widest")),
        ("wrong", ctypes.c_int32),
        ("wrong_state", ctypes.c_uint64),
    ]


@dataclass(frozen=True)
class Exhausted:
    """What a configuration has: seconds of one core, peak memory of its process in MiB."""

    hosts: str
    lists: tuple[str, ...]
    states: int
    transitions: int
    depth: int
    symmetries: int
    seconds: float
    mebibytes: int
    wrong: str = ""


def has_compiler() -> bool:
    """Whether there is what makes a library of ``exhaust.c``."""
    return shutil.which("cc") is not None


def exhaust(
    names: str, lists: tuple[str, ...], table_bits: int = 24, protocol: Protocol = PRODUCT
) -> Exhausted:
    """Look at all states, in this process, which has not done so before.

    The table has room for 15 of 16 parts of two to the power of ``table_bits``, at 8 bytes each.
    Raises OverflowError when there are more states, or more values than their bits can tell.
    """
    found = Exhaustion(names, lists, protocol)
    started = time.process_time()
    model = found.run(table_bits)
    if model.wrong == TOO_SMALL:
        raise OverflowError(f"more than {model.states:,} states at depth {model.depth}")
    return Exhausted(
        names,
        lists,
        model.states,
        model.transitions,
        model.depth,
        len(found.orders),
        round(time.process_time() - started, 1),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        WRONG[model.wrong],
    )


class Exhaustion:
    """The moves of a configuration by numbers, computed when they are asked for."""

    def __init__(self, names: str, lists: tuple[str, ...], protocol: Protocol) -> None:
        self.moves = Moves(names, lists, protocol)
        self.host_bits, self.run_bits = BITS[max(len(names), len(lists))]
        self.orders = tuple(symmetries(self.moves))
        self.parts = (*self.moves.names, *self.moves.runs)
        self.swaps = [order for order in self.orders if order != self.parts]
        self.run_hosts, self.run_dirty, self.host_running = Numbered(), Numbered(), Numbered()
        self.steps, self.used = (CStep * STEPS)(), 0
        self.host_values: list[Host] = []
        self.run_values: list[Run] = []
        self.errors: list[Exception] = []
        self.host_number, self.run_number = cache(self._host_number), cache(self._run_number)
        answers: Sequence[Callable[[int, int, int, int], int]] = (
            self._between,
            self._by_itself,
            self._alone,
            self._outdated,
            self._soiled,
            self._renamed_host,
            self._renamed_run,
        )
        self.answers = answers

    def run(self, table_bits: int) -> CModel:
        """What ``exhaust.c`` finds from the first state on."""
        sizes = len(self.moves.names), len(self.moves.runs)
        self.model = model = CModel(*sizes, self.host_bits, self.run_bits)
        model.swaps, model.table_bits = len(self.swaps), table_bits
        for swap, order in enumerate(self.swaps):
            for part, name in enumerate(self.parts):
                model.parts[swap][part] = order.index(name)
        model.ask = ASK(self._answer)
        model.steps = ctypes.cast(self.steps, ctypes.POINTER(CStep))
        for name in ("run_hosts", "run_dirty", "host_running"):
            values = ctypes.cast(getattr(self, name), ctypes.POINTER(ctypes.c_int32))
            setattr(model, name, values)
        _library().exhaust(ctypes.byref(model), ctypes.c_uint64(self._first()))
        if self.errors:
            raise self.errors[0]
        return model

    def _first(self) -> int:
        numbers = [(self.host_number(Host()), self.host_bits) for _ in self.moves.names]
        new = (self.moves.new(name) for name in self.moves.runs)
        numbers += [(self.run_number(run), self.run_bits) for run in new]
        state = shift = 0
        for number, bits in numbers:
            state, shift = state | number << shift, shift + bits
        return state

    def _answer(self, kind: int, *about: int) -> int:
        """An error cannot pass through C: it ends the search when that comes back."""
        try:
            return self.answers[kind](*about)
        except Exception as error:  # noqa: BLE001  # raised again by whoever began the search
            self.errors.append(error)
            self.model.wrong = TOO_SMALL
            return 0

    # ---- values and their numbers ----------------------------------------------------------

    def _host_number(self, host: Host) -> int:
        number = len(self.host_values)
        self.host_values.append(host)
        self.host_running[number] = self._place(host.running)
        return _within(number, self.host_bits)

    def _run_number(self, run: Run) -> int:
        number = len(self.run_values)
        self.run_values.append(run)
        self.run_hosts[number] = sum(1 << self.moves.names.index(where) for where in run.hosts)
        self.run_dirty[number] = run.dirty
        return _within(number, self.run_bits)

    def _place(self, run: str) -> int:
        return self.moves.runs.index(run) + 1 if run else 0

    # ---- what may happen -------------------------------------------------------------------

    def _list(self, steps: Iterable[tuple[int, int, str]]) -> int:
        """Where these are kept."""
        kept, start = tuple(dict.fromkeys(steps)), self.used
        for number, step in enumerate(((0, 0, len(kept)), *kept)):
            host, run, event = step
            code = event if isinstance(event, int) else EVENTS.index(event)
            self.steps[start + number] = CStep(host, run, code)
        self.used += len(kept) + 1
        return start

    def _between(self, run: int, value: int, place: int, host: int) -> int:
        moves = self.moves
        name, where = moves.runs[run], moves.names[place]
        steps = moves.between(name, self.run_values[value], where, self.host_values[host])
        return self._list(
            (self.host_number(step.host), self.run_number(step.run), step.event)
            for step in steps
        )

    def _by_itself(self, run: int, value: int, *_: int) -> int:
        steps = self.moves.by_itself(self.moves.runs[run], self.run_values[value])
        return self._list((0, self.run_number(after), "") for label, after in steps)

    def _alone(self, place: int, host: int, *_: int) -> int:
        steps = self.moves.alone(self.moves.names[place], self.host_values[host])
        return self._list((self.host_number(after), 0, "") for _, after in steps)

    def _outdated(self, run: int, place: int, *_: int) -> int:
        moves = self.moves
        return self.run_number(moves.outdated(self.run_values[run], moves.names[place]))

    def _soiled(self, run: int, starter: int, *_: int) -> int:
        values = self.run_values
        return self.run_number(self.moves.soiled(values[run], values[starter]))

    def _renamed_host(self, host: int, swap: int, *_: int) -> int:
        return self.host_number(self._other_names(self.host_values[host], swap))

    def _renamed_run(self, run: int, swap: int, *_: int) -> int:
        return self.run_number(self._other_names(self.run_values[run], swap))

    def _other_names(self, value: Host | Run, swap: int) -> Any:
        return renamed(value, self.moves, self.swaps[swap])


def _within(number: int, bits: int) -> int:
    if number >> bits:
        raise OverflowError(f"more values than {bits} bits can tell")
    return number


def _library() -> ctypes.CDLL:
    """Compiled anew: a file of its own each time, so that no process finds another's tables."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "exhaust.so")
        cc = shutil.which("cc") or "cc"
        subprocess.run([cc, "-O2", "-shared", "-fPIC", "-o", made, SOURCE], check=True)
        return ctypes.CDLL(str(made))
