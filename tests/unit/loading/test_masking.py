"""A secret that stands in a file is shown nowhere."""

import pytest

from tests.unit.loading.samples import MINIMAL, refused, rendered, replaced
from tests.unit.loading.test_values import member, volume

PEM = "-----BEGIN OPENSSH PRIVATE KEY-----"
WORD = "hunter2"
FILES = {
    "a password": member("ssh: {password: hunter2}"),
    "quoted": member("ssh: {'password': 'hunter2, x'}"),
    "a passphrase": member("ssh: {identity: ~/.ssh/id, passphrase: hunter2}"),
    "a token": replaced("version: 1", "version: 1\ntoken: hunter2"),
    "an API key": replaced("version: 1", "version: 1\napi_key: hunter2"),
    "of another key on the line": member("ssh: {user: 5, password: hunter2}"),
    "beside a problem": member("ssh: {password: hunter2, user: 5}"),
    "a tag": member("ssh: {password: !hunter2 x}"),
    "an anchor": member("ssh: {password: &hunter2 x}"),
    "without a space": replaced("version: 1", "version: 1\npassword:hunter2\nx: 1"),
    "with an equals sign": replaced("version: 1", "version: 1\npassword = hunter2\nx: 1"),
    "a line of an INI file": "[images]\npassword = hunter2\n",
    "a command that only a shell reads": volume(
        "backup: {host: node1, argv: 'a --password=hunter2 | b'}"
    ),
    "a fault of the syntax": replaced("version: 1", "version: 1\npassword: hunter2: 'x"),
    "on the next line": replaced("version: 1", "version: 1\npassword:\n  hunter2: &x 1"),
    "a list": replaced("version: 1", "version: 1\ntokens:\n  - !!str hunter2"),
    "a block": replaced("version: 1", "version: 1\npassword: |\n  a\n  hunter2\x07"),
    "as a text": replaced("version: 1", "version: 1\nssh: 'password: hunter2'"),
    "a key inline": member(f'ssh: {{identity: "{PEM} hunter2"}}'),
    "a key of several lines": replaced(
        "version: 1", f"version: 1\nidentity: {PEM}\n hunter2: x\n -----END"
    ),
    "an option": volume("backup: {host: node1, argv: 'a --password=hunter2'}"),
    "an option and its value": volume("backup: {host: node1, argv: 'a --token hunter2'}"),
    "an option in a list": volume("backup: {hots: node1, argv: [a, --token, hunter2]}"),
    "a URL": volume("backup: {hots: node1, argv: [a, 'https://me:hunter2@host']}"),
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_secret_is_shown_nowhere(text):
    assert WORD in text
    assert WORD not in rendered(text)
    error = refused(text)
    assert WORD not in repr((error.lines, error.problems))


def test_the_line_is_shown_without_its_secret():
    lines = rendered(member("ssh: {password: hunter2}")).splitlines()
    assert lines[1:3] == ["        ssh: {password: ********}", "              ^~~~~~~~"]
    assert lines[3].startswith("hint: secrets never stand in this file")


@pytest.mark.parametrize("word", ["env:PASSWORD", "file:/run/password"])
def test_what_stands_for_a_secret_is_shown(word):
    line = f"backup: {{hots: node1, argv: [a, --password, {word}, --token={word}]}}"
    assert line in rendered(volume(line))


def test_lines_without_secrets_are_shown_as_they_stand():
    text = MINIMAL + "more: 1\n"
    assert refused(text).lines == tuple(text.split("\n"))
