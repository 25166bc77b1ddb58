"""What a run sends is compressed where the host can; a look that stands alone is not."""

import pytest

from reconciler.hosts.ssh import SshShared
from reconciler.model.plan import Command
from tests.unit.hosts.ssh_server import LOOPBACK

ZLIB, NONE = "zlib@openssh.com", "none"
TRUE = Command(("true",))


async def agreed(lab, compress, config="", **options):
    """What a command's connection has agreed on with its server, and a jump host's."""
    bastion, server = await lab.serve(), await lab.serve(**options)
    lab.trust(bastion.line(), server.line())
    lab.ssh_config(config)
    lab.shared = SshShared(compress=compress)
    host = lab.host(server, jump=f"guard@{LOOPBACK}:{bastion.port}")
    await host.run(TRUE)
    links = sorted(lab.shared._links.items(), key=lambda item: len(item[0]))
    opened = [await link.open("node01") for _, link in links]
    return [connection.get_extra_info("send_compression") for connection in opened]


@pytest.mark.parametrize(
    ("compress", "config", "found"),
    [
        (True, "", ZLIB),
        (False, "", NONE),
        (True, "Compression no\n", NONE),
        (False, "Compression yes\n", NONE),
    ],
)
async def test_it_is_compressed_to_act_unless_ssh_config_says_no(lab, compress, config, found):
    assert await agreed(lab, compress, config) == [NONE, found]


async def test_a_server_that_cannot_is_sent_the_plain_text(lab):
    assert await agreed(lab, True, compression_algs=["none"]) == [NONE, NONE]
