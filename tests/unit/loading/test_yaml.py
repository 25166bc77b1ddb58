"""What a desired-state file may not hold, whatever it means; the whole rendered text."""

import pytest
import yaml

from reconciler.loading.composing import compose
from tests.unit.loading.samples import MINIMAL, headlines, rendered, replaced

CASES = {
    "an unknown key, with the one that was meant": (
        replaced("interconnect:", "interconect:"),
        """\
f.yaml:6:9: error[unknown-key]: 'interconect' is not a key of this item of 'members'
        interconect: 10.0.0.1
        ^~~~~~~~~~~
hint: did you mean 'interconnect'?
""",
    ),
    "a duplicate key, with the place of the first": (
        replaced("        size: fill\n", "        size: fill\n        label: again\n"),
        """\
f.yaml:11:9: error[duplicate-key]: the key 'label' appears twice here
        label: again
        ^~~~~
hint: remove one of them; the first is on line 8
""",
    ),
    "an anchor and its alias": (
        replaced("size: fill", "size: &size fill\n        slots: *size"),
        """\
f.yaml:10:15: error[alias]: the anchor &size is not allowed
        size: &size fill
              ^~~~~~~~~~
hint: write the value out at each place
f.yaml:11:16: error[alias]: the alias *size is not allowed
        slots: *size
               ^~~~~
hint: write the value out at each place
""",
    ),
    "a merge key": (
        replaced("name: images\n", "name: images\n    <<: {rollout: window}\n"),
        """\
f.yaml:4:5: error[alias]: the merge key << is not allowed
    <<: {rollout: window}
    ^~
hint: write the value out at each place
""",
    ),
    "a tag": (
        replaced("size: fill", "size: !!str fill"),
        """\
f.yaml:10:15: error[tag]: the tag 'tag:yaml.org,2002:str' is not allowed
        size: !!str fill
              ^~~~~~~~~~
hint: remove it
""",
    ),
    "a tag that would change the type": (
        replaced("10.0.0.1\n", '10.0.0.1\n        port: !!int "7777"\n'),
        """\
f.yaml:7:15: error[tag]: the tag 'tag:yaml.org,2002:int' is not allowed
        port: !!int "7777"
              ^~~~~~~~~~~~
hint: remove it
""",
    ),
    "a second document": (
        MINIMAL + "---\nversion: 1\n",
        """\
f.yaml:12:1: error[many-documents]: a second document starts here
---
^~~
hint: use one file each
""",
    ),
    "a tab": (
        replaced("    members:", "\tmembers:"),
        """\
f.yaml:4:1: error[tab]: a tab stands here; YAML wants spaces
\tmembers:
^
hint: indent by two spaces a level
""",
    ),
    "a byte order mark": (
        "\ufeff" + MINIMAL,
        """\
f.yaml:1:1: error[bom]: the file starts with a byte order mark
version: 1
^~~~~~~
hint: save it as UTF-8 without BOM
""",
    ),
    "an empty file": (
        "# nothing yet\n",
        """\
f.yaml:1:1: error[empty-file]: the file is empty
# nothing yet
^
hint: begin it with 'version: 1'; reconcile init writes a first one
""",
    ),
    "a control character": (
        replaced("fill", "fi\x1bll"),
        """\
f.yaml:10:17: error[control-character]: U+001B (ESCAPE) stands here
        size: fi\ufffdll
                ^~~
hint: remove it
""",
    ),
    "an escaped control character": (
        replaced("/srv/images", r'"/srv\e[31m"'),
        r"""f.yaml:11:23: error[control-character]: the text holds U+001B (ESCAPE)
        mount: {path: "/srv\e[31m"}
                      ^~~~~~~~~~~~
hint: remove it, or its escape
""",
    ),
    "a number with a leading zero": (
        replaced("10.0.0.1\n", "10.0.0.1\n        port: 07777\n"),
        """\
f.yaml:7:15: error[bad-number]: 07777 is octal to some readers and decimal to others
        port: 07777
              ^~~~~
hint: write a decimal number without leading zeros, or quote it
""",
    ),
    "a hexadecimal number": (
        replaced("10.0.0.1\n", "10.0.0.1\n        port: 0x1E61\n"),
        """\
f.yaml:7:15: error[bad-number]: 0x1E61 is not a decimal number
        port: 0x1E61
              ^~~~~~
hint: write a decimal number without leading zeros, or quote it
""",
    ),
    "a number with underscores": (
        replaced("10.0.0.1\n", "10.0.0.1\n        port: 7_777\n"),
        """\
f.yaml:7:15: error[bad-type]: 'port' takes a whole number, not the text '7_777'
        port: 7_777
              ^~~~~
hint: write 7777, without quotes and underscores
""",
    ),
    "a number of many digits": (
        replaced("10.0.0.1\n", f"10.0.0.1\n        port: {'9' * 130}\n"),
        f"""\
f.yaml:7:15: error[bad-number]: the number is too long
        port: {"9" * 130}
              ^{"~" * 129}
hint: quote it if it is a text
""",
    ),
    "a key that is a list": (
        MINIMAL + "? [a]\n: 1\n",
        """\
f.yaml:12:3: error[bad-key]: a key must be a plain word
? [a]
  ^
hint: write one word before the colon
""",
    ),
    "a colon without a key": (
        MINIMAL + '"": 1\n',
        """\
f.yaml:12:1: error[bad-key]: a key is missing before this colon
"": 1
^~
hint: write the key, or put the colon in quotes
""",
    ),
}


