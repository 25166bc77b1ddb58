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


# o2net_listen_data_ready where sk_user_data is empty: what it loads then, to be called, is itself.
# (test rbx,rbx; jne +9; mov sk_data_ready(rdi),rbx; jmp)
CALLS_ITSELF = re.compile(rb"(\x48\x85\xdb\x75\x09)\x48\x8b\x9f..\x00\x00(\xeb)", re.DOTALL)
CALLS_NOBODY = bytes.fromhex("0f1f8000000000")  # a nop of the same length


def mend_listener(modules: Path) -> None:
    """Let o2net take a connection that ends early as it does where functions are aligned.

    UML does not align them. If the address of sock_def_readable is odd, the kernel takes it for
    marked and hides it from new sockets, and a member dies of a greeting that comes early
    (`reconcile manual kernels`, 1).
    """
    (path,) = modules.rglob("ocfs2_nodemanager.ko")
    module, count = CALLS_ITSELF.subn(
        lambda found: found[1] + CALLS_NOBODY + found[2], path.read_bytes()
    )
    if count != 1:
        raise LabError(f"{path.name}: {count} places look like o2net's listener")
    path.write_bytes(module)
