"""Work that waits for hosts."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.cli.work import complete


class Large:
    """As all facts of all hosts: nobody puts it into words for nothing."""

    def __repr__(self) -> str:
        raise AssertionError("put into words")


def test_what_work_gives_is_handed_on_and_not_put_into_words():
    given = Large()

    async def work():
        await asyncio.sleep(0)
        return given

    assert complete(work()) is given


def test_what_work_raises_is_raised():
    async def work():
        raise KeyError("host")

    with pytest.raises(KeyError, match="host"):
        complete(work())
