"""`explain ADDRESS FILE`: the hosts are read for it."""

import json

from tests.unit.cli.test_commands import desk


async def test_an_address_is_explained_by_the_plan_and_an_unknown_one_is_an_error(tmp_path):
    async with desk(tmp_path) as at:
        words = ("explain", "volume/images/mount", at.file, "--format", "json")
        code, out, _err = await at.run(*words)
        document = json.loads(out)
        assert (code, document["address"]) == (0, "volume/images/mount")
        assert {action["kind"] for action in document["actions"]} == {"mount"}
        code, out, err = await at.run("explain", "volume/image/mount")
        assert (code, out) == (64, "")
        assert "did you mean volume/images/mount" in err


async def test_a_word_that_is_neither_code_nor_address_needs_no_host(tmp_path):
    async with desk(tmp_path) as at:
        code, _out, err = await at.run("explain", "volume-buzy")
        assert (code, "did you mean volume-busy?" in err) == (64, True)
