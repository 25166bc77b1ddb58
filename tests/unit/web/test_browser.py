"""The pages in a real browser: headless Chromium of the distribution, driven by playwright."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from reconciler.web.app import Server
from reconciler.web.events import EventHub
from reconciler.web.guards import Access
from reconciler.web.listening import bind, serving
from tests.installed import require_program
from tests.unit.web.conftest import (
    HOSTILE,
    Site,
    drift_round,
    open_site,
    plan_text,
    quiet_round,
    record_fleet,
)
from tests.unit.web.test_pages import STATUS, topology_text

WIDTHS = (1280, 768, 390)
# A token of this test and of nothing else.
KEY = b"only of this test"


@dataclass
class Served:
    """A site on a real socket; ``publish`` tells listeners, from this thread."""

    address: str
    publish: Callable[..., None]


@contextmanager
def serve(site: Site) -> Iterator[Served]:
    """The application as the daemon serves it, in a thread of its own."""
    listener = bind("127.0.0.1", 0)
    hub, started = EventHub(), threading.Event()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        clocks = (lambda: site.now), (lambda: site.uptime)
        async with serving(Server(site.database, *clocks, site.access, hub), listener):
            started.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    started.wait()
    try:
        yield Served(
            f"http://127.0.0.1:{listener.getsockname()[1]}",
            lambda kind="round", **about: (
                loop.call_soon_threadsafe(hub.publish, kind, about) and None
            ),
        )
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
        listener.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require_program("chromium", "chromium")
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@contextmanager
def open_page(browser: Browser, width: int = 1280, **options) -> Iterator[Page]:
    """A page that tells every error, and every request that leaves this machine."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page, troubles = context.new_page(), []
    page.on(
        "console", lambda told: troubles.append(told.text) if told.type == "error" else None
    )
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "request",
        lambda asked: None if "//127.0.0.1:" in asked.url else troubles.append(asked.url),
    )
    yield page
    context.close()
    assert troubles == []


