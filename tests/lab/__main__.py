"""A throw-away lab of real OCFS2 hosts, run as User-Mode Linux guests; needs root.

    build                                base images and apt repository, cached
    up --hosts 3 --storage ubd           boot a lab and wait until ssh works
    ssh node01 mounted.ocfs2 -f          run a command on a host, or log in
    exec -- COMMAND...                   run a command inside the lab's network
    kill node02; start node02            power cut, power on
    cut --net ic node03; heal node03     interconnect failure
    down                                 leave nothing behind

Networks: mgmt .0, ic .1 (interconnect) and, with a SAN, sa .2 and sb .3 (one path each).
A node is .10+N on each, the SAN .250, this machine .1.  Options go before a HOST or a command;
LAB_NETNS and LAB_DIR stand for --netns and --dir.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from tests.lab import life
from tests.lab.images import drop_old_images, ensure_images
from tests.lab.lab import BOOT_TIMEOUT, STOP_TIMEOUT, Lab
from tests.lab.network import CUTS, inside
from tests.lab.plan import Wish
from tests.lab.recipe import SUITE, SUITES
from tests.lab.shell import LabError, need_root, say
from tests.lab.ssh import ssh_command
from tests.lab.world import recorded

NETNS = "ocfs2-reconcile"


def build(args: argparse.Namespace) -> None:
    """Make the base images, unless they are current."""
    built = ensure_images(args.suite, again=args.force)
    if args.prune:
        if recorded():
            raise LabError("--prune: there are labs, which may use the older images")
        drop_old_images()
    say("images:", built["recipe"], "built in", built["took"]["built"], "s")


def up(args: argparse.Namespace) -> None:
    """Create and boot a lab; boot what is off if it is up."""
    wish = {field.name: getattr(args, field.name) for field in fields(Wish)}
    Lab.up(args.netns, owner=args.owner, directory=args.dir, timeout=args.timeout, **wish)


def log_in(args: argparse.Namespace) -> None:
    """Run a command on a host over ssh, or log in."""
    become(ssh_command(Lab(args.netns).world, args.host, args.user, *words(args.command)))


def execute(args: argparse.Namespace) -> None:
    """Run a command of this machine inside the lab's network namespace."""
    if not (command := words(args.command)):
        raise LabError("exec: no command")
    os.environ.update(Lab(args.netns).environment())
    become(inside(args.netns, *command))


def kill(args: argparse.Namespace) -> None:
    """Cut the power of hosts."""
    Lab(args.netns).kill(*args.host)


def stop(args: argparse.Namespace) -> None:
    """Shut hosts down in order."""
    Lab(args.netns).stop(*args.host, timeout=args.timeout)


def start(args: argparse.Namespace) -> None:
    """Switch hosts on and wait until they can be used."""
    Lab(args.netns).start(*args.host, timeout=0 if args.no_wait else args.timeout)


def kernel(args: argparse.Namespace) -> None:
    """Give running hosts the kernel of another suite; a reboot starts it."""
    Lab(args.netns).install_kernel(args.suite, *args.host)


def freeze(args: argparse.Namespace) -> None:
    """Stop the clock of hosts: they hang."""
    Lab(args.netns).freeze(*args.host)


def thaw(args: argparse.Namespace) -> None:
    """Let frozen hosts go on."""
    Lab(args.netns).thaw(*args.host)


def cut(args: argparse.Namespace) -> None:
    """Cut hosts off a network."""
    for host in args.host:
        Lab(args.netns).cut(host, args.net)


def heal(args: argparse.Namespace) -> None:
    """Undo every cut of hosts."""
    Lab(args.netns).heal(*args.host)


def san_grow(args: argparse.Namespace) -> None:
    """Make a LUN larger."""
    Lab(args.netns).san_grow(args.lun, args.size)


def status(args: argparse.Namespace) -> None:
    """Tell what is on, off, frozen or cut."""
    found = Lab(args.netns).status()
    if args.json:
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
        return
    lines = ["  ".join(f"{key} {found[key]}" for key in ("netns", "dir", "phase", "storage"))]
    for name, host in found["hosts"].items():
        addresses = " ".join(f"{net}={address}" for net, address in host["ip"].items())
        lines.append(
            f"{name:8} {host['state']:7} pid={host['pid'] or '-':<8} rss={host['rss_mib']}M "
            f"{host['suite']:8} {host['image']:5} {addresses}"
            + (f"  CUT: {' '.join(host['cut'])}" if host["cut"] else "")
        )
    sys.stdout.write("\n".join(lines) + "\n")


