"""Commands without the imports: a process that has the program loaded forks one for each.

What runs is the same command line in a process of its own, with real streams, signals and an exit
code. What is about the start, the interpreter or its environment runs ``python -c`` instead. What
such a command starts of this interpreter is a copy of itself, which has the program loaded too.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
import warnings
from asyncio.base_subprocess import BaseSubprocessTransport
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import NoReturn

ROOT = Path(__file__).parents[1]
# ``serve`` returns in each fork, so that a command ends as it does else: with the interpreter.
PROGRAM = """\
from tests.fork_server import serve
serve({number})
from reconciler.__main__ import main
main()"""
BASE = {"PATH": "/usr/bin:/bin", "NO_COLOR": "1"}
STREAMS = {"stdin": "r", "stdout": "w", "stderr": "w"}
REQUEST = 100_000  # bytes: words, directory and environment
LINE = 64 << 10  # bytes, as asyncio has it
NUMBER = 20  # bytes of a number in words


async def fork(words, cwd, env, **streams) -> asyncio.subprocess.Process:
    """The command ``reconcile WORDS``; ``stdin`` and the like are as for any process of asyncio."""
    loop = asyncio.get_running_loop()
    protocol = asyncio.subprocess.SubprocessStreamProtocol(LINE, loop)
    request = json.dumps({"words": list(words), "cwd": str(cwd), "env": env})
    ready = loop.create_future()
    transport = _Transport(loop, protocol, request, False, **streams, bufsize=0, waiter=ready)
    await ready
    return asyncio.subprocess.Process(transport, protocol, loop)


class _Transport(BaseSubprocessTransport):
    """Where asyncio would start a program, the server is asked for a fork."""

    def _start(self, args, shell, stdin, stdout, stderr, bufsize):  # noqa: PLR0913, PLR0917  # asyncio's
        ours, theirs = {}, []
        for name, wish in zip(STREAMS, (stdin, stdout, stderr), strict=True):
            mine, other = _opened(name, wish)
            ours[name] = mine
            theirs.append(other)
        told, tells = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with tells:
            socket.send_fds(_server(), [args.encode()], [*theirs, tells.fileno()])
        for number in theirs:
            os.close(number)
        self._proc = _Child(int(told.recv(NUMBER)), **ours)
        told.setblocking(False)
        self._loop.add_reader(told, self._hear, told)

    def _hear(self, told):
        self._loop.remove_reader(told)
        with told:
            self._proc.returncode = int(told.recv(NUMBER))
        self._process_exited(self._proc.returncode)


def _opened(name, wish):
    """Our end of a stream, or None; and theirs, which is to be closed."""
    if wish == subprocess.PIPE:
        ends = os.pipe()
        read = name == "stdin"
        return os.fdopen(ends[read], "wb" if read else "rb", 0), ends[not read]
    if wish == subprocess.DEVNULL:
        return None, os.open(os.devnull, os.O_RDWR)
    return None, os.dup(wish if isinstance(wish, int) else wish.fileno())


class _Child:
    """What a transport asks of a ``Popen``."""

    def __init__(self, pid, stdin, stdout, stderr):
        self.pid, self.stdin, self.stdout, self.stderr = pid, stdin, stdout, stderr
        self.returncode = None

    def poll(self):
        return self.returncode

    def send_signal(self, number):
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


@cache
def _server() -> socket.socket:
    """Where this process asks for its forks; it begins with the first of them."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * REQUEST)
    with theirs:
        number = theirs.fileno()
        argv = [sys.executable, "-c", PROGRAM.format(number=number)]
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(argv, pass_fds=[number], stdin=nothing, cwd=ROOT, env=BASE)
    atexit.register(lambda: (ours.close(), process.wait()))
    return ours


def serve(number: int) -> None:
    """Forks a process for each request, in which it returns; ends with whoever asks."""
    _load()
    control = socket.socket(fileno=number)
    wake, woken = os.pipe2(os.O_NONBLOCK)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    running: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control, wake], [], [])
        if wake in ready:
            os.read(wake, REQUEST)
            _tell_ends(running)
        if control not in ready:
            continue
        request, numbers, _, _ = socket.recv_fds(control, REQUEST, len(STREAMS) + 1)
        if not request:
            os._exit(0)
        tells = socket.socket(fileno=numbers.pop())
        if (pid := os.fork()) == 0:
            for held in (control, tells, *running.values()):
                held.close()
            _become(numbers, (wake, woken), **json.loads(request))
            return
        running[pid] = tells
        tells.send(str(pid).encode())
        for passed in numbers:
            os.close(passed)


