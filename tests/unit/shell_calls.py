"""Which functions and variables a text in POSIX sh uses, and which it has.

No parser, but enough for texts in our style; that it sees calls where they stand is tested.
"""

import re

FUNCTION = re.compile(r"^\s*([a-z_0-9]+)\(\)", re.MULTILINE)
ARITHMETIC = re.compile(r"\$\(\((?:[^()]|\([^()]*\))*\)\)")
WORDS = frozenset(["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"])
CLOSES = {"'": "'", '"': '"', "${": "}", "$(": ")", "(": ")"}
LISTS = re.compile(r"\bfor \w+ in [^;]*")
CODE = ("", "$(", "(")
# What means something, by what is open.
TOKENS = {
    **dict.fromkeys(CODE, re.compile(r"""\\.|\$[({]|['"()]""")),
    "'": re.compile("'"),
    '"': re.compile(r'\\.|\$[({]|"', re.DOTALL),
    "${": re.compile(r"""\\.|\$[({]|['"}]""", re.DOTALL),
}


def defined(text: str) -> frozenset[str]:
    """The functions that a text has."""
    return frozenset(FUNCTION.findall(text))


def called(text: str) -> frozenset[str]:
    """The words where a command's name may stand: functions, programs, builtins."""
    return frozenset(
        word for part in _commands(FUNCTION.sub("", text)) for word in _heads(part)
    )


def variables(text: str) -> frozenset[str]:
    """The variables that a text reads, but for the shell's own."""
    return frozenset(re.findall(r"\$\{?([A-Za-z_]\w+)\b", text)) - {"PWD"}


def assigned(text: str) -> frozenset[str]:
    """The variables that a text sets."""
    return frozenset(re.findall(r"(?:^|[\s(])([A-Za-z_]\w+)=", text))


def given(text: str) -> frozenset[str]:
    """The variables that have a value somewhere in a text: set, read, or of a loop; or need none."""
    lines = re.findall(r"\bread (?:-r )?([\w ]+)", text)
    loops = re.findall(r"\bfor (\w+)\b", text)
    without = re.findall(r"\$\{(\w+):?-", text)
    return assigned(text).union(loops, without, *(line.split() for line in lines))


def _commands(text: str) -> list[str]:
    """The text, and each command substitution in it, without what is quoted."""
    text = ARITHMETIC.sub("Q", text.replace("\\\n", " "))
    parts, within, at = [""], [("", 0)], 0  # what is open, and to which of the parts it belongs
    while token := TOKENS[within[-1][0]].search(text, at):
        opener, part = within[-1]
        word = token[0]
        parts[part] += text[at : token.start()] if opener in CODE else ""
        at = token.end()
        if word == CLOSES.get(opener):
            within.pop()
        elif word == "$(":
            parts.append("")
            within.append((word, len(parts) - 1))
        elif word in CLOSES and (word, opener) != ("(", ""):
            within.append((word, part))
        if word not in {"(", ")"}:
            parts[part] += "Q"
        elif opener != "$(" or word == "(":
            parts[part] += word
    assert within == [("", 0)], within
    return [*parts[1:], parts[0] + text[at:]]


def _heads(text: str) -> list[str]:
    found = []
    for line in text.split("\n"):
        for piece in re.split(r";;|\bin\s|\besac\b", LISTS.sub("", line)):
            bare = piece
            while bare.count(")") > bare.count("("):  # the patterns of a case
                bare = bare.partition(")")[2]
            for command in re.split(r"&&|\|\||[;|&()]", bare):
                found += _head(command.split())
    return found


def _head(words: list[str]) -> list[str]:
    for word in words:
        if word in WORDS or re.match(r"[A-Za-z_]\w*=|[0-9]*[<>]", word):
            continue
        return [word]
    return []
