"""A checkout of real repositories: what it takes over, and what it refuses by name."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from select import select

import pytest

from reconciler.errors import SourceFailed
from reconciler.fleet import git, snapshot
from reconciler.fleet.checkout import Checkout, Taken
from reconciler.model.fleet import Source

NOTHING = Taken()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def look(checkout: Checkout, taken: Taken = NOTHING) -> str:
    return asyncio.run(checkout.look(taken))


def texts(checkout: Checkout, commit: str) -> dict[str, str | None]:
    return {file.name: file.text for file in asyncio.run(checkout.read(commit)).files}


def problems(checkout: Checkout, commit: str) -> dict[str, str]:
    found = asyncio.run(checkout.read(commit)).files
    return {f.name: f"{p.code}: {p.message}" for f in found for p in f.problems}


def refusal(checkout: Checkout, taken: Taken = NOTHING) -> tuple[str, str]:
    with pytest.raises(SourceFailed) as failed:
        look(checkout, taken)
    return failed.value.code, str(failed.value)


def unread(checkout: Checkout, commit: str) -> tuple[str, str]:
    with pytest.raises(SourceFailed) as failed:
        asyncio.run(checkout.read(commit))
    return failed.value.code, str(failed.value)


def make_taken(repository, commit: str, ref: str = "main") -> Taken:
    return Taken(repository.address, ref, commit)


def test_the_files_of_a_branch_are_read_and_follow_it(repository, state):
    checkout = Checkout(state, repository.source())
    first = repository.push({"a.yaml": "one", "b.yml": "two", "notes.txt": "-"})
    assert look(checkout) == first
    assert texts(checkout, first) == {"clusters/a.yaml": "one", "clusters/b.yml": "two"}
    second = repository.push({"a.yaml": "three"})
    assert look(checkout, make_taken(repository, first)) == second
    assert texts(checkout, second) == {"clusters/a.yaml": "three"}


def test_files_below_the_directory_count_and_hidden_ones_do_not(repository, state):
    inner = repository.of_texts({"a.yaml": "one", ".b.yaml": "hidden"})
    hidden = repository.of_texts({"c.yaml": "hidden"})
    rows = {".github": ("40000", hidden), "north": ("40000", inner)}
    commit = repository.commit(repository.tree(rows))
    checkout = Checkout(state, repository.source(path=None))
    assert texts(checkout, look(checkout)) == {"north/a.yaml": "one"}
    assert commit


def test_a_tag_is_the_commit_that_it_is_of(repository, state):
    first = repository.push({"a.yaml": "one"})
    repository.git("tag", "-a", "-m", "of November", "v1", first)
    repository.push({"a.yaml": "two"})
    assert look(Checkout(state, repository.source(ref="v1"))) == first


def test_a_whole_commit_is_taken_without_asking_the_server_again(repository, state):
    first = repository.push({"a.yaml": "one"})
    repository.push({"a.yaml": "two"})
    checkout = Checkout(state, repository.source(ref=first))
    assert look(checkout) == first
    shutil.rmtree(repository.place)
    assert look(checkout) == first


def test_a_whole_commit_may_be_far_from_each_branch(repository, state):
    commits = [repository.push({"a.yaml": str(n)}) for n in range(4)]
    repository.git("config", "uploadpack.allowAnySHA1InWant", "false")
    assert look(Checkout(state, repository.source(ref=commits[1]))) == commits[1]


def test_a_commit_that_is_nowhere_is_refused(repository, state):
    repository.push({"a.yaml": "one"})
    code, words = refusal(Checkout(state, repository.source(ref="0" * 39 + "1")))
    assert code == "ref-unusable"
    assert "has no commit" in words


def test_a_ref_that_is_nowhere_or_vanished_is_refused(repository, state):
    checkout = Checkout(state, repository.source())
    assert refusal(checkout)[0] == "ref-unusable"
    first = repository.push({"a.yaml": "one"})
    look(checkout)
    repository.git("update-ref", "-d", "refs/heads/main")
    assert refusal(checkout, make_taken(repository, first)) == (
        "ref-unusable",
        "the repository has no branch and no tag main",
    )


def test_a_branch_and_a_tag_of_one_name_are_no_ref(repository, state):
    first = repository.push({"a.yaml": "one"})
    repository.git("update-ref", "refs/tags/main", first)
    assert refusal(Checkout(state, repository.source()))[0] == "ref-unusable"


def test_a_tag_of_something_else_than_a_commit_is_refused(repository, state):
    repository.git("update-ref", "refs/tags/v1", repository.blob("one"))
    assert refusal(Checkout(state, repository.source(ref="v1"))) == (
        "ref-unusable",
        "v1 names no commit",
    )


def test_a_ref_that_was_rewound_is_refused_until_it_goes_on(repository, state):
    checkout = Checkout(state, repository.source())
    first, second = (repository.push({"a.yaml": n}) for n in "12")
    look(checkout)
    repository.git("update-ref", "refs/heads/main", first)
    code, words = refusal(checkout, make_taken(repository, second))
    assert (code, words) == (
        "ref-rewound",
        f"main went from {second[:12]} to {first[:12]}, which does not contain it",
    )
    # Of another worker, which never had what is gone now.
    fresh = Checkout(state / "other", repository.source())
    assert refusal(fresh, make_taken(repository, second))[0] == "ref-rewound"
    repository.git("update-ref", "refs/heads/main", second)
    assert look(checkout, make_taken(repository, second)) == second


def test_an_older_commit_is_taken_when_it_is_pinned(repository, state):
    first, second = (repository.push({"a.yaml": n}) for n in "12")
    checkout = Checkout(state, repository.source(ref=first))
    assert look(checkout, make_taken(repository, second)) == first


def test_another_repository_or_ref_has_nothing_to_contain(repository, state):
    first = repository.push({"a.yaml": "one"})
    other = repository.push({"a.yaml": "one"}, ref="refs/heads/other")
    checkout = Checkout(state, repository.source())
    assert look(checkout, make_taken(repository, other, "other")) == first
    assert look(checkout, Taken("file:///elsewhere", "main", other)) == first


def test_a_server_that_is_away_is_told(repository, state):
    repository.push({"a.yaml": "one"})
    checkout = Checkout(state, repository.source())
    first = look(checkout)
    repository.place.rename(repository.place.with_name("away"))
    code, words = refusal(checkout, make_taken(repository, first))
    assert code == "source-unreachable"
    assert "server.git" in words
    assert texts(checkout, first) == {"clusters/a.yaml": "one"}


def test_a_host_that_does_not_exist_is_told(state):
    source = Source(git="ssh://git@127.0.0.1:1/storage.git")
    code, words = refusal(Checkout(state, source))
    assert (code, "onnection refused" in words) == ("source-unreachable", True)


def test_a_directory_that_is_not_there_is_not_an_empty_wish(repository, state):
    commit = repository.push({"a.txt": "one"})
    for path, words in (("clusters", "has no *.yaml"), ("elsewhere", "no directory elsewhere")):
        checkout = Checkout(state, repository.source(path=path))
        look(checkout)
        code, said = unread(checkout, commit)
        assert (code, words in said) == ("source-empty", True)


def test_a_link_in_the_tree_is_not_followed(repository, state):
    good = repository.blob("one")
    rows = {
        "a.yaml": ("100644", good),
        "b.yaml": ("120000", repository.blob("/etc/passwd")),
        "folder": ("120000", repository.blob("/etc")),
    }
    commit = repository.commit(repository.tree({"clusters": ("40000", repository.tree(rows))}))
    checkout = Checkout(state, repository.source())
    look(checkout)
    assert texts(checkout, commit)["clusters/a.yaml"] == "one"
    link = "entry-refused: it is a symbolic link, which is not followed"
    assert problems(checkout, commit) == {"clusters/b.yaml": link, "clusters/folder": link}


def test_a_directory_that_is_a_link_is_none(repository, state):
    rows = {"clusters": ("120000", repository.blob("../elsewhere"))}
    commit = repository.commit(repository.tree(rows))
    checkout = Checkout(state, repository.source())
    look(checkout)
    assert unread(checkout, commit)[0] == "source-empty"


def test_a_submodule_is_not_fetched(repository, state):
    rows = {"a.yaml": ("100644", repository.blob("one")), "sub": ("160000", "1" * 40)}
    commit = repository.commit(repository.tree({"clusters": ("40000", repository.tree(rows))}))
    checkout = Checkout(state, repository.source())
    look(checkout)
    assert problems(checkout, commit) == {
        "clusters/sub": "entry-refused: it is a submodule, which is not fetched"
    }


@pytest.mark.parametrize(
    ("name", "shown", "why"),
    [
        (b"\xff.yaml", "\ufffd.yaml", "its name is not UTF-8"),
        (b"a\x1b[2J.yaml", "a\ufffd[2J.yaml", "its name has characters that are not printed"),
        (b"a\nb.yaml", "a\ufffdb.yaml", "its name has characters that are not printed"),
        (b"x" * 1030 + b".yaml", "x" * 1030 + ".yaml", "its name has more than 1024 bytes"),
    ],
)
def test_a_strange_name_is_refused(repository, state, name, shown, why):
    rows = {
        "a.yaml": ("100644", repository.blob("one")),
        os.fsdecode(name): ("100644", repository.blob("two")),
    }
    commit = repository.commit(repository.tree({"clusters": ("40000", repository.tree(rows))}))
    checkout = Checkout(state, repository.source())
    look(checkout)
    assert problems(checkout, commit) == {f"clusters/{shown}": f"entry-refused: {why}"}
    assert texts(checkout, commit)["clusters/a.yaml"] == "one"


@pytest.mark.parametrize("name", ["..", ".", ".git"])
def test_a_path_that_leads_out_of_the_tree_is_no_file(repository, state, name):
    inner = repository.of_texts({"b.yaml": "two"})
    rows = {"a.yaml": ("100644", repository.blob("one")), name: ("40000", inner)}
    commit = repository.commit(repository.tree({"clusters": ("40000", repository.tree(rows))}))
    checkout = Checkout(state, repository.source())
    look(checkout)
    found = texts(checkout, commit)
    assert {key: text for key, text in found.items() if text} == {"clusters/a.yaml": "one"}


def test_a_name_that_a_tree_has_twice_is_refused(repository, state):
    one, two = repository.blob("one"), repository.blob("two")
    rows = b"".join(b"100644 a.yaml\0" + bytes.fromhex(blob) for blob in (one, two))
    words = ("hash-object", "-t", "tree", "-w", "--literally", "--stdin")
    inner = repository.git(*words, given=rows)
    commit = repository.commit(repository.tree({"clusters": ("40000", inner)}))
    checkout = Checkout(state, repository.source())
    look(checkout)
    assert problems(checkout, commit) == {
        "clusters/a.yaml": "entry-refused: the tree has it twice"
    }


def test_a_file_that_is_too_large_or_no_text_is_told_by_itself(repository, state):
    commit = repository.push(
        {"a.yaml": "one", "b.yaml": b"x" * (snapshot.MAX_BYTES + 1), "c.yaml": b"\xff\xfea"}
    )
    checkout = Checkout(state, repository.source())
    look(checkout)
    found = problems(checkout, commit)
    assert {name: words.partition(":")[0] for name, words in found.items()} == {
        "clusters/b.yaml": "too-large",
        "clusters/c.yaml": "not-utf8",
    }
    assert texts(checkout, commit)["clusters/a.yaml"] == "one"


def test_more_than_is_of_use_is_not_read(repository, state, monkeypatch):
    commit = repository.push({f"{n}.yaml": "xxxx" for n in range(3)})
    checkout = Checkout(state, repository.source())
    look(checkout)
    monkeypatch.setattr("reconciler.fleet.checkout.MOST_BYTES", 11)
    assert unread(checkout, commit)[0] == "source-too-large"
    monkeypatch.setattr("reconciler.fleet.checkout.MOST_FILES", 2)
    assert "more than 2 files" in unread(checkout, commit)[1]


def test_a_damaged_copy_is_made_anew(repository, state):
    commit = repository.push({"a.yaml": "one"})
    checkout = Checkout(state, repository.source())
    look(checkout)
    for file in (state / "source.git/objects").rglob("*"):
        if file.is_file():
            file.unlink()
    assert unread(checkout, commit)[0] == "git-failed"
    assert look(checkout) == commit
    assert texts(checkout, commit) == {"clusters/a.yaml": "one"}


def test_a_lock_that_a_killed_worker_left_stands_in_nobodys_way(repository, state):
    checkout = Checkout(state, repository.source())
    first = repository.push({"a.yaml": "one"})
    look(checkout)
    second = repository.push({"a.yaml": "two"})
    lock = state / "source.git/refs/reconcile/fetched.lock"
    lock.touch()
    assert refusal(checkout, make_taken(repository, first))[0] == "source-unreachable"
    assert look(checkout, make_taken(repository, first)) == second


def test_without_git_it_is_said_what_to_install(repository, state, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal(Checkout(state, repository.source())) == (
        "git-failed",
        "there is no program git on this worker: install the package git",
    )


def test_a_git_that_is_too_old_is_not_used(repository, state, monkeypatch, tmp_path):
    old = tmp_path / "bin/git"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho git version 2.30.2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    assert refusal(Checkout(state, repository.source())) == (
        "git-failed",
        "'git version 2.30.2' is too old: git 2.34 or newer is needed",
    )


def test_a_repository_that_is_too_large_does_not_fill_the_disk(repository, state, monkeypatch):
    repository.push({"a.yaml": "one", "b.bin": os.urandom(200_000)})
    monkeypatch.setattr("reconciler.fleet.git.LARGEST_FILE", 100_000)
    code, words = refusal(Checkout(state, repository.source()))
    assert code == "source-unreachable", words
    assert sum(f.stat().st_size for f in state.rglob("*") if f.is_file()) < 100_000


def test_a_login_asks_nobody_and_checks_the_servers_key(
    repository, state, monkeypatch, tmp_path
):
    """With a program in the place of ssh that runs here what the server would run."""
    commit = repository.push({"a.yaml": "one"})
    told = tmp_path / "told"
    fake = tmp_path / "bin/ssh"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\nfor word; do :; done\nexec sh -c "$word"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("RECONCILE_SSH_CONFIG", "/etc/a config")
    address = f"ssh://git@git.example.com:2222{repository.place}"
    source = repository.source().model_copy(update={"git": address})
    checkout = Checkout(state, source)
    assert look(checkout) == commit
    assert texts(checkout, commit) == {"clusters/a.yaml": "one"}
    words = told.read_text().splitlines()
    assert {"-oBatchMode=yes", "-oStrictHostKeyChecking=yes", "-oForwardAgent=no"} <= set(words)
    assert words[words.index("-F") + 1] == "/etc/a config"
    assert words[-2] == "git@git.example.com"


@pytest.fixture
def hanging(tmp_path, monkeypatch) -> Iterator[int]:
    """An ssh that says that it has begun, and hangs: the end of a pipe that it holds."""
    held = tmp_path / "held"
    os.mkfifo(held)
    fake = tmp_path / "bin/ssh"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\nexec 3> {held}\necho begun >&3\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    yield reader
    os.close(reader)


async def within(seconds, work):
    async with asyncio.timeout(seconds):
        return await work


HANGS = Source(git="ssh://git@127.0.0.1/storage.git")


@pytest.mark.usefixtures("hanging")
def test_who_hangs_is_given_up(state, monkeypatch):
    monkeypatch.setattr("reconciler.fleet.checkout.ASKING", 0.2)
    with pytest.raises(SourceFailed, match=r"git ls-remote did not end within 0\.2 s"):
        asyncio.run(within(30, Checkout(state, HANGS).look(NOTHING)))


def test_who_is_given_up_is_ended_with_all_that_it_started(state, hanging):
    async def give_up() -> None:
        begun = asyncio.Event()
        asyncio.get_running_loop().add_reader(hanging, begun.set)
        look = asyncio.create_task(Checkout(state, HANGS).look(NOTHING))
        await begun.wait()
        asyncio.get_running_loop().remove_reader(hanging)
        look.cancel()
        await asyncio.wait([look])
        assert look.cancelled()

    asyncio.run(within(30, give_up()))
    os.set_blocking(hanging, True)
    assert os.read(hanging, 100) == b"begun\n"
    assert select([hanging], [], [], 20)[0]
    assert os.read(hanging, 100) == b""  # nobody holds the other end any more


def test_so_is_who_is_given_up_while_git_starts(state, hanging, monkeypatch):
    """The ssh of git may be at work before asyncio has all pipes of git."""
    start = asyncio.create_subprocess_exec
    looks: list[asyncio.Task[object]] = []

    async def start_slowly(*words, **more):
        process = await start(*words, **more)
        if "ls-remote" in words:
            assert await asyncio.to_thread(select, [hanging], [], [], 20)
            looks[0].cancel()
            await asyncio.sleep(0)
        return process

    async def give_up() -> None:
        monkeypatch.setattr(asyncio, "create_subprocess_exec", start_slowly)
        looks.append(asyncio.create_task(Checkout(state, HANGS).look(NOTHING)))
        await asyncio.wait(looks)
        assert looks[0].cancelled()

    asyncio.run(within(30, give_up()))
    os.set_blocking(hanging, True)
    assert os.read(hanging, 100) == b"begun\n"
    assert select([hanging], [], [], 20)[0]
    assert os.read(hanging, 100) == b""  # nobody holds the other end any more


def test_nothing_of_another_configuration_is_read(repository, state, monkeypatch, tmp_path):
    trace = tmp_path / "trace"
    home = tmp_path / "home"
    home.mkdir()
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trace}\n")
    program.chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\n\tfsmonitor = {program}\n\thooksPath = {tmp_path}\n\tsshCommand = {program}\n"
        f'[credential]\n\thelper = {program}\n[url "ext::{program}"]\n\tinsteadOf = file://\n'
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_SSH_COMMAND", str(program))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.hooksPath")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path))
    monkeypatch.setenv("GIT_PROXY_COMMAND", str(program))
    commit = repository.push({"a.yaml": "one"})
    assert look(Checkout(state, repository.source())) == commit
    assert not trace.exists()
    refusal(Checkout(state, Source(git="ssh://git@127.0.0.1:1/x.git")))
    assert not trace.exists()


@pytest.mark.parametrize(
    "address",
    ["ext::touch {0}", "fd::1", "--upload-pack=touch {0}", "http://127.0.0.1:1/x"],
)
def test_what_the_settings_refuse_git_refuses_too(state, tmp_path, address):
    """The second lock: as if the settings had let it pass."""
    trace = tmp_path / "trace"
    source = Source.model_construct(
        git=address.format(trace), ref="main", path=None, signed_by=None
    )
    assert refusal(Checkout(state, source))[0] == "source-unreachable"
    assert not trace.exists()


def test_the_copy_is_its_owners_alone(repository, state):
    repository.push({"a.yaml": "one"})
    look(Checkout(state, repository.source()))
    assert (state / "source.git").stat().st_mode & 0o77 == 0
    assert git.environment({"PATH": "/bin", "GIT_DIR": "/x"}, Path("/c")).get("GIT_DIR") is None
