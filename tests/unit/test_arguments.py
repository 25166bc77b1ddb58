"""Wrong words to ``python -m tests.…`` are told in a line, before anything is played or written."""

import importlib
import runpy
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "words", "said"),
    [
        ("simulation", "--seeds 5", "not A:B with A below B: '5'"),
        ("simulation", "--seeds 9:3", "not A:B with A below B: '9:3'"),
        ("simulation", "--seeds 1:1", "not A:B"),
        ("simulation", "--seeds a:b", "not A:B"),
        ("simulation", "--processes 0", "not a count of at least one: '0'"),
        ("simulation.leases", "--seeds 5", "not A:B"),
        ("simulation.leases", "--prove 0", "not a count"),
        ("simulation.leases", "--prove -3", "not a count"),
        ("simulation.leases", "--story 1 --weaker no", "no weakening 'no'; there are: "),
        ("simulation.leases", "--weaker no", "--weaker goes with --story"),
        ("faults", "--cells create/killed,no", "no cell 'no'; there are create/killed"),
        ("faults", "soak --changes 0", "not a count"),
        ("mutants", "no", "no group no; there are: "),
        ("mutants", "-j 0", "not a count"),
        ("fuzz", "--jobs 0", "not a count"),
    ],
)
def test_a_wrong_word_is_told(module, words, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [module, *words.split()])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"tests.{module}.__main__").main()
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("word", ["--help", "no"])
def test_the_page_of_proofs_is_not_written_for_a_word(word, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["proof", word])
    with monkeypatch.context() as patch:
        patch.setattr("tests.proof.proof_page.make_page", lambda: pytest.fail("written"))
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("tests.proof", run_name="__main__")
    assert ended.value.code == (0 if word == "--help" else 2)
    capsys.readouterr()