@pytest.fixture(scope="module")
def filled(blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with all there is to see, for those who change nothing of it."""
    with open_site(blank, tmp_path_factory.mktemp("filled") / "state") as site:
        fill(site)
        yield site


def fill(site: Site) -> None:
    site.record("beta", drift_round(HOSTILE), file="/etc/reconcile/" + "long" * 40 + ".yaml")
    number = site.record("gamma", drift_round())
    site.keep(number, "plan", plan_text("mount images on node01 " * 20))
    site.keep(number, "status", STATUS)
    site.keep(number, "topology", topology_text("long" * 20))
    for count in range(55):
        site.record(f"c{count:02}", quiet_round())
    run = site.begin_run(RUN).start(HOSTILE, node01=3, **{"long" * 40: 2})
    run.begin("node01", words="mount images on node01 " * 20)
    run.end("action-failed", "node01", message="gate: changed-since: " + "long" * 99)
    run.begin("long" * 40, words=HOSTILE)
    run.refuse(HOSTILE)
    record_fleet(site, "gamma", HOSTILE + "long" * 40)
    site.keep(1, "status", json.dumps({"members": [], "volumes": [], "leases": [LEASE]}))


RUN = "20260301T120000Z-aaaaaa"
LEASE = {
    "run": RUN,
    "holder": {"user": HOSTILE, "controller": "long" * 40, "pid": 7},
    "hosts": ["node01"],
    "age": 3.2,
    "expired": False,
    "ended": False,
    "running": {},
}
PATHS = (
    *("/", "/clusters/1", "/clusters/2/volumes/images", "/codes/device-missing"),
    *("/runs", f"/runs/{RUN}", "/clusters/1/runs"),
    *("/rollouts/r1", "/workers"),
)
# Long, or short: looked at once.
OTHERS = (
    "/?condition=Drifted&over=month",
    "/clusters/2?over=week",
    "/codes",
    "/rollouts",
    "/nothing",
    "/login",
)


# Colours hang on the scheme, and the layout on the width, at one breakpoint: each of them once.
EACH_ONCE = [(1280, "light"), (390, "dark")]


@pytest.mark.parametrize(("width", "scheme"), EACH_ONCE)
def test_every_page_is_readable_at_every_width(filled, browser, width, scheme):
    with serve(filled) as at, open_page(browser, width, color_scheme=scheme) as page:
        for path in PATHS:
            page.goto(at.address + path)
            assert [(path, wide) for wide in WIDTHS if is_wider_than(page, wide)] == []
            page.set_viewport_size({"width": width, "height": 900})
            assert grave_violations(page) == [], path


@pytest.mark.nightly
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible_at_every_width(filled, browser, width, scheme):
    with serve(filled) as at, open_page(browser, width, color_scheme=scheme) as page:
        for path in (*PATHS, *OTHERS[:-2]):
            page.goto(at.address + path)
            assert grave_violations(page) == [], path


def is_wider_than(page: Page, width: int) -> bool:
    """Whether a page has to be scrolled sideways in a window of this width."""
    page.set_viewport_size({"width": width, "height": 900})
    return page.evaluate("document.documentElement.scrollWidth") > width


def grave_violations(page: Page) -> list[tuple[str, object]]:
    """The rules that axe finds broken, each with one place."""
    return [
        (each["id"], each["nodes"][0]["target"])
        for each in Axe().run(page).response["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


def test_the_other_pages_are_accessible(filled, browser):
    with serve(filled) as at:
        context = browser.new_context(viewport={"width": 390, "height": 800})
        page = context.new_page()
        for path in OTHERS:
            page.goto(at.address + path)
            assert grave_violations(page) == [], path
        context.close()


def test_a_change_is_seen_without_a_reload(site, browser):
    site.record("alpha", quiet_round())
    with serve(site) as at, open_page(browser) as page:
        with page.expect_response("**/api/v1/events"):
            page.goto(at.address)
        expect(page.locator("body")).not_to_contain_text("changed-outside")
        site.record("alpha", drift_round())
        at.publish()
        expect(page.locator("body")).to_contain_text("Drifted: changed-outside")


def test_a_run_is_followed_as_it_happens(site, browser):
    run = site.begin_run(RUN).start(node01=2)
    run.begin("node01")
    with serve(site) as at, open_page(browser) as page:
        with page.expect_response("**/api/v1/events"):
            page.goto(f"{at.address}/runs/{RUN}")
        bar = page.get_by_label("node01: 0 of 2 actions")
        expect(bar).to_have_attribute("value", "0")
        expect(page.locator("main")).to_contain_text("mount images since")
        run.end("action-finished", "node01")
        at.publish("run-lines", run="another")
        at.publish("run-lines", run=RUN)
        expect(page.get_by_label("node01: 1 of 2 actions")).to_have_attribute("value", "1")
        run.finish(done=1)
        at.publish("run", run=RUN, result="converged")
        expect(page.locator("h1")).to_contain_text("converged")


def test_who_has_no_scripts_has_a_run_loaded_again(site, browser):
    run = site.begin_run(RUN).start(node01=2)
    with serve(site) as at, open_page(browser, java_script_enabled=False) as page:
        page.goto(f"{at.address}/runs/{RUN}")
        page.get_by_role("link", name="each 5 s").click()
        expect(page.locator("h1")).to_contain_text("at work")
        run.finish(done=1)
        expect(page.locator("h1")).to_contain_text("converged", timeout=60_000)


def test_who_has_no_scripts_sees_the_same(filled, browser):
    with serve(filled) as at:
        with open_page(browser) as page:
            page.goto(at.address)
            scripted = page.locator("main").inner_text()
        with open_page(browser, java_script_enabled=False) as page:
            page.goto(at.address)
            assert page.locator("main").inner_text() == scripted
            page.get_by_label("Name or file").fill("gamma")
            page.get_by_role("button", name="Search").click()
            expect(page.locator("main")).to_contain_text("1 cluster")


def test_the_keyboard_reaches_the_content_first(filled, browser):
    with serve(filled) as at, open_page(browser) as page:
        page.goto(at.address)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_a_token_opens_the_pages(site, browser):
    site.access = Access(KEY)
    site.record("alpha", quiet_round())
    with serve(site) as at, open_page(browser) as page:
        page.goto(at.address)
        expect(page).to_have_title("Log in · reconcile")
        page.get_by_label("Token").fill(KEY.decode())
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("main")).to_contain_text("alpha")
        assert page.evaluate("document.cookie") == ""


def test_words_of_hosts_run_nothing(filled, browser):
    with serve(filled) as at, open_page(browser) as page:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        words = ("/", "/clusters/1", "/clusters/1/volumes/images", "/runs", f"/runs/{RUN}")
        for path in words:
            page.goto(at.address + path)
            assert page.locator("main script").count() == 0
