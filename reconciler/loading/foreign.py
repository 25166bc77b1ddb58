"""Files of other programs that were given for a desired-state file, each told as what it is."""

from __future__ import annotations

import re
from typing import NamedTuple

from reconciler.loading.characters import place_of
from reconciler.model.problems import Problem

_BEGIN = "begin the file with 'version: 1', then 'clusters:'; reconcile init writes a first one"
_OURS = "write it in YAML: 'version: 1', then 'clusters:'; reconcile init writes a first one"


class _Kind(NamedTuple):
    """What a text is that ``pattern`` finds, and what to do; ``code`` is the problem's."""

    pattern: re.Pattern[str]
    what: str
    hint: str = _BEGIN
    code: str = "not-desired-state"


def _line(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


def _top(pattern: str) -> re.Pattern[str]:
    """``pattern`` where the text begins, below its blank lines and comments."""
    return re.compile(r"\A(?:[ \t]*(?:[#;][^\n]*)?\r?\n|---[ \t]*\r?\n)*" + pattern)


# The first that is found says it. Each pattern looks for what no desired-state file has.
_KINDS = (
    _Kind(
        re.compile(r"\A\{[^}]{0,62}\"format_version\""),
        "this is a document that reconcile wrote, not a desired-state file",
        "a saved plan is for reconcile apply, facts are for reconcile plan FILE --facts",
    ),
    _Kind(
        re.compile(
            r"\A(?:#[^\n]*\n|\s)*(?:cluster|node|heartbeat):[ \t]*\r?\n[ \t]+[a-z_]+ ?= ?"
        ),
        "this is o2cb's cluster.conf, not a desired-state file",
        "reconcile import HOST writes a file of the cluster that has it",
    ),
    _Kind(
        _line(r"^(?:cluster|node|heartbeat):[ \t]*\r?\n[ \t]+[a-z_]+ ?= ?"),
        "a part of o2cb's cluster.conf stands here, which is another format",
        "write a member: '- name: NAME', below it 'interconnect: ' and its ip_address",
    ),
    _Kind(
        _line(r"^database:[ \t]*[\"']?(?:env|file):"),
        "these are the settings of a fleet, not a desired-state file",
        "reconcile fleet reads them: reconcile fleet status --fleet FILE",
    ),
    _Kind(
        _line(r"^(?:<{7}|>{7})(?: |\r?$)"),
        "this is a conflict marker of git: two versions stand here",
        "settle the merge: keep one version and remove the lines <<<<<<<, ======= and >>>>>>>",
        "yaml-syntax",
    ),
    _Kind(
        _top(r"(?:diff --git |--- \S[^\n]*\n\+\+\+ |@@ -)"),
        "this is a patch, not the file itself",
        "apply the patch, and name the file that it changes",
    ),
    _Kind(re.compile(r"\A#!"), "this is a script", "name the file that was meant"),
    _Kind(
        _top(r"(?:[^\n]*\n)?apiVersion:"),
        "this is a Kubernetes object, not a desired-state file",
    ),
    _Kind(
        _top(r"(?:version:[^\n]*\n\s*)?services:[ \t]*\r?\n[ \t]"),
        "this is a Compose file, not a desired-state file",
    ),
    _Kind(
        _top(r"(?:-[ \t]+(?:name:[^\n]*\n[ \t]+)?hosts:|(?:all|ungrouped):[ \t]*\r?\n[ \t])"),
        "this is a file of Ansible, not a desired-state file",
    ),
    _Kind(
        _line(r"^[ \t]*\[\[[A-Za-z_.\"-]+\]\][ \t]*\r?$"),
        "this is a TOML file, not a desired-state file",
        _OURS,
    ),
    _Kind(
        _top(r"\[[A-Za-z_.\" -]+\][ \t]*\r?\n[^\n=]*=[ \t]*[\[\"{']"),
        "this is a TOML file, not a desired-state file",
        _OURS,
    ),
    _Kind(
        _top(r"\[[^\]\n,:{}]+\][ \t]*(?:[#;][^\n]*)?\r?\n"),
        "this is an INI file, not a desired-state file",
        _OURS,
    ),
    _Kind(
        _top(r"[A-Za-z_][A-Za-z0-9_.-]*[ \t]*=[^\n]*(?:\n|\Z)"),
        "this is a file of settings like 'key = value', not a desired-state file",
        _OURS,
    ),
    _Kind(
        _top(r"[a-z_]+ \"[^\"\n]*\"(?: \"[^\"\n]*\")? \{"),
        "this is a Terraform file, not a desired-state file",
    ),
    _Kind(
        re.compile(r"\A\s*\{(?:[^\"']|\"[^\"\n]*\"|'[^'\n]*')*?(?:(?<!:)//|/\*)"),
        "this is JSON with comments (JSON5), which is no YAML",
        "write comments with '#', or write it in YAML: reconcile init writes a first file",
    ),
    _Kind(
        re.compile(r"\A\s*<[?!A-Za-z]"),
        "this is XML or HTML, not a desired-state file",
    ),
    _Kind(
        _top(r"(?:UUID=|LABEL=|/dev/)\S+[ \t]+\S+[ \t]+[a-z0-9]+[ \t]+\S+"),
        "this is an fstab, not a desired-state file",
        "reconcile import HOST writes a file of what is mounted there",
    ),
    _Kind(
        _top(r"[0-9]+(?:\.[0-9]+){3}[ \t]+[A-Za-z]"),
        "this is a hosts file, not a desired-state file",
        "write a member for each host: '- name: NAME', below it 'interconnect: ADDRESS'",
    ),
    _Kind(
        re.compile(r"\A\s*(?:```|~~~)"),
        "this is Markdown: the fence ``` stands around the file",
        "remove the lines with ```",
    ),
    _Kind(
        re.compile(r"\A\s*-----BEGIN "),
        "this is a key or a certificate, not a desired-state file",
        "name the file that was meant; a key belongs under ssh: {identity: FILE}",
    ),
    _Kind(
        re.compile(r"\A(?:> ?[^\n]*\n){2}"),
        "each line begins with '>', as in an answer to a mail",
        "remove '> ' from the beginning of each line",
    ),
    _Kind(
        re.compile(r"\A[^\n]*\$\n(?:[^\n]*\$\n)+"),
        "each line ends with '$', as cat -A and cat -e show it",
        "remove '$' from the end of each line",
    ),
    _Kind(
        re.compile(r"\A[ ]*1[ \t:|]+[^\n]*\n[ ]*2[ \t:|]+[^\n]*\n"),
        "each line begins with its number, as cat -n and pagers show it",
        "remove the numbers from the beginning of each line",
    ),
)


def foreign_problem(file: str, text: str) -> Problem | None:
    """The problem of a text that is something else than a desired-state file."""
    for kind in _KINDS:
        if match := kind.pattern.search(text):
            line, column = place_of(text, match.start())
            return Problem(file, line, column, kind.code, kind.what, kind.hint)
    return None
