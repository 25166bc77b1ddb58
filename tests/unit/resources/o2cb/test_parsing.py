import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.observed import Unit
from reconciler.resources.o2cb.parsing import parse_settings, parse_units, render_settings

FILE = """\
#
# O2CB_ENABLED: 'true' means to load the driver on boot.
O2CB_ENABLED=false

  O2CB_BOOTCLUSTER="ocfs2" # the cluster
export O2CB_IDLE_TIMEOUT_MS='30000'
#O2CB_STACK=o2cb
O2CB_OTHER=keep me
O2CB_EMPTY=
"""


def test_units_are_read_in_order() -> None:
    rows = (
        ("unit", "o2cb.service", "loaded", "active", "exited", "enabled"),
        ("unit", "iscsid.service", "not-found", "inactive", "dead", "disabled"),
    )
    assert parse_units(rows) == (
        Unit("o2cb.service", "loaded", "active", "exited", enabled=True),
        Unit("iscsid.service", "not-found", "inactive", "dead", enabled=False),
    )


def test_what_came_of_a_unit_since_the_boot_is_read_where_it_is_told() -> None:
    names = ("a.service", "b.service", "c.service", "d.service")
    rows = [("unit", name, "loaded", "inactive", "dead", "enabled") for name in names]
    rows += [("since", "a.service", "ran"), ("since", "b.service", "missed")]
    rows += [("boot", "b.service", "5", "/x"), ("since", "c.service", "unmet")]
    found = [(unit.since_boot, unit.written, unit.link) for unit in parse_units(tuple(rows))]
    assert found == [
        ("ran", None, ""),
        ("missed", 5, "/x"),
        ("unmet", None, ""),
        ("", None, ""),
    ]


@pytest.mark.parametrize(
    "row",
    [
        ("unit", "x", "loaded", "active", "exited", "maybe"),
        ("unit", "x"),
        ("odd",),
        ("since", "x", "perhaps"),
        ("since", "x"),
    ],
)
def test_garbled_units_are_refused(row: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="unexpected"):
        parse_units((row,))


def test_settings_are_read_as_a_shell_reads_them() -> None:
    assert parse_settings(FILE) == {
        "O2CB_ENABLED": "false",
        "O2CB_BOOTCLUSTER": "ocfs2",
        "O2CB_IDLE_TIMEOUT_MS": "30000",
        "O2CB_OTHER": "keep",
        "O2CB_EMPTY": "",
    }


@pytest.mark.parametrize(
    ("line", "value"),
    [("K=a", "a"), ("K=a#b", "a#b"), ("K=a #b", "a"), ("K= a", ""), ("K='it''s'", "its"),
     ("K=#a", "#a"), ('K="a b" c', "a b"), ("K='odd", ""), ("K=a\r", "a\r"), ("K=a;b", "a")],
)  # fmt: skip
def test_one_setting(line: str, value: str) -> None:
    assert parse_settings(line) == {"K": value}


def test_the_last_of_a_setting_counts() -> None:
    assert parse_settings("K=a\nK=b\n") == {"K": "b"}


def test_only_our_keys_are_changed_and_all_else_stays() -> None:
    wanted: dict[str, str | int] = {
        "O2CB_ENABLED": "true",
        "O2CB_BOOTCLUSTER": "ocfs2",
        "O2CB_IDLE_TIMEOUT_MS": 20000,
        "O2CB_HEARTBEAT_THRESHOLD": 31,
    }
    expected = FILE.replace("ENABLED=false", "ENABLED=true").replace("='30000'", "=20000")
    assert render_settings(FILE, wanted) == expected + "O2CB_HEARTBEAT_THRESHOLD=31\n"


def test_every_line_of_a_repeated_key_is_changed() -> None:
    assert render_settings("K=b\nK=a\n", {"K": "b"}) == "K=b\nK=b\n"


def test_what_is_right_already_stays_byte_for_byte() -> None:
    wanted: dict[str, str | int] = {"O2CB_BOOTCLUSTER": "ocfs2", "O2CB_IDLE_TIMEOUT_MS": 30000}
    assert render_settings(FILE, wanted) == FILE


@pytest.mark.parametrize(
    ("text", "expected"), [(None, "K=1\n"), ("", "K=1\n"), ("# x", "# x\nK=1\n")]
)
def test_a_file_is_started_or_ended_with_what_is_missing(
    text: str | None, expected: str
) -> None:
    assert render_settings(text, {"K": 1}) == expected


@pytest.mark.parametrize("value", ["a b", "a;b", "$(x)", "a\nb", "'", "#"])
def test_a_value_that_a_shell_would_read_otherwise_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="without quotes"):
        render_settings(None, {"K": value})


lines = st.text(alphabet="KL=# '\"ab1\t", max_size=12)


@given(st.lists(lines, max_size=8), st.sampled_from(["", "x", "30000"]))
def test_what_is_written_reads_back_and_writing_again_changes_nothing(
    before: list[str], value: str
) -> None:
    once = render_settings("\n".join(before), {"K": value})
    assert parse_settings(once)["K"] == value
    assert render_settings(once, {"K": value}) == once
