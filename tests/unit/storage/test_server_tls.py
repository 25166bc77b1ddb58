"""A server that is not on this machine is verified, and lets in who knows the password; else it is told why."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import create_engine, text

from reconciler.errors import StoreFailed
from reconciler.storage.fleet_database import init_fleet, open_fleet
from reconciler.storage.server_address import server_address
from tests.postgresql import OpenServer, open_postgresql
from tests.unit.storage.moments import EPOCH

NAME = "db.example.com"


def certificate() -> tuple[bytes, bytes]:
    """One for NAME that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)  # noqa: TID251  # it is checked against the real time
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return made.public_bytes(pem), key.private_bytes(pem, *form)


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> tuple[str, bytes, bytes]:
    made, key = certificate()
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    file.write_bytes(made)
    return str(file), made, key


@pytest.fixture(scope="module")
def server(authority) -> Iterator[OpenServer]:
    with open_postgresql(*authority[1:]) as found:
        engine = create_engine(found.url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            connection.execute(text("CREATE ROLE me LOGIN SUPERUSER PASSWORD 'geheim'"))
        engine.dispose()
        yield found


@pytest.fixture(autouse=True)
def no_home(tmp_path, monkeypatch):
    """Nobody's own certificates and passwords."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PGSSLROOTCERT", "")


def address(server: OpenServer, more: str = "", password: str = "geheim", host: str = NAME):  # noqa: S107  # of the test
    """As an operator writes it; the name leads to this machine."""
    found = f"postgresql://me:{password}@{host}:{server.port}/postgres?hostaddr=127.0.0.1{more}"
    return server_address(found)


def test_who_is_verified_is_used_and_nothing_is_warned_of(server, authority):
    found = address(server, f"&sslrootcert={authority[0]}")
    assert found.weakness == ""
    init_fleet(found, EPOCH)
    database = open_fleet(found)
    with database.reading() as connection:
        asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert connection.execute(text(asked)).scalar() is True
    database.close()


def refusal(found) -> str:
    with pytest.raises(StoreFailed) as told:
        init_fleet(found, EPOCH)
    assert "geheim" not in str(told.value)
    assert "\n" not in str(told.value)
    return told.value.code


def test_without_its_authority_or_with_another_name_it_is_not_trusted(
    server, authority, tmp_path
):
    assert refusal(address(server)) == "database-untrusted"
    other = tmp_path / "other.pem"
    other.write_bytes(certificate()[0])
    assert refusal(address(server, f"&sslrootcert={other}")) == "database-untrusted"
    named = address(server, f"&sslrootcert={authority[0]}", host="other.example.com")
    assert refusal(named) == "database-untrusted"


def test_a_weaker_mode_is_taken_at_its_word_and_warned_of(server):
    found = address(server, "&sslmode=require")
    assert found.weakness.startswith("sslmode=require: ")
    init_fleet(found, EPOCH)


def test_who_is_not_let_in_is_told_so(server, authority):
    trusted = f"&sslrootcert={authority[0]}"
    assert refusal(address(server, trusted, "wrong")) == "database-login"
    assert refusal(address(server, "&sslmode=disable")) == "database-login"


def test_a_server_without_tls_is_not_trusted(authority):
    with open_postgresql() as plain:
        trusted = f"&sslrootcert={authority[0]}"
        assert refusal(address(plain, trusted)) == "database-untrusted"