@pytest.mark.parametrize(("text", "report"), CASES.values(), ids=CASES)
def test_refuses(text, report):
    assert rendered(text) == report


SYNTAX = {
    "two colons": ("a: b: c\n", "1:5", "a colon is not expected here"),
    "no space after a colon": ("a:b\nc: 1\n", "1:1", "a colon is not expected here"),
    "an open quote": ("a: 'x\nb: 1\n", "1:4", "the quote that opens here is never closed"),
    "an open list": (
        "a: [1, 2\nb: 3\n",
        "1:4",
        "the list that opens here is not closed by ']'",
    ),
    "an open mapping": (
        "a: {x: 1\n",
        "1:4",
        "the mapping that opens here is not closed by '}'",
    ),
    "less indentation": (
        "a:\n  b: 1\n c: 2\n",
        "3:2",
        "this does not line up with what stands above",
    ),
    "text after a quote": (
        "a: 'b' c\n",
        "1:8",
        "this does not line up with what stands above",
    ),
    "an at sign": ("a: @x\n", "1:4", "a plain value cannot start with this character"),
    "a line without a colon": (
        "a: 1\nb\n",
        "2:1",
        "this is neither a value nor a key with a colon",
    ),
    "a list beside its key": ("a: - b\n", "1:4", "a list cannot start on this line"),
    "an unknown escape": (
        r'a: "\q"' + "\n",
        "1:4",
        "this escape is not known in double quotes",
    ),
    "a lone bracket": ("]\n", "1:1", "a value is expected here"),
    "a lone ampersand": ("a: &\n", "1:4", "a plain value cannot start with & or *"),
    "text below the end": ("a: 1\n...\nb\n", "3:1", "the file has ended above this line"),
    "anything else": ("a: |x\n", "1:5", "this is not valid YAML"),
}


@pytest.mark.parametrize(("text", "place", "message"), SYNTAX.values(), ids=SYNTAX)
def test_explains_the_syntax_error(text, place, message):
    found = [line for line in headlines(text) if "[yaml-syntax]" in line]
    assert found == [f"{place}: error[yaml-syntax]: {message}"]


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c\n",
        "a: [1\n",
        "a:\n  b: 1\n c: 2\n",
        "a: @x\n",
        "a: - b\n",
        "]\n",
        "a: 1\n...\nb\n",
    ],
)
def test_explains_it_the_same_way_without_libyaml(text):
    assert compose("f", text, yaml.SafeLoader) == compose("f", text, yaml.CSafeLoader)


def test_nesting_ends_at_32_levels_and_says_where():
    assert headlines("[" * 100_000) == [
        "1:33: error[too-deep]: nested more than 32 levels deep"
    ]
    assert "too-deep" not in "".join(headlines("[" * 32 + "]" * 32))


def test_a_yaml_bomb_is_refused_at_its_first_alias_without_being_expanded():
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(24)
    )
    assert "2:8: error[alias]: the alias *a is not allowed" in headlines(bomb)


def test_a_tab_is_fine_in_a_comment_only():
    found = headlines("version: 2 #\tnew\n\t# old\n")
    assert [line for line in found if "[tab]" in line] == [
        "2:1: error[tab]: a tab stands here; YAML wants spaces"
    ]


@pytest.mark.parametrize("word", ["yes", "no", "on", "off"])
def test_words_that_old_yaml_takes_for_truths_are_texts(word):
    assert headlines(
        replaced("name: node1", f"name: node1\n        ssh: {{sudo: {word}}}")
    ) == [f"6:21: error[bad-type]: 'sudo' takes true or false, not the text '{word}'"]
    assert headlines(replaced("fill", word))[0].startswith(
        f"10:15: error[bad-size]: '{word}' is"
    )
