"""Words that hosts choose stay words in every form of a plan."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from reconciler.model.observed import Unreachable
from reconciler.model.outcome import Blocked, Finding
from reconciler.model.plan import Action, Change, ClusterPlan, Command, Fact, Outage, Plan
from reconciler.model.views import Surroundings
from reconciler.planning.review.drift import Drift, Item
from reconciler.reports.drift import drift_markdown
from reconciler.reports.forms import FORMS
from reconciler.reports.markdown import LIMIT, MARKER, fence, plan_markdown, prose
from reconciler.reports.mermaid import MOST_STAGES, label
from reconciler.reports.plan_views import plan_views
from tests.builders import converged, spec, volume

NASTY = (
    "`x` ``` | </details></td></svg><script>alert(1)</script><img src=x onerror=alert(1)> "
    "@team #1 !2 www.example.org https://example.org/ [a](javascript:b) **b** <!-- --> "
    "\"'&amp; \x00\x1b[31m\x9b\u202e\u2028 ]]> %% end \\| $x$ ~~s~~\n# heading\n```\n| a |\n"
)
HOST = "node01"


def plan(words=NASTY, times=1):
    fact = Fact((HOST,), "mounted", words, words)
    actions = tuple(
        Action(
            f"ocfs2/{HOST}/kind{n}/{words}",
            f"kind{n}",
            HOST,
            f"volume/{words}",
            f"{words} {n}",
            words,
            "outage",
            Command(("touch", words)),
            (fact,),
            device=words,
        )
        for n in range(times)
    )
    changes = tuple(
        Change(f"volume/{words}{n}", HOST, "disk", words, f"{words}{n}", words)
        for n in range(times)
    )
    outages = tuple(
        Outage((HOST, words), (words,), (words,), (words,), f"{words}{n}", 5.0)
        for n in range(times)
    )
    blocked = tuple(Blocked("no-space", words, f"{words}{n}", words) for n in range(times))
    told = (words, (Finding("no-space", words, words, words),))
    return Plan(
        "0123456789ab",
        (
            ClusterPlan("ocfs2", changes, actions, outages, blocked, (told[0],), told[1]),
            ClusterPlan("other", changes, actions, outages, (), (told[0],), told[1]),
        ),
        "0" * 64,
    )


def crowded():
    """A plan of more hosts than a graph can show."""
    (first, *_others) = plan("words").clusters
    (one,) = first.actions
    actions = tuple(replace(one, id=f"{n}", host=f"host{n}") for n in range(MOST_STAGES + 1))
    return Plan("0123456789ab", (replace(first, actions=actions),), "")


def pairs(words=NASTY):
    found = []
    for name in ("ocfs2", "other"):
        cluster = spec(name=name, volumes=[volume()])
        seen = converged(cluster)
        seen.hosts["node03"] = Unreachable("node03", "host-unreachable", words)
        found.append((cluster, seen))
    return found


def render(form, **given):
    found = plan(**given)
    file = given.get("words", NASTY)
    return FORMS[form](found, Surroundings(file, {}, plan_views(found, pairs())))


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.names, self.attributes, self.open = set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _value in attrs}
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_has_the_elements_of_a_harmless_plan_and_no_other():
    nasty, harmless = Elements(), Elements()
    nasty.feed(render("html"))
    harmless.feed(render("html", words="words"))
    assert nasty.open == harmless.open == []
    assert nasty.names == harmless.names
    assert nasty.attributes == harmless.attributes
    assert not nasty.names & {"script", "img", "iframe", "link", "form"}
    assert not {name for name in nasty.attributes if name.startswith("on")}


def test_html_asks_nobody_for_anything_and_forbids_it():
    text = render("html")
    found = Elements()
    found.feed(text)
    assert not found.attributes & {"src", "srcset", "action", "style"}
    assert re.findall(r'href="([^#])', text) == []
    assert "default-src &#x27;none&#x27;" in text
    assert "url(" not in text
    assert "@import" not in text


def test_html_allows_its_own_style_and_that_only():
    text = render("html")
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src &#x27;sha256-{digest}&#x27;;" in text


def test_xml_reads_back_with_every_word():
    root = ET.fromstring(render("junit"))  # noqa: S314  # made here
    assert {e.tag for e in root.iter()} == {
        *("testsuites", "testsuite", "testcase", "failure", "system-out")
    }
    (failure,) = root.iter("failure")
    assert "</details></td></svg><script>" in failure.get("message") + failure.text


def test_sarif_reads_back_with_every_word_in_ascii_addresses():
    (run,) = json.loads(render("sarif"))["runs"]
    assert {result["level"] for result in run["results"]} == {"error", "warning"}
    assert all("</svg><script>" in result["message"]["text"] for result in run["results"])
    places = [r["locations"][0]["physicalLocation"] for r in run["results"]]
    assert all(re.fullmatch(r"[\w%/.~-]+", p["artifactLocation"]["uri"]) for p in places)


def outside_fences(text):
    """The lines that are not in a block of code."""
    bar = ""
    for line in text.splitlines():
        found = re.match(r"`{3,}", line)
        if bar:
            if line == bar:
                bar = ""
        elif found:
            bar = found[0]
        else:
            yield line
    assert not bar


def test_markdown_keeps_its_shape():
    nasty = list(outside_fences(render("markdown")))
    harmless = list(outside_fences(render("markdown", words="words")))
    assert nasty[0] == MARKER
    shape = re.compile(r"(?<!\\)\||</?(?:details|summary|br)>|^#+ |<!--|^```")
    outline = [[shape.findall(line) for line in lines] for lines in (nasty, harmless)]
    assert outline[0] == outline[1]


def test_markdown_makes_no_link_and_calls_nobody():
    for line in outside_fences(render("markdown")):
        bare = re.sub(r"(?<!\\)`[^`]*`", "", line)
        assert not re.search(r"@\w|#\w|https?://|www\.|(?<!\\)\]\(|<(script|img)", bare), bare


@pytest.mark.parametrize("text", ["```", "a\n````\nb", "`", "", "~~~"])
def test_no_line_ends_a_block_of_code(text):
    lines = fence("text", text.split("\n")).splitlines()
    bar = lines[0].removesuffix("text")
    assert lines[-1] == bar
    assert bar not in lines[1:-1]


@pytest.mark.parametrize("text", ["# a", "- a", "1. a", "+ a", "= a", "> a", "12) a"])
def test_words_begin_no_heading_and_no_list(text):
    assert re.match(r"\\|\d+\\|&gt;", prose(text))


def test_a_graph_holds_nothing_but_words():
    assert re.fullmatch(r"(?:[\w ._/,:()=+-]|#\d+;|\u2026)*", label(NASTY))


@pytest.mark.parametrize("words", [NASTY, "x" * 2000, "&" * 2000, "`|" * 1000])
@pytest.mark.parametrize("times", [1, 60])
def test_a_comment_is_never_too_long_and_always_whole(words, times):
    text = render("markdown", words=words, times=times)
    assert len(text) < LIMIT
    assert text.count("<details>\n") == text.count("\n</details>\n")
    assert next(outside_fences(text)) == MARKER
    assert "no-space" in text
    assert "0123456789ab" in text


def test_what_a_comment_leaves_out_is_named():
    assert "too many for a graph" in plan_markdown(crowded())
    assert "too many for a graph" not in render("markdown")
    text = render("markdown", times=60)
    assert "Left out, as a comment may not be longer: " in text
    assert "Left out" not in render("markdown", words="words")


def drifted(words, times=1):
    item = Item(f"volume/{words}", words, "file", "changed-outside", "`````\na", words, words)
    refused = replace(item, code="no-space")
    unread = Blocked("no-space", words, words, words)
    finding = Finding("no-space", words, words, words)
    return Drift("ocfs2", (item, refused) * times, (unread,) * times, (finding,), (words,))


def test_a_drift_comment_holds_words_and_no_markup_of_theirs():
    words = NASTY.replace("```\n", "```````\n")
    text = drift_markdown([drifted(words)])
    outside = "\n".join(outside_fences(text))
    assert not re.search(r"<script|<img|@team|(?<!\\)\[a\]|https://|\n# |(?<!\\)`x", outside)
    assert outside.count("</details>") == text.count("<details>") == 1
    assert text.count("diff\n") - outside.count("diff\n") == 2
    assert not set("\x00\x1b\x9b\u202e\u2028") & set(text)


def test_a_drift_comment_is_never_longer_than_one_may_be():
    text = drift_markdown([drifted(f"word{n} " * 100) for n in range(400)])
    assert len(text) < LIMIT + 200
    assert "left out" in text
