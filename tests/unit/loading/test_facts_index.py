"""A document of facts is read a host at a time, and what is strange in it is read whole."""

import json
from pathlib import Path

import pytest

from reconciler.errors import InputError
from reconciler.loading import facts_index
from reconciler.loading.facts_index import Doubtful, FactsIndex
from reconciler.loading.saved import recorded_facts

TEXT = Path("tests/golden/facts/running.json").read_text()
DOCUMENT = json.loads(TEXT)
TWO = {**DOCUMENT, "hosts": {f"n{i}": {"a": ["}", '"', "\\", "é", -1.5e3]} for i in range(99)}}
SHAPES = {
    "as it is written": TEXT,
    "in a line": json.dumps(DOCUMENT),
    "without blanks": json.dumps(TWO, separators=(",", ":")),
    "far apart": json.dumps(TWO, indent=40),
    "with letters": json.dumps(TWO, ensure_ascii=False),
    "hosts first": json.dumps(dict(reversed(DOCUMENT.items()))),
    "no hosts": json.dumps({**DOCUMENT, "hosts": {}}),
}


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_each_host_is_found_wherever_pieces_end(tmp_path, monkeypatch, text, piece):
    monkeypatch.setattr(facts_index, "PIECE", piece)
    (tmp_path / "facts.json").write_text(text)
    index = FactsIndex(str(tmp_path / "facts.json"))
    whole = json.loads(text)
    found = {
        place: {key: json.loads(index.text(span)) for key, span in hosts.items()}
        for place, hosts in index.hosts.items()
    }
    assert found == {place: whole[place] for place in ("hosts", "storage")}
    assert json.loads(index.rest) == {**whole, "hosts": {}, "storage": {}}


STRANGE = {
    "nothing": "",
    "a list": "[]",
    "cut off": TEXT[:-9],
    "cut off in a host": TEXT[:2000],
    "two documents": TEXT + "{}",
    "a host twice": '{"hosts": {"a": {}, "a": {}}}',
    "the hosts twice": '{"hosts": {"a": {}}, "hosts": {}}',
    "a host that is none": '{"hosts": {"a": 5}}',
    "hosts that are none": '{"hosts": []}',
    "a letter in a name": '{"hosts": {"é": {}}}',
    "a comma too many": '{"hosts": {"a": {},}}',
    "too deep": '{"hosts": {"a": ' + "[" * 100_000,
}


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_what_is_strange_is_left_to_who_reads_it_whole(tmp_path, text):
    (tmp_path / "facts.json").write_text(text)
    with pytest.raises(Doubtful):
        FactsIndex(str(tmp_path / "facts.json"))


def test_a_letter_in_a_name_hides_no_host(tmp_path):
    hosts = {"é": DOCUMENT["hosts"]["node01"]}
    cluster = {**DOCUMENT["clusters"][0], "hosts": {"é": "é"}}
    document = {**DOCUMENT, "hosts": hosts, "clusters": [cluster]}
    (tmp_path / "facts.json").write_text(json.dumps(document))
    assert list(recorded_facts(str(tmp_path / "facts.json")).clusters["ocfs2"].hosts) == ["é"]


TWICE = TEXT.replace('"kernel": {', '"kernel": {"running": "5", ', 1)


def test_a_key_that_stands_twice_in_a_host_is_told(tmp_path):
    (tmp_path / "facts.json").write_text(TWICE)
    facts = recorded_facts(str(tmp_path / "facts.json"))
    with pytest.raises(InputError, match="edited: the key 'running' stands twice"):
        facts.clusters["ocfs2"]


def test_a_new_file_of_the_name_is_not_mixed_with_the_old_one(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text(TEXT)
    facts = recorded_facts(str(path))
    before = dict(recorded_facts(str(path)).clusters)
    (tmp_path / "new").write_text("{}")
    (tmp_path / "new").rename(path)
    assert dict(facts.clusters) == before


def test_a_file_that_is_changed_in_its_place_is_told(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text(TEXT)
    facts = recorded_facts(str(path))
    path.write_text("{}")
    with pytest.raises(InputError, match="changed while it was read; make it again"):
        facts.clusters["ocfs2"]
