import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.errors import SpecInvalid, UsageError
from reconciler.loading.fleet_settings import load_fleet, read_fleet
from reconciler.model.fleet import Zone
from reconciler.model.schema import fleet_schema
from reconciler.model.ssh_access import Looking, Ssh

BEGIN = "version: 1\ndatabase: env:RECONCILE_DATABASE\n"
GIT = "source: {git: 'ssh://git@git.example.com/storage.git'}\n"
COMMIT = "8f14e45fceea167a5a36dedd4bea2543deadbeef"


def problems(text):
    with pytest.raises(SpecInvalid) as refused:
        load_fleet("fleet.yaml", text)
    return [(p.line, p.column, p.code, p.message) for p in refused.value.problems]


def source(**keys):
    return f"{BEGIN}source: {json.dumps(keys)}\n"


def test_the_example_is_read():
    fleet = read_fleet("examples/fleet/fleet.yaml")
    assert [zone.name for zone in fleet.zones] == ["north", "south"]
    assert fleet.source.every == timedelta(seconds=30)


def test_what_is_left_open_has_a_default():
    fleet = load_fleet("fleet.yaml", BEGIN + GIT)
    assert (fleet.source.ref, fleet.source.path, fleet.source.signed_by) == ("main", None, None)
    assert (fleet.interval, fleet.zones) == (timedelta(minutes=5), (Zone(name="default"),))


def test_it_may_have_the_line_ends_of_windows():
    assert load_fleet("fleet.yaml", (BEGIN + GIT).replace("\n", "\r\n"))


@pytest.mark.parametrize(
    "address",
    [
        "ssh://git.example.com/storage.git",
        "ssh://git@[2001:db8::1]:2222/~git/storage.git",
        "git@git.example.com:group/storage.git",
        "https://git.example.com:8443/group/storage.git",
        "file:///srv/git/storage.git",
    ],
)
def test_addresses_of_a_repository(address):
    assert load_fleet("fleet.yaml", source(git=address)).source.git == address


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c id",
        "fd::7",
        "--upload-pack=id",
        "-oProxyCommand=id@h:x",
        "ssh://-oProxyCommand=id/x",
        "ssh://git@-oProxyCommand=id/x",
        "git@host:-x",
        "http://git.example.com/storage.git",
        "git://git.example.com/storage.git",
        "/srv/git/storage.git",
        "file://server/srv/git",
        "ssh://host/a b",
        "ssh://host/a\tb",
    ],
)
def test_what_could_be_taken_for_something_else_is_no_address(address):
    assert next(found[2] for found in problems(source(git=address))) in {
        "bad-value",
        "control-character",
    }


def test_a_password_in_an_address_is_refused_and_not_shown():
    with pytest.raises(SpecInvalid) as refused:
        load_fleet("fleet.yaml", source(git="https://user:wordsofmine@h/x.git"))
    said = repr([refused.value.problems, refused.value.lines])
    assert "without a password" in said
    assert "wordsofmine" not in said


def test_the_address_of_the_database_is_refused_and_not_shown():
    text = "version: 1\ndatabase: postgresql://user:wordsofmine@h/x\n" + GIT
    with pytest.raises(SpecInvalid) as refused:
        load_fleet("fleet.yaml", text)
    assert [p.code for p in refused.value.problems] == ["bad-reference"]
    assert "wordsofmine" not in repr([refused.value.problems, refused.value.lines])


@pytest.mark.parametrize(
    ("pages", "is_good"),
    [
        ("https://reconcile.example.com", True),
        ("http://10.0.0.5:8080/", True),
        ("https://user:secret@reconcile.example.com", False),
        ("https://reconcile.example.com/pages?x=1", False),
        ("javascript:alert(1)", False),
    ],
)
def test_messages_lead_to_an_address_without_secrets(pages, is_good):
    text = source(git="file:///x") + f"pages: '{pages}'\n"
    if is_good:
        assert load_fleet("fleet.yaml", text).pages == pages
    else:
        assert [p[2] for p in problems(text)] == ["bad-value"]


@pytest.mark.parametrize("ref", ["main", "v1.0", "releases/2026-11", COMMIT])
def test_refs(ref):
    assert load_fleet("fleet.yaml", source(git="file:///x", ref=ref)).source.ref == ref


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "--upload-pack=id",
        "-x",
        "a..b",
        "a//b",
        "a/.b",
        "a.lock",
        "a.lock/b",
        "a/",
        "a.",
        "a b",
        "a~1",
        "a^",
        "a:b",
        "a@{1}",
        "$(id)",
        "a*",
        "a?",
        "a[b",
        "a\\b",
        "x" * 201,
    ],
)
def test_what_is_no_name_of_git_is_no_ref(ref):
    assert [p[2] for p in problems(source(git="file:///x", ref=ref))] == ["bad-value"]


