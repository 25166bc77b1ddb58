"""Addresses of servers: our defaults, what is weak in them, and nothing of a password is told."""

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from reconciler.errors import StoreFailed
from reconciler.storage.server_address import for_reading, for_writing, server_address

PLAIN = "postgresql://me:s%20e+c%2Fret@db.example.com/fleet"


def query(address) -> dict[str, str]:
    return dict(make_url(address.url).query)


@pytest.mark.parametrize("form", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_form_of_an_address_is_one(form):
    found = server_address(PLAIN.replace("postgresql", form) + "\n")
    assert found.place == "postgresql://me@db.example.com/fleet"
    assert make_url(found.url).drivername == "postgresql+psycopg"
    assert found.schema == "reconcile"
    assert "s e+c/ret" not in repr(found)
    assert "s%20e" not in repr(found)


NONE = ["", "secret", "mysql://me:secret@h/d", "postgresql://[::/x"]


@pytest.mark.parametrize("text", [*NONE, "postgresql://me:secret%00@h/d"])
def test_what_is_no_address_is_not_repeated(text):
    with pytest.raises(StoreFailed, match=r"^database-address: .*write postgresql://") as told:
        server_address(text)
    assert "secret" not in str(told.value)
    assert told.value.code == "database-address"


def test_libpq_and_sqlalchemy_read_the_same():
    address = for_writing(server_address(PLAIN))
    found = conninfo_to_dict(address.url.replace("postgresql+psycopg", "postgresql"))
    url = make_url(address.url)
    assert (
        (found["password"], found["user"])
        == (url.password, url.username)
        == ("s e+c/ret", "me")
    )
    assert found["options"] == url.query["options"]
    assert found["options"].split(" -c ")[0] == "-c search_path=reconcile"


AWAY = ["db.example.com", "10.0.0.1", "[2001:db8::1]"]
HERE = ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"]


@pytest.mark.parametrize("host", AWAY)
def test_off_loopback_the_server_is_verified_unless_it_is_said_otherwise(host):
    assert query(server_address(f"postgresql://{host}/f"))["sslmode"] == "verify-full"
    assert server_address(f"postgresql://{host}/f").weakness == ""
    weak = server_address(f"postgresql://{host}/f?sslmode=require")
    assert query(weak)["sslmode"] == "require"
    assert weak.weakness.startswith("sslmode=require: whoever is in between may pose as ")
    open_ = server_address(f"postgresql://{host}/f?sslmode=prefer").weakness
    assert "may read and change" in open_
    assert "sslrootcert=FILE" in open_


@pytest.mark.parametrize("host", HERE)
def test_on_this_machine_nothing_is_asked_of_tls(host):
    for text in (f"postgresql://{host}/f", f"postgresql://{host}:5433/f?sslmode=disable"):
        found = server_address(text)
        assert found.weakness == ""
        assert query(found).get("sslmode") in {None, "disable"}


@pytest.mark.parametrize(
    ("text", "is_away"),
    [
        ("postgresql:///f", False),
        ("postgresql://me@/f?host=/run/postgresql", False),
        ("postgresql:///f?host=/run/postgresql,db.example.com", True),
        ("postgresql:///f?host=a.example.com:5432&host=b.example.com:5433", True),
        ("postgresql://localhost/f?hostaddr=10.0.0.1", True),
    ],
)
def test_every_place_where_the_server_may_be_counts(text, is_away, monkeypatch):
    monkeypatch.delenv("PGHOST", raising=False)
    assert ("sslmode" in query(server_address(text))) is is_away


def test_a_host_that_the_environment_names_counts(monkeypatch):
    monkeypatch.setenv("PGHOST", "db.example.com")
    assert query(server_address("postgresql:///f"))["sslmode"] == "verify-full"
    monkeypatch.setenv("PGHOST", "/run/postgresql")
    assert "sslmode" not in query(server_address("postgresql:///f"))


def test_what_an_address_says_itself_stands():
    text = "postgresql:///f?options=-c%20search_path%3Dours,public&connect_timeout=9"
    found = server_address(text)
    assert found.schema == "ours"
    assert query(found)["options"] == "-c search_path=ours,public"
    assert query(found)["connect_timeout"] == "9"
    assert query(found)["tcp_user_timeout"] == "5000"
    with pytest.raises(StoreFailed, match="plain name"):
        server_address("postgresql:///f?options=-c%20search_path%3D1;drop")


def test_who_writes_wants_a_server_that_can_be_written_and_who_reads_changes_nothing():
    address = server_address("postgresql:///f")
    assert query(for_writing(address))["target_session_attrs"] == "read-write"
    assert "lock_timeout=10s" in query(for_writing(address))["options"]
    assert "target_session_attrs" not in query(for_reading(address))
    assert "default_transaction_read_only=on" in query(for_reading(address))["options"]
