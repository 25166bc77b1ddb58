"""Whatever words hosts, files and runs have, a page has the elements that it has with plain ones."""

import asyncio
import json
import os
import re
import shutil
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.reports.visible import visible
from reconciler.storage import engines
from reconciler.storage.database import Database
from reconciler.storage.engines import writing_engine
from reconciler.storage.private import STATE
from tests.unit.web.conftest import Site, drift_round, plan_text, record_fleet
from tests.unit.web.test_runs import LEASE
from tests.unit.web.test_server_status import status_of

PLAIN = "plain words"
LOCAL = re.compile(r"#main$|/(?![/\\])|\?over=(day|week|month)$")
# What ends a text, an attribute, a script, a comment or a template, and what a reader does not see.
PIECES = st.sampled_from(
    [
        *(
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "' onfocus=alert(1) x='",
        ),
        *(
            "javascript:alert(1)",
            "{{ 7 * 7 }}",
            "{% raw %}",
            "-->",
            "]]>",
            "&lt;b&gt;",
            "</main>",
        ),
        *("\u202e", "\x1b[31m", "\0", "\u2028", "\r\n\r\n", "\ufeff", "</title><b>", "\ud800"),
        *(
            "%3Cb%3E",
            "\\",
            "`",
            "é" * 9,
            "://",
            "data:text/html,<b>",
            "<!--",
            "<base href=//x>",
        ),
    ]
)
WORDS = st.lists(PIECES | st.text(max_size=8), min_size=1, max_size=4).map(
    lambda parts: "".join((*parts, "w"))  # where there are no words, a page has less
)


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes, where they lead, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.targets: list[str] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, *(name for name, _value in attributes)))
        self.targets += [value or "" for name, value in attributes if name in {"href", "src"}]

    def handle_data(self, data):
        self.words += data


def safe_name(words: str) -> str:
    """As much of it as the name of a file may have, and a record of a run is indexed."""
    kept = "".join(c for c in words if c.isprintable() and c != "/")
    return "1" + kept.encode()[:100].decode(errors="ignore")


async def pages_of(blank: Path, words: str) -> dict[str, Elements]:
    """Each page of a state that has these words wherever somebody else's words may stand."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(shutil.copytree(blank, Path(place) / "state"))
        database = Database(writing_engine(directory / STATE), str(directory / STATE))
        try:
            site = Site(database)
            fill(site, words)
            record_fleet(site, "beta", words.encode(errors="replace").decode())
            run = quote(safe_name(words), safe="")
            paths = ("/", "/clusters/1", "/clusters/1/volumes/images", "/runs", f"/runs/{run}")
            found = {}
            for path in (*paths, "/clusters/1/runs", "/rollouts", "/rollouts/r1", "/workers"):
                answer = await site.get(path)
                assert answer.status_code == 200, (path, answer.text)
                found["/runs/RUN" if path.startswith("/runs/") else path] = Elements(
                    answer.text
                )
            return found
        finally:
            database.close()


def fill(site: Site, words: str) -> None:
    number = site.record(
        "beta", drift_round(words.encode(errors="replace").decode()), file=words
    )
    site.keep(number, "plan", plan_text(words))
    lease = {**LEASE, "run": words, "hosts": [words], "running": {words: words}}
    lease["holder"] = {"user": words, "controller": words, "pid": words}
    status = {**status_of("beta"), "members": [], "volumes": [], "leases": [lease]}
    site.keep(number, "status", json.dumps(status))
    run = site.begin_run(safe_name(words)).start(words, **{words: 3})
    run.begin(words, words, words)
    run.end("action-failed", words, words, words=words, message=words)
    run.begin(words, "fstab", words)
    run.refuse(words, words)
    run.close()


@pytest.fixture(scope="module", autouse=True)
def no_sync():
    """Nobody cuts the power of a test: it does not wait for a disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "WRITING", (*engines.WRITING, "PRAGMA synchronous = OFF"))
        patch.setattr(os, "fsync", lambda _file: None)
        yield


@pytest.fixture(scope="module")
def plain_pages(blank: Path) -> dict[str, Elements]:
    return asyncio.run(pages_of(blank, PLAIN))


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(words=WORDS)
@example(words="<script>alert(1)</script>\u202e\x1b[31m\"'{{7*7}}")
@example(words="</title><base href=//x>")
def test_words_are_never_elements(blank, plain_pages, words):
    found = asyncio.run(pages_of(blank, words))
    assert found.keys() == plain_pages.keys()
    for path, page in found.items():
        assert page.elements == plain_pages[path].elements, path
        assert [target for target in page.targets if not LOCAL.match(target)] == [], path
        assert visible(page.words) == page.words, path