def _load() -> None:
    """All that a command could import, but for what runs when it is imported."""
    import reconciler  # noqa: PLC0415  # by the server only

    for module in walk_packages(reconciler.__path__, "reconciler."):
        if ".migrations." not in module.name:
            import_module(module.name)
    gc.collect()
    gc.freeze()


def _tell_ends(running: dict[int, socket.socket]) -> None:
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            pid, status = found
            with running.pop(pid) as tells, suppress(BrokenPipeError):
                tells.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(numbers, wakers, words, cwd, env) -> None:
    """What an interpreter is that was just started with these words."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for place, number in enumerate(numbers):
        os.dup2(number, place)
    for number in (*numbers, *wakers):
        os.close(number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = ["-c", *words]
    asyncio.create_subprocess_exec = start_program
    for place, (name, mode) in enumerate(STREAMS.items()):
        stream = _stream(place, mode, getattr(sys, name))
        setattr(sys, f"__{name}__", stream)
        setattr(sys, name, stream)


def _stream(number: int, mode: str, old: io.TextIOWrapper) -> io.TextIOWrapper:
    """As the interpreter makes it (create_stdio in CPython's pylifecycle.c)."""
    raw = open(number, f"{mode}b", closefd=False)  # noqa: SIM115  # until the process ends
    lines = old is sys.__stderr__ or os.isatty(number)
    return io.TextIOWrapper(raw, old.encoding, old.errors, newline="\n", line_buffering=lines)


async def start_program(*argv, **streams) -> asyncio.subprocess.Process:
    """As asyncio does; the words of a program for this interpreter are run by a copy of us."""
    if argv[:3] != (sys.executable, "-P", "-c"):
        return await asyncio.subprocess.create_subprocess_exec(*argv, **streams)
    loop = asyncio.get_running_loop()
    protocol = asyncio.subprocess.SubprocessStreamProtocol(LINE, loop)
    transport = _Copy(loop, protocol, argv[3:], False, None, None, None, 0, **streams)
    return asyncio.subprocess.Process(transport, protocol, loop)


class _Copy(BaseSubprocessTransport):
    """A copy of this process, which goes on with a program of its own."""

    def __init__(self, *args, stdin, pass_fds):
        assert stdin == subprocess.DEVNULL
        self._kept = pass_fds
        super().__init__(*args)

    def _start(self, args, shell, stdin, stdout, stderr, bufsize):  # noqa: PLR0913, PLR0917  # asyncio's
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            # A thread of the database may be at work, which the copy has nothing to do with.
            warnings.simplefilter("ignore", DeprecationWarning)
            if (pid := os.fork()) == 0:
                _go_on(*args, kept=self._kept)
        self._proc = _Child(pid, None, None, None)
        number = os.pidfd_open(pid)
        self._loop.add_reader(number, self._hear, number)

    def _hear(self, number):
        self._loop.remove_reader(number)
        os.close(number)
        _pid, status = os.waitpid(self._proc.pid, 0)
        self._proc.returncode = os.waitstatus_to_exitcode(status)
        self._process_exited(self._proc.returncode)


def _go_on(program: str, *words: str, kept: tuple[int, ...]) -> NoReturn:
    """What an interpreter does that was just started with these words, inside of a loop that stands."""
    code = 1
    try:
        gc.freeze()  # nothing of the loop ends: its numbers of files are those of others soon
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        low = 3
        for number in (*sorted(kept), os.sysconf("SC_OPEN_MAX")):
            os.closerange(low, number)
            low = number + 1
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        # Its command line is ours: what it is for is told by the name of its module.
        module = program.partition(" import ")[0]
        Path("/proc/self/comm").write_text(module.rpartition(".")[2])
        asyncio._set_running_loop(None)
        sys.argv = ["-c", *words]
        exec(program, {"__name__": "__main__"})  # noqa: S102  # as the interpreter would
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else bool(end.code)
    except BaseException:  # noqa: BLE001  # nobody is above us
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
