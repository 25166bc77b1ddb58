"""What a lab consists of, worked out from what was asked for: pure."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path

from tests.lab.recipe import SUITE, SUITES
from tests.lab.shell import LabError

NETS = ("mgmt", "ic", "sa", "sb")  # vec0 to vec3 of a host
SAN = "san"
IQN = "iqn.2026-11.org.example"
UBD_LETTERS = "bcdefgh"  # ubda is the root disk
MOST_HOSTS = 40  # one octet holds .11 to .50, and .111 to .150 for the second addresses
MOST_LUNS = {"ubd": len(UBD_LETTERS), "san": 16}


@dataclass(frozen=True)
class Wish:
    """What `up` was asked for, in the words of its options."""

    hosts: int = field(default=3, metadata={"help": "how many; they are named node01, ..."})
    storage: str = field(
        default="ubd",
        metadata={
            "help": "ubd: shared disks of UML; san: iSCSI over two paths",
            "choices": ("ubd", "san"),
        },
    )
    luns: int = field(default=0, metadata={"help": "how many; default: as many as sizes"})
    lun_size: str = field(default="1G", metadata={"help": "512M or 2G, one for all or a list"})
    split_lun: str = field(
        default="",
        metadata={
            "help": "ubd: LUNs that are another disk on every host, under one by-id path",
            "metavar": "LUN,...",
        },
    )
    bare: str = field(
        default="",
        metadata={
            "help": "hosts without ocfs2-tools, to be installed from the lab's apt repository",
            "metavar": "all|HOST,...",
        },
    )
    no_module: str = field(
        default="",
        metadata={"help": "hosts whose kernel has no ocfs2 module", "metavar": "all|HOST,..."},
    )
    suite: str = field(
        default=SUITE,
        metadata={
            "help": f"{', '.join(SUITES)}: kernel and programs, one for all or a list",
            "metavar": "SUITE,...",
        },
    )
    subnet: str = field(default="10.88.0.0/24", metadata={"help": "the first of four /24"})
    mem: int = field(default=192, metadata={"help": "MiB per host"})
    append: str = field(default="", metadata={"help": "more kernel arguments"})


@dataclass(frozen=True)
class Lun:
    """A shared disk; `serial` is the first 25 digits of a NAA identifier's vendor part."""

    name: str
    mib: int
    serial: str
    index: int

    @property
    def wwid(self) -> str:
        """As LIO makes it from the unit serial: hence known before the SAN is up."""
        return "36001405" + self.serial

    @property
    def multipath(self) -> str:
        """The seeded alias: the same on all hosts."""
        return "mpath" + chr(ord("a") + self.index)


@dataclass(frozen=True)
class Disk:
    """A file that a host has as a ubd disk."""

    file: Path
    mib: int
    serial: str
    shared: bool


@dataclass(frozen=True)
class Nic:
    """A host's interface on one of the networks, and its tap device on this machine."""

    net: str
    tap: str
    mac: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Host:
    """One guest."""

    name: str
    suite: str
    image: str
    mem: int
    has_module: bool
    nics: tuple[Nic, ...]
    disks: tuple[Disk, ...]

    @property
    def role(self) -> str:
        """`san` or `node`."""
        return SAN if self.name == SAN else "node"

    def address(self, net: str) -> str | None:
        """Its first address on a network, if it is there at all."""
        return next((nic.addresses[0] for nic in self.nics if nic.net == net), None)


@dataclass(frozen=True)
class Plan:
    """A whole lab."""

    storage: str
    subnets: Mapping[str, IPv4Network]
    luns: tuple[Lun, ...]
    hosts: Mapping[str, Host]

    @property
    def suites(self) -> tuple[str, ...]:
        """Those that its hosts are of."""
        return tuple(sorted({host.suite for host in self.hosts.values()}))

    @property
    def controller(self) -> str:
        """This machine's own address in the lab."""
        return str(self.subnets["mgmt"][1])

    @property
    def nodes(self) -> tuple[str, ...]:
        """The hosts that are not the SAN."""
        return tuple(name for name, host in self.hosts.items() if host.role == "node")

    def lun(self, name: str) -> Lun:
        """By its name."""
        for lun in self.luns:
            if lun.name == name:
                return lun
        raise LabError(f"no LUN {name!r}; there are: {' '.join(lun.name for lun in self.luns)}")

    def host(self, name: str) -> Host:
        """By its name."""
        if name not in self.hosts:
            raise LabError(f"no host {name!r}; there are: {' '.join(self.hosts)}")
        return self.hosts[name]


def make_plan(wish: Wish, directory: Path) -> Plan:
    """Everything that is decided before anything is made; LabError if it cannot be."""
    if not 1 <= wish.hosts <= MOST_HOSTS:
        raise LabError(f"hosts must be 1 to {MOST_HOSTS}")
    names = [f"node{number:02d}" for number in range(1, wish.hosts + 1)]
    luns = make_luns(wish, directory)
    split = chosen(wish.split_lun, [lun.name for lun in luns], "--split-lun")
    if split and wish.storage != "ubd":
        raise LabError("--split-lun needs --storage ubd")
    bare = chosen(wish.bare, names, "--bare")
    without = chosen(wish.no_module, names, "--no-module")
    subnets, suites = make_subnets(wish), make_suites(wish)
    hosts = {
        name: Host(
            name,
            suites[number - 1],
            "bare" if name in bare else "full",
            wish.mem,
            name not in without,
            make_nics(number, subnets, directory),
            make_disks(name, luns, split, directory) if wish.storage == "ubd" else (),
        )
        for number, name in enumerate(names, 1)
    }
    if wish.storage == "san":
        hosts[SAN] = make_san(luns, subnets, directory)
    return Plan(wish.storage, subnets, luns, hosts)


