"""Sizes are told in one unit within one sentence, wherever they are told."""

import re
from pathlib import Path

import pytest

import tests.golden

GOLDEN = Path(tests.golden.__file__).parent
SIZE = re.compile(r"\b\d+(?:\.\d+)? ?(bytes|KiB|MiB|GiB|TiB|PiB)\b")
# Where a sentence ends: lines, cells, elements, clauses.
SENTENCES = re.compile(r"\n|\||<[^>]*>|; |\. |: ")


@pytest.mark.parametrize(
    "path", sorted(p for p in GOLDEN.iterdir() if p.suffix != ".py"), ids=lambda path: path.name
)
def test_no_sentence_has_two_units(path):
    if path.is_dir():
        return
    mixed = [
        sentence
        for sentence in SENTENCES.split(path.read_text())
        if len(set(SIZE.findall(sentence))) > 1
    ]
    assert mixed == []
