"""The kernel of a suite as a directory: the program, the C library it wants, its modules."""

import shutil
from pathlib import Path

from tests.lab.recipe import MODULES
from tests.lab.shell import ask, run

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