def down(args: argparse.Namespace) -> None:
    """Remove the lab, whatever state it is in."""
    if args.orphans:
        say("removed:", *(life.down_orphans() or ["nothing"]))
    elif life.down(args.netns, args.dir):
        say(f"lab {args.netns} is gone")
    else:
        say(f"no lab {args.netns}")


def become(command: list[object]) -> None:
    """Go on as another program."""
    argv = [str(word) for word in command]
    os.execvp(argv[0], argv)  # noqa: S606 - a terminal session goes on as that program


def words(command: list[str]) -> list[str]:
    """A command without the -- before it."""
    return command[1:] if command[:1] == ["--"] else command


def absolute(text: str) -> Path:
    """A path that stays the same wherever a command runs."""
    return Path(text).absolute()


def make_parser() -> argparse.ArgumentParser:
    """All verbs."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.lab",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = Verbs(parser)
    add_life_verbs(verbs)
    add_command_verbs(verbs)
    add_fault_verbs(verbs)
    return parser


def add_life_verbs(verbs: "Verbs") -> None:
    """Making a lab, looking at it, removing it."""
    verb = verbs.add("build", build)
    verb.add_argument("--suite", choices=SUITES, default=SUITE)
    verb.add_argument("--force", action="store_true", help="even if they are current")
    verb.add_argument("--prune", action="store_true", help="remove images of older recipes")
    verb = verbs.add("up", up, timeout=BOOT_TIMEOUT)
    verb.add_argument(
        "--owner",
        type=int,
        metavar="PID",
        help="a process whose end makes this lab an orphan, see down --orphans",
    )
    for field in fields(Wish):
        option = "--" + field.name.replace("_", "-")
        verb.add_argument(option, type=field.type, default=field.default, **field.metadata)
    verbs.add("status", status).add_argument("--json", action="store_true")
    verbs.add("down", down).add_argument(
        "--orphans", action="store_true", help="instead every lab whose owner is gone"
    )


def add_command_verbs(verbs: "Verbs") -> None:
    """Running commands in it."""
    verb = verbs.add("ssh", log_in)
    verb.add_argument("-l", "--user", default="root", help="root, ops or nopw")
    verb.add_argument("host")
    verb.add_argument("command", nargs=argparse.REMAINDER)
    verbs.add("exec", execute).add_argument("command", nargs=argparse.REMAINDER)


def add_fault_verbs(verbs: "Verbs") -> None:
    """What happens to hosts, networks and disks."""
    verbs.add("kill", kill).add_argument("host", nargs="+")
    verbs.add("stop", stop, timeout=STOP_TIMEOUT).add_argument("host", nargs="+")
    verb = verbs.add("start", start, timeout=BOOT_TIMEOUT)
    verb.add_argument("--no-wait", action="store_true")
    verb.add_argument("host", nargs="+")
    verb = verbs.add("kernel", kernel)
    verb.add_argument("--suite", choices=SUITES, required=True)
    verb.add_argument("host", nargs="+")
    verbs.add("freeze", freeze).add_argument("host", nargs="+")
    verbs.add("thaw", thaw).add_argument("host", nargs="+")
    verb = verbs.add("cut", cut)
    verb.add_argument(
        "--net",
        choices=CUTS,
        default="all",
        help="ic: interconnect only; all: "
        "management and interconnect (default); sa, sb, storage: SAN paths",
    )
    verb.add_argument("host", nargs="+")
    verbs.add("heal", heal).add_argument("host", nargs="+")
    verb = verbs.add("san-grow", san_grow)
    verb.add_argument("lun")
    verb.add_argument("size", help="512M or 2G: the new size; +512M: what to add")


class Verbs:
    """Sub-commands that share the options which say what lab is meant."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        self.shared = argparse.ArgumentParser(add_help=False)
        self.shared.add_argument(
            "--netns",
            default=os.environ.get("LAB_NETNS", NETNS),
            help=f"name of the lab and its namespace, {NETNS}",
        )
        self.shared.add_argument(
            "--dir", type=absolute, default=os.environ.get("LAB_DIR"), help="where its files go"
        )

    def add(
        self, name: str, function: Callable, timeout: int | None = None
    ) -> argparse.ArgumentParser:
        """One verb, done by a function whose docstring is the help."""
        verb = self.verbs.add_parser(
            name, parents=[self.shared], help=function.__doc__, description=function.__doc__
        )
        verb.set_defaults(function=function)
        if timeout:
            verb.add_argument("--timeout", type=int, default=timeout, help="seconds to wait")
        return verb


def main() -> int:
    """Run one verb; 1 if it failed, and why on stderr."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    args = make_parser().parse_args()
    try:
        need_root()
        args.function(args)
    except LabError as error:
        say(f"lab: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
