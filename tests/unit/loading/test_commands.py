"""Commands of the file are lists of words, which no shell reads."""

import pytest

from reconciler.loading import load
from tests.unit.loading.samples import MINIMAL, refused
from tests.unit.loading.test_values import volume

SCRIPT = "no shell reads it: write the lines into a script on the host, and its path here"
LISTED = "no shell reads it; write a script, or a list: [sh, -c, '{}']"
COMMANDS = {
    "a text of two commands": ("'backup images; rm x'", LISTED.format("backup images; rm x")),
    "a text with a pipe": ("'tar c /srv | gzip'", LISTED.format("tar c /srv | gzip")),
    "a pipe alone": ("'|'", SCRIPT),
    "a text of several lines": ('"backup images\\nrm x"', SCRIPT),
    "a pipe as a word": ("[tar, c, '|', gzip]", LISTED.format("tar c | gzip")),
    "a redirection as a word": ("[a, '>', /tmp/x]", LISTED.format("a > /tmp/x")),
    "an error stream as a word": ("[a, '2>&1']", LISTED.format("a 2>&1")),
    "a command as one word": (
        "['backup images']",
        "write each word as an item: [backup, images]",
    ),
    "two commands as one word": ("['a; b']", LISTED.format("a; b")),
    "a text without operators": ("'rm /tmp/*.bak'", "write a list: [rm, '/tmp/*.bak']"),
}


@pytest.mark.parametrize(("argv", "hint"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_that_only_a_shell_could_read_is_answered_with_one_for_it(argv, hint):
    text = volume(f"backup: {{host: node1, argv: {argv}}}")
    assert [problem.hint for problem in refused(text).problems] == [hint]


@pytest.mark.parametrize(
    "argv",
    [
        "[sh, -c, 'a | b']",
        "[/bin/sh, -c, a, '>']",
        "[find, /srv, -exec, rm, '{}', ';']",
        "[grep, 'a|b', /etc/x]",
        "[/opt/my tools/backup]",
        "[backup, a b]",
    ],
)
def test_words_that_a_program_may_want_are_left_alone(argv):
    argv = argv.replace("'{}', ", "x, ")
    assert load("f.yaml", volume(f"backup: {{host: node1, argv: {argv}}}"))


def test_a_command_of_systemctl_is_no_unit():
    for given in ("systemctl stop libvirtd", "['systemctl stop libvirtd']"):
        (found,) = refused(volume(f"workloads: {{services: {given}}}")).problems
        assert found.hint == "write the units alone: [libvirtd]"
    assert load("f.yaml", MINIMAL)
