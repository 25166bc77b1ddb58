"""What is not sent: asyncssh's empty packets, where the cipher has no use for them."""

from reconciler.hosts.ssh import SshShared
from tests.unit.hosts.test_ssh_compression import TRUE


async def packets_of_a_command(lab, cipher):
    """How many packets the second command of a connection in ``cipher`` is sent with."""
    server = await lab.serve()
    lab.trust(server.line())
    lab.ssh_config(f"Ciphers {cipher}\n")
    lab.shared = SshShared()
    host = lab.host(server)
    await host.run(TRUE)
    (link,) = lab.shared._links.values()
    connection = await link.open("node01")
    before = connection._send_seq
    await host.run(TRUE)
    assert connection.get_extra_info("send_cipher") == cipher
    return connection._send_seq - before


async def test_an_empty_packet_goes_before_each_but_with_gcm(lab):
    plain = await packets_of_a_command(lab, "aes128-gcm@openssh.com")
    guarded = await packets_of_a_command(lab, "aes128-ctr")
    assert 0 < plain * 2 == guarded
