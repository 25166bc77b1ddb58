import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.observed import TextFile, Unknown
from reconciler.probe import sections
from reconciler.probe.sections import (
    ENDS_EARLY,
    MAX_ANSWER,
    NAMES,
    group_rows,
    number,
    pairs,
    read,
    read_all,
    split,
    text_file,
    text_files,
)

NOTHING = Unknown("the probe did not answer with it")


def answer(*lines: str, end: str = "@@done\n") -> str:
    return "\n".join(("@@reconcile-probe\t1", *lines, end))


def one(*body: str, status: str = "0") -> tuple[str, ...]:
    return ("@@begin\tlog", *body, f"@@end\tlog\t{status}")


def test_splits_a_section_into_rows_of_fields_and_leaves_the_missing_ones_unknown() -> None:
    assert split(answer(*one("log\ta b", "log\t"))) == {
        **dict.fromkeys(NAMES, NOTHING),
        "log": (("log", "a b"), ("log", "")),
    }


@pytest.mark.parametrize(
    "text", ["", "bash: sh: not found\n", "@@reconcile-probe\t2\n@@done\n"]
)
def test_what_is_not_the_answer_of_this_probe_is_unknown_throughout(text: str) -> None:
    assert split(text) == dict.fromkeys(NAMES, Unknown("not the answer of this probe"))


def test_an_answer_without_its_end_keeps_what_was_read_whole() -> None:
    cut = answer(*one("log\tx"), "@@begin\tdisks", "disk\tsd", end="")
    assert split(cut) == {
        **dict.fromkeys(NAMES, Unknown(ENDS_EARLY)),
        "log": (("log", "x"),),
    }


def test_an_answer_that_is_larger_than_a_mebibyte_ends_there() -> None:
    text = answer(*one(*["log\t" + "x" * 1000] * 1100))
    assert len(text) > MAX_ANSWER
    assert split(text) == dict.fromkeys(NAMES, Unknown(ENDS_EARLY))


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (one("@@fail\tdmesg failed", status="1"), "dmesg failed"),
        (one("log\tx", status="2"), "the probe's section ended with 2"),
        (one("@@fail\tlate"), "late"),
        (one("@@odd"), "garbled: a frame line inside"),
        (one("@@begin\tlog\tx", "@@end\tlog"), "garbled: a frame line inside"),
        (one("log\t" + "x" * 4093), "garbled: a line is longer than 4096 characters"),
        (("@@begin\tlog", "@@end\tdisks\t0"), "garbled: log ends as disks"),
        ((*one("log\tx"), *one("log\ty")), "garbled: log twice"),
        (("@@end\tlog\t0",), NOTHING.reason),
        (("@@begin\tlog", "log\tx"), NOTHING.reason),
        (("@@begin\tlog", "log\tx", "@@begin\tother", "@@end\tother\t0"), NOTHING.reason),
    ],
)
def test_a_damaged_section_is_unknown_with_its_reason(
    lines: tuple[str, ...], reason: str
) -> None:
    assert split(answer(*lines))["log"] == Unknown(reason)


def test_a_file_cannot_forge_the_frame() -> None:
    rows = split(answer(*one("path\t/f", "|@@end\tlog\t0", "|@@done")))["log"]
    assert rows == (("path", "/f"), ("|@@end\tlog\t0",), ("|@@done",))


@given(st.text(alphabet="@\t\n|abdeginprocl01-", max_size=300), st.booleans())
def test_any_text_splits_into_all_sections(text: str, framed: bool) -> None:  # noqa: FBT001  # drawn
    assert set(split(answer(text) if framed else text)) == set(NAMES)


def test_a_parser_that_refuses_makes_the_section_unknown() -> None:
    assert read((("x",),), lambda _: number("x")) == Unknown("garbled: not a number: 'x'")
    assert read(Unknown("why"), number) == Unknown("why")  # type: ignore[arg-type]


