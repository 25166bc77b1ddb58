"""The kernel of a suite as a directory: the program, the C library it wants, its modules."""

import re
import shutil
from pathlib import Path

from tests.lab.recipe import MODULES
from tests.lab.shell import LabError, ask, run

LOADER = "ld-linux-x86-64.so.2"


def unpack_kernel(debs: Path, target: Path, final: Path) -> Path:
    """Put the program below ``target``, able to run from ``final``; where all its modules are.

    ``debs`` has user-mode-linux and libc6 of one suite. A suite newer than this machine wants
    a newer C library than is installed here: then the program is told to use its own.
    """
    uml, libc = target / "uml", target / "libc"
    for name, place in (("user-mode-linux", uml), ("libc6", libc)):
        run("dpkg-deb", "-x", next(debs.glob(f"{name}_*.deb")), place, timeout=120)
    linux = target / "linux"
    shutil.copy(uml / "usr/bin/linux.uml", linux)
    if ask(linux, "--version").returncode:
        library = next(libc.rglob(LOADER)).resolve().parent
        shutil.copytree(library, target / "lib", symlinks=True)
        own = ("--set-interpreter", final / "lib" / LOADER, "--set-rpath", final / "lib")
        run("patchelf", *own, linux)
    shutil.rmtree(libc)
    return next((uml / "usr/lib/uml/modules").iterdir())


def keep_modules(source: Path, target: Path) -> None:
    """Copy the wanted kernel modules and what they depend on."""
    needs, path_of = {}, {}
    for line in (source / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
        path_of[Path(path).name.split(".")[0].replace("-", "_")] = path
    wanted, todo = set(), [path_of[name] for name in MODULES if name in path_of]
    while todo:
        path = todo.pop()
        if path not in wanted:
            wanted.add(path)
            todo += needs[path]
    for path in [*wanted, "modules.order", "modules.builtin", "modules.builtin.modinfo"]:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, target / path)


# Where sk_clone empties sk_user_data if it is marked, as the compilers of both suites have it:
# testb $1, OFFSET(register); je over what stores 0 at OFFSET(register).
UNLESS_MARKED = re.compile(
    rb"(?:\x41\xf6\x84\x24|\xf6[\x80-\x87])(..\x00\x00)\x01(\x74)"
    rb"(?:\x0c\x49\xc7\x84\x24\1\x00{4}|\x09\x31.\x48\x89[\x80-\xbf]\1)",
    re.DOTALL,
)
JMP = b"\xeb"


def mend_clone(linux: Path) -> None:
    """Let a new socket have its listener's sk_user_data, as it does where functions are aligned.

    UML does not align them. If the address of sock_def_readable is odd, the kernel takes it for
    marked and hides it from new sockets, and a member dies of what another one sends
    (`reconcile manual kernels`, 1).
    """
    program = linux.read_bytes()
    places = [found.start(2) for found in UNLESS_MARKED.finditer(program)]
    if len(places) != 1:
        raise LabError(f"{linux.name}: {len(places)} places look like sk_clone's")
    (place,) = places
    linux.write_bytes(program[:place] + JMP + program[place + 1 :])
