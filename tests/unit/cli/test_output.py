"""What -o writes is what its name and --format say; a saved plan is shown without a host."""

import json
from pathlib import Path

import pytest

from reconciler.cli import run
from reconciler.cli.terminal import is_coloured
from reconciler.model.documents import checksum
from tests.unit.cli.test_facts import GOLDEN

PLAN = ["plan", "examples/minimal.yaml", "--facts", str(GOLDEN)]


def told(capsys, *words):
    """The exit code, what was printed, and what was said."""
    code = run([*words])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def shown(capsys):
    """The plan in each form, as it is printed."""
    return {
        form: told(capsys, *PLAN, "--format", form)[1]
        for form in ("text", "json", "markdown", "html", "junit", "sarif")
    }


NAMES = {
    "page.html": "html",
    "PAGE.HTM": "html",
    "plan.md": "markdown",
    "plan.xml": "junit",
    "plan.sarif": "sarif",
    "plan.sarif.json": "sarif",
    "sarif.json": "sarif",
    "plan.txt": "text",
    "page": "html",
    "out.html": "html",
}


@pytest.mark.parametrize(("name", "form"), NAMES.items())
def test_it_writes_the_form_that_was_asked_for(tmp_path, capsys, shown, name, form):
    code, out, err = told(capsys, *PLAN, "--format", form, "-o", str(tmp_path / name))
    assert (code, out) == (3, "")
    assert (tmp_path / name).read_text() == shown[form]
    assert f"saved: {tmp_path / name}, plan " in err


@pytest.mark.parametrize("name", ["p.plan.json", "p.json", "p", "plan.out", "plan.txt"])
def test_without_a_form_it_writes_the_plan_document(tmp_path, capsys, shown, name):
    code, out, _err = told(capsys, *PLAN, "-o", str(tmp_path / name))
    assert (code, out) == (3, shown["text"])
    assert (tmp_path / name).read_text() == shown["json"]


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html", "junit", "sarif"])
def test_a_name_of_a_plan_document_is_one_whatever_is_shown(tmp_path, capsys, shown, form):
    path = tmp_path / "p.plan.json"
    code, out, _err = told(capsys, *PLAN, "--format", form, "-o", str(path))
    assert (code, out, path.read_text()) == (3, shown[form], shown["json"])


CLASHES = {
    ("page.html",): "add --format html, or name it {}/page.plan.json",
    ("plan.md",): "add --format markdown, or",
    ("plan.xml", "--format", "markdown"): "name it {}/plan.md, or say --format junit",
    ("page.json", "--format", "html"): "name it {}/page.html, or say --format json",
    ("page.html", "--format", "text"): "name it {}/page.txt, or say --format html",
    ("page.html", "--format", "json"): "name it {}/page.json, or say --format html",
}


@pytest.mark.parametrize("words", CLASHES)
def test_a_clash_is_refused_before_anything_is_read(tmp_path, capsys, words):
    name, *more = words
    code, out, err = told(capsys, *PLAN, "-o", str(tmp_path / name), *more)
    assert (code, out, [*tmp_path.iterdir()]) == (64, "", [])
    assert CLASHES[words].format(tmp_path) in err


def test_facts_are_json_and_no_other_name_is_taken(tmp_path, capsys):
    words = ("observe", "examples/minimal.yaml", "-o", str(tmp_path / "facts.html"))
    code, _out, err = told(capsys, *words)
    assert (code, f"-o {tmp_path}/facts.json" in err) == (64, True)


def test_a_saved_plan_is_shown_in_every_form_without_a_host(tmp_path, capsys, shown):
    path = str(tmp_path / "p.plan.json")
    _code, _out, err = told(capsys, *PLAN, "-o", path)
    assert f"which is refused: reconcile show {path} shows it" in err
    for form, text in shown.items():
        assert told(capsys, "show", path, "--format", form) == (0, text, "")
    _code, out, _err = told(capsys, "show", path, "-v")
    assert out == told(capsys, *PLAN, "-v")[1]


def test_what_is_no_saved_plan_or_lacks_something_of_it_is_not_shown(tmp_path, capsys):
    path = tmp_path / "p.plan.json"
    assert told(capsys, "show", str(path))[0] == 64
    assert "is no saved plan" in told(capsys, "show", "examples/minimal.yaml")[2]
    told(capsys, *PLAN, "-o", str(path))
    assert (
        "--verify is for the record of a run" in told(capsys, "show", str(path), "--verify")[2]
    )
    document = json.loads(path.read_text())
    document["views"] = {}
    path.write_text(json.dumps(document | {"checksum": checksum(document)}))
    code, _out, err = told(capsys, "show", str(path))
    assert (code, "does not have what its hosts were like" in err) == (1, True)


def test_a_run_has_no_pages(tmp_path, capsys):
    code, _out, err = told(capsys, "show", "last", "--format", "html")
    assert (code, "--format html is for saved plans" in err) == (64, True)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"a": 1}', "null", "[1,2", "\x00\x01", "version: 1\n"]
)
@pytest.mark.parametrize("command", ["apply", "show"])
def test_what_is_named_as_a_saved_plan_is_never_read_as_a_desired_state(
    capsys, tmp_path, command, text
):
    file = tmp_path / "mine.plan.json"
    file.write_text(text)
    code, _out, err = told(capsys, command, str(file))
    assert code == 1
    assert "make it again: reconcile plan FILE -o P.plan.json" in err


@pytest.mark.parametrize("name", ["", "-", "--"])
def test_a_name_that_is_none_is_no_file(capsys, tmp_path, monkeypatch, name):
    file = str(Path("examples/minimal.yaml").absolute())
    monkeypatch.chdir(tmp_path)
    code, out, err = told(capsys, "plan", file, f"--output={name}")
    assert (code, out) == (64, "")
    assert "names no file" in err
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_without_colours_gets_none(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    for term, able in (("xterm", True), ("dumb", False)):
        monkeypatch.setenv("TERM", term)
        assert is_coloured(no_color=False) is able
