import pytest

from reconciler.reports.wrapping import display_width, wrap_line

ROW = "  + node01,node02  volume/images/boot  boot  because: it would not be mounted at boot"


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (85, [ROW]),
        (
            80,
            [
                "  + node01,node02  volume/images/boot  boot  because: it would not be mounted at",
                "                                             boot",
            ],
        ),
        (
            70,
            [
                "  + node01,node02  volume/images/boot  boot",
                "                   because: it would not be mounted at boot",
            ],
        ),
        (
            60,
            [
                "  + node01,node02  volume/images/boot  boot",
                "                   because: it would not be mounted at boot",
            ],
        ),
        (
            45,
            [
                "  + node01,node02  volume/images/boot  boot",
                "      because: it would not be mounted at",
                "      boot",
            ],
        ),
    ],
)
def test_a_row_breaks_inside_its_last_column(width, lines):
    assert list(wrap_line(ROW, width)) == lines


def test_words_alone_hang_a_little_and_long_ones_stay_whole():
    path = "/" + "x" * 60
    assert list(wrap_line(f"  OUTAGE of about 5 s: {path} is taken", 40)) == [
        "  OUTAGE of about 5 s:",
        f"      {path}",
        "      is taken",
    ]


@pytest.mark.parametrize("width", [1, 10, 35, 36, 37, 60, 200])
def test_nothing_is_lost_in_any_width(width):
    assert " ".join(wrap_line(ROW, width)).split() == ROW.split()


def test_wide_characters_are_left_to_the_terminal():
    line = "  a  " + "語" * 60
    assert display_width(line) == 5 + 120
    assert list(wrap_line(line, 80)) == [line]


def test_a_path_that_does_not_fit_into_its_column_goes_to_a_line_of_its_own():
    path = "/root/.local/state/reconcile/runs/20261129T051700Z-ab12cd.jsonl"
    line = f"run 20261129T051700Z-ab12cd: blocked (exit 3)  record: {path}"
    found = list(wrap_line(line, 80))
    assert found == ["run 20261129T051700Z-ab12cd: blocked (exit 3)", f"    record: {path}"]
