"""Files of other programs, encodings and characters are each told as what they are."""

import os
import socket

import pytest

from reconciler.errors import SpecInvalid, UsageError
from reconciler.loading import read
from tests.unit.loading.samples import MINIMAL, refused, replaced

OTHERS = {
    "an INI file": "[cluster]\nname = images\n\n[node01]\naddress = 10.0.0.11\n",
    "an INI file of settings without blanks": "[images]\nnode01=10.0.0.11\n",
    "a TOML file": '[cluster]\nname = "images"\n',
    "a TOML file of tables": 'version = 1\n\n[[clusters]]\nname = "images"\n',
    "a file of settings": "name = images\nnode = node01\n",
    "JSON with comments": "{\n  // the cluster\n  version: 1,\n}\n",
    "o2cb's cluster.conf": "cluster:\n\tnode_count = 2\n\tname = ocfs2\n",
    "o2cb's cluster.conf by hand": "node:\n    ip_port=7777\n    name=node01\n",
    "a part of o2cb's cluster.conf": MINIMAL + "node:\n\tip_port = 7777\n\tname = node03\n",
    "a Kubernetes object": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
    "a Kubernetes object that begins with its kind": "---\nkind: Pod\napiVersion: v1\n",
    "a Compose file": "version: '3'\nservices:\n  web:\n    image: nginx\n",
    "settings of a fleet": "version: 1\ndatabase: env:DATABASE\nsource: {git: 'file:///x'}\n",
    "a file of Ansible": "- name: disks\n  hosts: all\n  tasks: []\n",
    "a file of Ansible's inventory": "all:\n  hosts:\n    node01: {}\n",
    "a Terraform file": 'resource "disk" "images" {\n  name = "x"\n}\n',
    "an fstab": "/dev/mapper/lun /srv/images ocfs2 _netdev 0 0\n",
    "a hosts file": "10.0.0.11 node01\n10.0.0.12 node02\n",
    "XML": "<?xml version='1.0'?>\n<cluster/>\n",
    "HTML": "<!DOCTYPE html>\n<html></html>\n",
    "a script": "#!/bin/sh\nmount /srv/images\n",
    "a patch": "--- a/c.yaml\n+++ b/c.yaml\n@@ -1 +1 @@\n-version: 1\n+version: 2\n",
    "Markdown": "```yaml\n" + MINIMAL + "```\n",
    "a key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbg==\n",
    "each line begins with '>'": "> version: 1\n> clusters:\n",
    "each line ends with '$'": MINIMAL.replace("\n", "$\n"),
    "each line begins with its number": "     1\tversion: 1\n     2\tclusters:\n",
    "a document that reconcile wrote": '{\n "format_version": "3"\n}\n',
}


@pytest.mark.parametrize(("what", "text"), OTHERS.items(), ids=OTHERS)
def test_a_file_of_another_program_is_told_once_by_what_it_is(what, text):
    (found,) = refused(text).problems
    said = found.message.lower().replace("(json5)", "")
    assert what.split(" of ")[0].split(" that ")[0].split(" by ")[0].lower() in said
    assert found.hint
    assert found.code == "not-desired-state"


def test_what_is_pasted_from_another_file_is_told_where_it_stands():
    (found,) = refused(OTHERS["a part of o2cb's cluster.conf"]).problems
    assert (found.line, found.column) == (12, 1)


SPACE = "indent by plain spaces"
BLANKS = {
    "an indentation": ("        size", "\u00a0" * 8 + "size", "U+00A0 (NO-BREAK SPACE)", SPACE),
    "half an indentation": ("        size", "    \u3000   size", "IDEOGRAPHIC SPACE", SPACE),
    "a blank after a colon": ("size: f", "size:\u00a0f", "U+00A0", "type a plain space"),
    "a blank after a dash": ("- label", "-\u2003label", "EM SPACE", "type a plain space"),
    "a blank at the end": ("fill", "fill\u00a0", "U+00A0", "type a plain space"),
    "nothing in a key": ("size:", "si\u200bze:", "ZERO WIDTH SPACE", "remove it"),
    "nothing before a key": ("        size", "\u200c        size", "NON-JOINER", "remove it"),
    "a mark inside": ("        size", "\ufeff        size", "BYTE ORDER MARK", "remove it"),
    "a hyphen that is not shown": ("label: ", "label: \u00ad", "SOFT HYPHEN", "remove it"),
    "a line end of its own": ("fill\n", "fill\u2028\n", "LINE SEPARATOR", "end the line"),
    "a form feed": ("        size", "\x0c        size", "FORM FEED", "end the line"),
    "a dash of a text": ("- label", "\u2013 label", "U+2013 (EN DASH)", "write '-'"),
    "a bullet": ("- label", "\u2022 label", "U+2022 (BULLET)", "write '-'"),
    "a wide colon": ("size:", "size\uff1a", "FULLWIDTH COLON", "write ':'"),
}


@pytest.mark.parametrize(("old", "new", "name", "hint"), BLANKS.values(), ids=BLANKS)
def test_a_character_that_only_looks_like_ours_is_named_where_it_stands(old, new, name, hint):
    text = replaced(old, new)
    (found,) = refused(text).problems
    assert name in found.message
    assert found.hint.startswith(hint)
    strange = text.split("\n")[found.line - 1][found.column - 1]
    assert strange == "\x0c" or not strange.isascii()


def test_a_comment_may_have_blanks_of_every_kind():
    assert "\u00a0" in (text := replaced("fill", "fill  # 800\u00a0GB \u2013 all"))
    assert refused(text.replace("/srv/images", "/etc")).problems[0].code == "mount-path"


BYTES = {
    "UTF-16": MINIMAL.encode("utf-16"),
    "UTF-32": MINIMAL.encode("utf-32"),
    "UTF-16 without mark": MINIMAL.encode("utf-16-le"),
    "gzip": b"\x1f\x8b\x08\x00",
    "a ZIP archive": b"PK\x03\x04",
    "a program": b"\x7fELF\x02\x01" + bytes(300_000),
    "the byte 0xf6": MINIMAL.encode() + b"# \xf6\n",
}


@pytest.mark.parametrize(("what", "content"), BYTES.items(), ids=BYTES)
def test_what_is_no_utf8_is_told_by_what_it_is(tmp_path, what, content):
    (tmp_path / "c.yaml").write_bytes(content)
    with pytest.raises(SpecInvalid) as raised:
        read(str(tmp_path / "c.yaml"))
    (found,) = raised.value.problems
    assert what.split(" without ")[0] in found.message
    assert found.hint


def test_a_fifo_and_a_socket_are_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("sock")
    (tmp_path / "dir").mkdir()
    for name, what in {"fifo": "a FIFO", "sock": "a socket", "dir": "a directory"}.items():
        with pytest.raises(UsageError, match=f"{name}: it is {what}.*; .*"):
            read(name)


@pytest.mark.parametrize("word", [".nan", ".NaN", ".INF", "-.inf"])
def test_a_number_that_is_none_is_told_where_it_stands(word):
    text = replaced("        size: fill\n", f"        size: fill\n        slots: {word}\n")
    (found,) = refused(text).problems
    assert (found.line, found.code) == (11, "bad-type")
