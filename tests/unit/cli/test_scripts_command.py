"""What `reconcile scripts` prints is what runs on hosts, to the letter."""

import pytest

from reconciler.cli import run
from reconciler.gate import BEFORE, gate_command, verb_parts
from reconciler.model.gate_call import Target
from reconciler.model.scripts import travelling
from reconciler.probe import probe_command, section_parts

ALONE = sorted(set(verb_parts()) - set(BEFORE))


def printed(capsys, *words):
    assert run(["scripts", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("verb", ALONE)
def test_a_verb_is_printed_as_its_command_carries_it(verb, capsys):
    assert printed(capsys, verb) == gate_command(verb, "x").argv[2]


def test_a_verb_on_a_device_carries_the_same(capsys):
    command = gate_command("mount", "/srv", "noatime", target=Target("/dev/a"))
    assert printed(capsys, "mount") == command.argv[2]


def test_what_is_fetched_is_printed_as_its_command_carries_it(capsys):
    words = ("fetch", "install-packages")
    assert printed(capsys, *words) == gate_command(*words, "dpkg", "a").argv[2]


@pytest.mark.parametrize("only", [["live"], ["wanted", "live"]])
def test_sections_are_printed_as_the_probe_carries_them(only, capsys):
    assert printed(capsys, *only) == probe_command(only=only).argv[2]


def test_the_probe_of_everything_is_printed(capsys):
    assert printed(capsys, "probe") == probe_command().argv[2]


@pytest.mark.parametrize("words", [["mount"], ["live"]])
def test_with_comments_it_is_the_same_script(words, capsys):
    assert travelling(printed(capsys, *words, "--comments")) == printed(capsys, *words)


def test_all_are_listed_with_their_bytes(capsys):
    rows = printed(capsys).splitlines()
    assert f"{len(gate_command('mount').argv[2])}  mount" in rows
    names = {row.split()[1] for row in rows}
    assert names > set(ALONE) | set(section_parts())


def test_a_verb_is_no_section():
    assert not verb_parts().keys() & {*section_parts(), "probe"}


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["mouns"], "did you mean mounts?"),
        (["fetch", "install-package"], "did you mean fetch install-packages?"),
        (["mount", "live"], "did you mean"),
        (["as"], "reconcile scripts lists them"),
        (["xyz"], "reconcile scripts lists them"),
    ],
)
def test_anything_else_is_a_wrong_call(words, hint, capsys):
    assert run(["scripts", *words]) == 64
    assert hint in capsys.readouterr().err
