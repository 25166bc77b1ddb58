"""To which nodes the kernel has a connection, read off its table of sockets."""

import re
import subprocess
from pathlib import Path

import pytest

from reconciler.probe import probe_source
from tests.unit.gate.calls import SHELLS

# 10.0.0.11 is the host, 10.0.0.12 connected to it, it connected to 10.0.0.13; a socket to
# 10.0.0.14 has gone, one to 10.0.0.15 is another program's, one to 10.0.0.16 is about to be.
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0B00000A:1E61 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0B00000A:1E61 0C00000A:C350 01 00000000:00000000 02:000A7D8C 00000000     0        0 0 2
   2: 0B00000A:D431 0D00000A:1E61 01 00000000:00000000 02:000A7D8C 00000000     0        0 0 2
   3: 0B00000A:D432 0E00000A:1E61 06 00000000:00000000 03:00000B5C 00000000     0        0 0 3
   4: 0B00000A:D433 0F00000A:0016 01 00000000:00000000 02:000A7D8C 00000000     0        0 9 2
   5: 0B00000A:D434 1000000A:1E61 02 00000000:00000000 01:00000014 00000000     0        0 0 2
"""
PEERS = " ".join(f"node0{n} 10.0.0.1{n} 7777" for n in range(2, 7))


def told(shell: tuple[str, ...], table: Path, peers: str = PEERS) -> str:
    (function,) = re.findall(
        r"^connections\(\) \{.*?^\}$", probe_source(), re.MULTILINE | re.DOTALL
    )
    function = function.replace("/proc/net/tcp", str(table))
    script = f"row() {{ echo \"$*\"; }}\n{function}\npeers='{peers}' mine=7777\nconnections"
    done = subprocess.run([*shell, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_an_established_connection_of_either_side_is_a_link(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    table = tmp_path / "tcp"
    table.write_text(TABLE)
    assert told(shell, table) == "links node02,node03,\n"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("times", "said"), [(3, "node02,"), (4, "-"), (15, "-")])
def test_what_was_sent_again_and_again_without_an_answer_is_no_link(
    tmp_path: Path, shell: tuple[str, ...], times: int, said: str
) -> None:
    """As the kernel of a host has it whose peer was cut off: the socket stays open."""
    table = tmp_path / "tcp"
    cut = "   1: 0B00000A:1E61 0C00000A:C350 01 00000018:00000000 01:000002A1 {:08X} 0 0 1 4\n"
    table.write_text(TABLE.splitlines()[0] + "\n" + cut.format(times))
    assert told(shell, table) == f"links {said}\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_without_any_it_says_so_and_unread_it_says_nothing(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    table = tmp_path / "tcp"
    table.write_text(TABLE.splitlines()[0] + "\n")
    assert told(shell, table) == "links -\n"
    assert told(shell, table, "") == "links -\n"
    assert told(shell, tmp_path / "none") == ""