def make_subnets(wish: Wish) -> dict[str, IPv4Network]:
    """Four /24 in a row, or only the first two when there is no SAN."""
    first = IPv4Network(wish.subnet)
    if first.prefixlen != 24 or first.network_address.packed[2] > 252:
        raise LabError("--subnet must be a /24 with room for the three after it")
    start = int(first.network_address)
    wanted = NETS if wish.storage == "san" else NETS[:2]
    return {net: IPv4Network((start + 256 * i, 24)) for i, net in enumerate(wanted)}


def make_suites(wish: Wish) -> list[str]:
    """A suite for each host, or one for all of them."""
    suites = wish.suite.split(",")
    if strange := sorted({*suites} - {*SUITES}):
        raise LabError(f"no suite {' '.join(strange)}; there are: {' '.join(SUITES)}")
    if len(suites) not in (1, wish.hosts):
        raise LabError(f"{len(suites)} suites for {wish.hosts} hosts")
    return suites * wish.hosts if len(suites) == 1 else suites


def make_luns(wish: Wish, directory: Path) -> tuple[Lun, ...]:
    """A size for each LUN, or one for all of them."""
    sizes = [mebibytes(size) for size in wish.lun_size.split(",")]
    count = wish.luns or len(sizes)
    if not 1 <= count <= MOST_LUNS[wish.storage]:
        raise LabError(f"luns must be 1 to {MOST_LUNS[wish.storage]} with {wish.storage}")
    if len(sizes) not in (1, count):
        raise LabError(f"{len(sizes)} LUN sizes for {count} LUNs")
    sizes = sizes * count if len(sizes) == 1 else sizes
    return tuple(
        Lun(f"lun{i + 1}", size, digest(directory, f"lun{i + 1}")[:25], i)
        for i, size in enumerate(sizes)
    )


def make_nics(
    number: int, subnets: Mapping[str, IPv4Network], directory: Path
) -> tuple[Nic, ...]:
    """A node is .10+N everywhere, and .110+N as well on the management network."""
    return tuple(
        Nic(
            net,
            f"{net}{number}",
            mac(directory, f"node{number}", net),
            tuple(
                str(subnet[last + number]) for last in ((10, 110) if net == "mgmt" else (10,))
            ),
        )
        for net, subnet in subnets.items()
    )


def make_disks(
    name: str, luns: Iterable[Lun], split: set[str], directory: Path
) -> tuple[Disk, ...]:
    """The LUNs of a node as ubd disks: each a shared file, or a private one if it is split."""
    return tuple(
        Disk(
            directory
            / "luns"
            / (f"{lun.name}-{name}.img" if lun.name in split else f"{lun.name}.img"),
            lun.mib,
            lun.name,
            lun.name not in split,
        )
        for lun in luns
    )


def make_san(luns: Iterable[Lun], subnets: Mapping[str, IPv4Network], directory: Path) -> Host:
    """The host that exports the LUNs; its disk is sparse and leaves them room to grow."""
    nics = tuple(
        Nic(net, f"{net}s", mac(directory, SAN, net), (str(subnets[net][250]),))
        for net in ("mgmt", "sa", "sb")
    )
    mib = 1024 + 4 * sum(lun.mib for lun in luns)
    disk = Disk(directory / "luns/san.img", mib, "sandisk", shared=False)
    return Host(SAN, SUITE, "full", 192, has_module=True, nics=nics, disks=(disk,))


def chosen(text: str, names: list[str], option: str) -> set[str]:
    """The names in a comma list; `all` stands for every one."""
    wanted = set(names) if text == "all" else {name for name in text.split(",") if name}
    if strange := wanted - set(names):
        raise LabError(f"{option}: there is no {' '.join(sorted(strange))}")
    return wanted


def mebibytes(text: str) -> int:
    """`512M` or `2G` as a number of MiB."""
    found = re.fullmatch(r"([1-9]\d*)([MG])(?:i?B)?", text.strip(), re.IGNORECASE)
    if not found:
        raise LabError(f"bad size {text!r}: use 512M or 2G")
    return int(found[1]) * (1024 if found[2] in "gG" else 1)


def mac(directory: Path, host: str, net: str) -> str:
    """A locally administered address that another lab on this machine does not have."""
    digits = digest(directory, f"{host}/{net}")
    return "52:54:" + ":".join(digits[i : i + 2] for i in range(0, 8, 2))


def digest(directory: Path, name: str) -> str:
    """Hexadecimal digits that are always the same for a thing of this lab."""
    return hashlib.sha256(f"{directory}/{name}".encode()).hexdigest()
