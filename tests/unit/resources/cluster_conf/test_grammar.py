import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.resources.cluster_conf.grammar import (
    Conf,
    ConfCluster,
    ConfInvalid,
    Node,
    parse_conf,
    render_conf,
)

CLUSTER = "cluster:\n\tnode_count = 1\n\tname = ocfs2\n"
NODE = (
    "node:\n\tip_port = 7777\n\tip_address = 10.0.0.10\n\tnumber = 0\n\tname = flexnode01\n"
    "\tcluster = ocfs2\n"
)
FLEXNODE01 = Node("flexnode01", 0, "10.0.0.10", 7777, "ocfs2")
FLEXNODE02 = Node("flexnode02", 1, "10.0.0.11", 7777, "ocfs2")
ONE = Conf((ConfCluster("ocfs2", 1),), (FLEXNODE01,))

# The file in the guide's chapter on removing a host, before and after.
CLASSIC = """\
node:
	ip_port = 7777
	ip_address = 10.0.0.10
	number = 0
	name = flexnode01
	cluster = ocfs2

node:
	ip_port = 7777
	ip_address = 10.0.0.11
	number = 1
	name = flexnode02
	cluster = ocfs2

cluster:
	node_count = 2
	name = ocfs2
"""
RENUMBERED = """\
node:
	ip_port = 7777
	ip_address = 10.0.0.11
	number = 0
	name = flexnode02
	cluster = ocfs2

cluster:
	node_count = 1
	name = ocfs2
"""


def test_the_classic_file_is_written_byte_for_byte_whatever_the_order_of_the_nodes() -> None:
    assert render_conf("ocfs2", [FLEXNODE02, FLEXNODE01]) == CLASSIC
    moved = Node("flexnode02", 0, "10.0.0.11", 7777, "ocfs2")
    assert render_conf("ocfs2", [moved]) == RENUMBERED


def test_the_classic_file_is_read() -> None:
    assert parse_conf(CLASSIC) == Conf(
        (ConfCluster("ocfs2", 2, "local"),), (FLEXNODE01, FLEXNODE02)
    )


@pytest.mark.parametrize(
    "text",
    [
        f"{NODE}\n{CLUSTER}",
        f"{CLUSTER}\n{NODE}",
        f"{NODE}{CLUSTER}",
        f"{NODE}\n\n\n{CLUSTER}\n\n",
        f"{NODE}{CLUSTER}".replace("\t", "    "),
        f"{NODE}{CLUSTER}".replace("\t", " \t "),
        f"{NODE}{CLUSTER}".replace(" = ", "="),
        f"{NODE}{CLUSTER}".replace("\n", "  \n"),
        f"# ours\n{NODE}# theirs\n{CLUSTER}#",
        f"{NODE}{CLUSTER}"[:-1],
        f"{NODE}\tcolour = blue\n{CLUSTER}",
        f"{NODE}{CLUSTER}\tcolour = blue\n",
        f"{NODE}{CLUSTER}{NODE.replace('= ocfs2', '= other').replace('flexnode01', 'x')}",
    ],
    ids=[
        "blank line between", "cluster first", "no blank line", "many blank lines", "spaces",
        "mixed indentation", "no spaces around =", "trailing spaces", "comments",
        "no final line feed", "unknown node attribute", "unknown cluster attribute",
        "node of another cluster",
    ],
)  # fmt: skip
def test_what_the_tools_accept_is_accepted(text: str) -> None:
    assert parse_conf(text) == ONE


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (NODE.replace("\tip_port", "ip_port") + CLUSTER, 2),
        (NODE.replace("\tnumber", "\n\tnumber") + CLUSTER, 5),
        (NODE.replace("\tnumber", "\t# note\n\tnumber") + CLUSTER, 4),
        (NODE.replace("number = 0", "number = 0 # first") + CLUSTER, 4),
        ((NODE + CLUSTER).replace("\n", "\r\n"), 1),
        (NODE.replace("flexnode01\n", "flexnode01\r\n") + CLUSTER, 5),
        (NODE + NODE.replace("number = 0", "number = 1") + CLUSTER, 7),
        (NODE + CLUSTER + CLUSTER, 10),
        (NODE + CLUSTER.replace("\tnode_count = 1\n", ""), 7),
        (NODE + CLUSTER.replace("\tname = ocfs2\n", ""), 7),
        (NODE.replace("10.0.0.10", "flexnode01") + CLUSTER, 3),
        (NODE.replace("10.0.0.10", "fd00::1") + CLUSTER, 3),
        (NODE.replace("number = 0", "number = 256") + CLUSTER, 4),
        (NODE.replace("number = 0", "number = -1") + CLUSTER, 4),
        (NODE.replace("7777", "70000") + CLUSTER, 2),
        (NODE.replace("\tcluster = ocfs2\n", "") + CLUSTER, 1),
        (NODE.replace("name = flexnode01", "name =") + CLUSTER, 1),
        (NODE.replace("number = 0", "number") + CLUSTER, 4),
        (f"\tname = x\n{NODE}{CLUSTER}", 1),
        (f"host:\n{NODE}{CLUSTER}", 1),
    ],
    ids=[
        "unindented attribute", "blank line inside", "indented comment", "trailing comment",
        "CRLF", "CRLF once", "node twice", "cluster twice", "no node_count", "no cluster name",
        "host name as address", "IPv6", "number above 255", "negative number",
        "port above 65535", "node without cluster", "empty name", "no value",
        "attribute outside", "unknown stanza",
    ],
)  # fmt: skip
def test_what_the_tools_refuse_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ConfInvalid) as caught:
        parse_conf(text)
    assert caught.value.line == line


def test_what_the_tools_let_pass_is_left_to_the_checks() -> None:
    text = (
        f"{NODE}{NODE.replace('flexnode01', 'flexnode02')}{CLUSTER.replace('= 1', '= 9')}"
        "\theartbeat_mode = global\n\nheartbeat:\n\tregion = AB\n\tcluster = ocfs2\n"
    )
    twin = Node("flexnode02", 0, "10.0.0.10", 7777, "ocfs2")
    assert parse_conf(text) == Conf((ConfCluster("ocfs2", 9, "global"),), (FLEXNODE01, twin))


def test_an_empty_file_has_no_cluster() -> None:
    assert parse_conf("") == Conf((), ())


nodes = st.builds(
    Node,
    name=st.from_regex(r"[a-z][a-z0-9-]{0,62}", fullmatch=True),
    number=st.integers(0, 254),
    ip=st.ip_addresses(v=4).map(str),
    port=st.integers(1, 65535),
    cluster=st.just("c1"),
)


@given(st.lists(nodes, max_size=8, unique_by=lambda node: node.name))
def test_what_is_written_is_read_back_the_same(found: list[Node]) -> None:
    expected = Conf(
        (ConfCluster("c1", len(found)),), tuple(sorted(found, key=lambda node: node.number))
    )
    assert parse_conf(render_conf("c1", found)) == expected


@given(st.text(alphabet="\t\n\r #:=cluster0nodenam1.", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    lines = range(1, text.count("\n") + 2)
    with contextlib.suppress(ConfInvalid):
        assert len(parse_conf(text).nodes) <= len(lines)
