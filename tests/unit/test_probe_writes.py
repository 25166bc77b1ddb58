"""How an answer leaves a host: each write is a packet that the other end has to decrypt."""

import socket
import subprocess

from reconciler.probe import probe_command


def test_an_answer_is_written_in_whole_blocks():
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = probe_command(only=("identity", "kernel", "mounts", "leases", "pauses"))
    with here, there:
        done = subprocess.run(command.argv, stdout=there, stderr=subprocess.PIPE, check=True)
        there.shutdown(socket.SHUT_WR)
        written = list(iter(lambda: here.recv(1 << 20), b""))
    answer = b"".join(written)
    assert answer.endswith(b"@@done\n"), done.stderr
    assert len(written) <= 1 + len(answer) // 1024
