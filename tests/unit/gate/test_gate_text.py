"""What travels of the gate is what its verbs need, as it is written, without what is for readers."""

from reconciler.gate import gate_source, gate_text
from reconciler.model.scripts import travelling


def test_what_travels_is_the_source_without_comments():
    source = gate_source("mount")
    assert "# " in source
    assert gate_text("mount") == travelling(source)


def test_of_a_call_within_another_both_verbs_travel():
    whole = gate_text("on", *["-"] * 5, "mount")
    assert "verb_mount()" in whole
    assert "verb_mount()" not in gate_text("on", *["-"] * 5, "nonsense")
