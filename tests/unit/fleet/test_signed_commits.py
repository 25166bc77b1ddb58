"""Commits are taken only when one who may has signed them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from reconciler.errors import SourceFailed
from reconciler.fleet.checkout import Checkout, Taken
from tests.unit.fleet.git_repository import Repository, new_signer, signed_with


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def ada(keys: Path) -> tuple[Path, str]:
    return new_signer(keys, "ada")


@pytest.fixture
def signers(tmp_path: Path, ada: tuple[Path, str]) -> Path:
    file = tmp_path / "allowed signers"
    file.write_text(ada[1])
    return file


@pytest.fixture
def checkout(repository: Repository, tmp_path: Path, signers: Path) -> Checkout:
    return Checkout(tmp_path / "state", repository.source(signed_by=str(signers)))


def push(repository: Repository, text: str, *words: str) -> str:
    return repository.commit(
        repository.tree({"clusters": ("40000", repository.of_texts({"a.yaml": text}))}), *words
    )


def look(checkout: Checkout) -> str:
    return asyncio.run(checkout.look(Taken()))


def refusal(checkout: Checkout) -> str:
    with pytest.raises(SourceFailed) as failed:
        look(checkout)
    assert failed.value.code == "commit-unsigned"
    return str(failed.value)


def test_a_commit_that_one_of_them_signed_is_taken(repository, checkout, ada):
    commit = push(repository, "one", *signed_with(ada[0]))
    assert look(checkout) == commit


def test_a_commit_that_nobody_signed_is_refused(repository, checkout, ada, signers):
    push(repository, "one", *signed_with(ada[0]))
    commit = push(repository, "two")
    assert refusal(checkout) == f"{commit[:12]} is signed by nobody of {signers}"


def test_a_commit_that_another_signed_is_refused(repository, checkout, keys):
    stranger, _row = new_signer(keys, "mallory")
    push(repository, "one", *signed_with(stranger))
    assert "No principal matched" in refusal(checkout)


def test_a_key_that_may_only_sign_something_else_is_refused(repository, checkout, ada, signers):
    kind_and_key = ada[1].partition(" ")[2]
    signers.write_text(f'ada@example.com namespaces="file" {kind_and_key}')
    push(repository, "one", *signed_with(ada[0]))
    assert refusal(checkout)


def test_a_key_that_is_no_longer_valid_is_refused(repository, checkout, ada, signers):
    kind_and_key = ada[1].partition(" ")[2]
    signers.write_text(f'ada@example.com valid-before="20200101" {kind_and_key}')
    push(repository, "one", *signed_with(ada[0]))
    assert refusal(checkout)


def test_a_signature_of_something_else_is_refused(repository, checkout, ada):
    signed = push(repository, "one", *signed_with(ada[0]))
    text = repository.git("cat-file", "commit", signed)
    other = repository.git("rev-parse", f"{push(repository, 'two')}^{{tree}}")
    forged = text.replace(text.splitlines()[0], f"tree {other}") + "\n"
    made = repository.git("hash-object", "-t", "commit", "-w", "--stdin", given=forged)
    repository.git("update-ref", "refs/heads/main", made)
    assert refusal(checkout)


def test_a_signature_of_another_kind_is_asked_of_nobody(
    repository, checkout, ada, tmp_path, monkeypatch
):
    """A gpg that says yes to all, as one whose keyring has a key that is no allowed signer's."""
    signed = push(repository, "one", *signed_with(ada[0]))
    text = repository.git("cat-file", "commit", signed).replace(
        "SSH SIGNATURE", "PGP SIGNATURE"
    )
    made = repository.git("hash-object", "-t", "commit", "-w", "--stdin", given=f"{text}\n")
    repository.git("update-ref", "refs/heads/main", made)
    gpg = tmp_path / "gpg"
    gpg.write_text(
        "#!/bin/sh\nprintf '\\n[GNUPG:] GOODSIG x ada\\n[GNUPG:] TRUST_ULTIMATE\\n'\n"
    )
    gpg.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert refusal(checkout)


def test_without_the_file_of_signers_nothing_is_taken(repository, checkout, ada, signers):
    push(repository, "one", *signed_with(ada[0]))
    signers.unlink()
    assert "cannot be read on this worker" in refusal(checkout)


def test_a_tag_counts_by_its_commit(repository, tmp_path, signers, ada):
    commit = push(repository, "one")
    repository.git(*signed_with(ada[0]), "tag", "-s", "-m", "of November", "v1", commit)
    source = repository.source(signed_by=str(signers), ref="v1")
    assert refusal(Checkout(tmp_path / "state", source))