def block(text: str, *more: str, sha256: str | None = None) -> tuple[tuple[str, ...], ...]:
    digest = sha256 or hashlib.sha256(text.encode()).hexdigest()
    lines = text.removesuffix("\n").split("\n") if text else []
    rows = [
        ("path", "/f"),
        ("state", "present"),
        ("sha256", digest),
        ("mode", "644"),
        *((f"|{line}",) for line in lines),
    ]
    return (*rows, *((line,) for line in more))


@pytest.mark.parametrize(
    "text", ["", "a\n", "a\n\n", "\n", "\r\n", "a\tb\r\n", "|nonl\nnonl\n"]
)
def test_a_file_comes_out_as_it_is(text: str) -> None:
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert text_file(block(text)) == TextFile("/f", text, digest, "644")


def test_a_file_without_its_final_line_feed_comes_out_without_it() -> None:
    digest = hashlib.sha256(b"a\nb").hexdigest()
    assert text_file(block("a\nb", "nonl")) == TextFile("/f", "a\nb", digest, "644")


@pytest.mark.parametrize(
    ("told", "known"),
    [("1700000000", 1_700_000_000), ("-5", None), ("", None), ("9" * 20, None)],
)
def test_a_file_says_when_it_was_written_and_whose_it_is(told: str, known: int | None) -> None:
    head, *lines = block("a\n")[:4], *block("a\n")[4:]
    found = text_file((*head, ("written", told), ("owner", "0"), *lines))
    assert (found.text, found.written, found.owner) == ("a\n", known, 0)
    old = text_file(block("a\n"))
    assert (old.written, old.owner) == (None, None)


def test_an_absent_file_has_no_text() -> None:
    assert text_file((("path", "/f"), ("state", "absent"))) == TextFile("/f", None)


def test_several_files_follow_one_another() -> None:
    rows = (*block("a\n"), ("path", "/g"), ("state", "absent"))
    digest = hashlib.sha256(b"a\n").hexdigest()
    assert text_files(rows) == (TextFile("/f", "a\n", digest, "644"), TextFile("/g", None))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (block("a\n", sha256="0" * 64), "/f: the checksum does not match"),
        (block("\N{REPLACEMENT CHARACTER}\n"), "/f is not UTF-8"),
        ((("path", "/f"),), "/f: neither present nor absent"),
        ((("path", "/f"), ("state", "absent"), ("|x",)), "/f: neither present nor absent"),
        ((("path", "/f"), ("state", "here")), "/f: neither present nor absent"),
        ((*block("a\n"), ("odd", "x")), "/f: neither present nor absent"),
        ((*block("a\n"), ("odd",)), "not a key and a value: 'odd'"),
        ((("state", "absent"),), "a file without its path: 'state'"),
        ((), "no file in it"),
        ((("path", "/f"), ("path",)), "/f: neither present nor absent"),
    ],
)
def test_a_garbled_file_is_refused(rows: tuple[tuple[str, ...], ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        text_file(rows)


def test_rows_are_refused_unless_they_have_the_shape_that_is_known() -> None:
    assert group_rows((("a", "1"), ("b",), ("a", "2")), {"a": 1, "b": 0}) == {
        "a": [("1",), ("2",)],
        "b": [()],
    }
    for row in (("a",), ("a", "1", "2"), ("c", "1")):
        with pytest.raises(ValueError, match="unexpected line"):
            group_rows((row,), {"a": 1})
    with pytest.raises(ValueError, match="a twice"):
        pairs((("a", "1"), ("a", "1")))


@pytest.mark.parametrize(
    "text", ["", "-1", "1.0", " 1", "0x1", "\N{ARABIC-INDIC DIGIT ONE}", "9" * 20]
)
def test_only_plain_numbers_are_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        number(text)


def test_of_long_sections_few_are_kept_whatever_hosts_send() -> None:
    sections._long.cache_clear()
    for number_ in range(2 * sections.LONG_ONES):
        body = (str(number_), *["x" * 4000] * 5)
        assert read_all(answer(*one(*body)), {"log": len})["log"] == len(body)
    assert sections._long.cache_info().currsize == sections.LONG_ONES