@pytest.mark.parametrize(
    "path", ["", "/etc", "..", "a/../b", ".", "./a", "a/..", "-x", "a b", "a\\b", ":(top)a"]
)
def test_what_leaves_the_repository_is_no_path(path):
    assert [p[2] for p in problems(source(git="file:///x", path=path))] == ["bad-value"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "'source' has no 'git' or 'directory'"),
        ({"git": "file:///x", "directory": "/x"}, "'source' has both 'git' and 'directory'"),
        (
            {"directory": "/x", "signed_by": "/y"},
            "'signed_by' is of a git repository, and 'source' names a directory",
        ),
    ],
)
def test_a_source_is_one_of_two(given, said):
    assert [p[3] for p in problems(source(**given))] == [said]


def test_every_problem_is_told_with_its_place():
    text = (
        BEGIN
        + "source: {git: 'file:///x', rev: main}\nzones:\n  - {name: North}\n  - at_once: 0\n"
    )
    assert problems(text) == [
        (3, 28, "unknown-key", "'rev' is not a key of 'source'"),
        (
            5,
            12,
            "bad-value",
            "'North' is not a zone: at most 63 small letters, digits and hyphens",
        ),
        (6, 5, "missing-key", "this item of 'zones' has no 'name'"),
        (6, 14, "bad-value", "'at_once' is 0; it must be at least 1"),
    ]


def test_a_hint_is_of_this_file_and_not_of_a_clusters():
    with pytest.raises(SpecInvalid) as refused:
        load_fleet("fleet.yaml", BEGIN + "sorce: {}\nzones: [{name: a, bastion: x}]\n")
    hints = {p.message: p.hint for p in refused.value.problems}
    assert hints["'sorce' is not a key of the file"] == "did you mean 'source'?"
    known = "known here: name, jump, identity, known_hosts, at_once"
    assert hints["'bastion' is not a key of this item of 'zones'"] == known


def test_a_zone_stands_once():
    text = BEGIN + GIT + "zones: [{name: a}, {name: b}, {name: a}]\n"
    assert problems(text) == [(4, 38, "bad-value", "a zone 'a' stands above")]


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "~\n", "- a\n", "a", "{", "\0", "a: &b 1\nc: *b\n"]
)
def test_what_is_no_mapping_is_told(text):
    assert problems(text)


VALUES = st.recursive(
    st.sampled_from([None, True, 0, 1, 300, "a", "", "5m", "-x", "../x", "env:A", "file:///x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "git", "ref", "path", "x"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)
KEYS = st.sampled_from(
    ["version", "database", "source", "interval", "zones", "ssh", "clusters"]
)


@settings(max_examples=150)
@given(KEYS, VALUES)
def test_what_the_schema_refuses_the_loader_refuses_too(key, value):
    given = {"version": 1, "database": "env:A", "source": {"git": "file:///x"}, key: value}
    valid = Draft202012Validator(fleet_schema()).is_valid(given)
    try:
        load_fleet("fleet.yaml", json.dumps(given))
    except SpecInvalid:
        return
    assert valid


def test_where_there_is_none_the_remedy_is_of_a_fleet(tmp_path):
    (tmp_path / "cluster.yaml").touch()
    with pytest.raises(
        UsageError, match=r"--fleet FILE; examples/fleet/fleet.yaml .* reconcile manual fleet"
    ):
        read_fleet(str(tmp_path / "fleet.yaml"))


def test_what_is_no_settings_file_ends_in_problems(tmp_path):
    place = tmp_path / "fleet.yaml"
    place.write_bytes(Path("examples/three-hosts.yaml").read_bytes())
    with pytest.raises(SpecInvalid):
        read_fleet(str(place))


def test_a_zone_fills_what_a_file_leaves_open():
    zone = Zone(name="north", jump="bastion", identity="/k", known_hosts="/h")
    looking = Looking(user="reconcile-probe")
    assert zone.fill_ssh(Ssh(probe=looking)).probe == Looking(identity="/k")
    own = Looking(identity="/own")
    assert zone.fill_ssh(Ssh(probe=own)).probe == own
    ssh = zone.fill_ssh(Ssh(user="admin", jump="other"))
    assert ssh == Ssh(user="admin", jump="other", identity="/k", known_hosts="/h")
