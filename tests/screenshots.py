"""Takes the pictures of the pages anew, from ``reconcile watch --demo``: ``python -m tests.screenshots``.

It needs Chromium. What it writes is looked at before it is committed.
"""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, async_playwright

PLACE = Path(__file__).parents[1] / "examples" / "screenshots"
RECONCILE = "from reconciler.__main__ import main; main()"
WIDE, TALL = 1280, 800
SCHEMES = ("light", "dark")
SHOWN_STATES = {"unreachable", "blocked", "degraded", "paused"}
# The recording: so many looks at the fleet, so far apart in seconds, each shown for so long.
FRAMES, APART, SHOWN = 13, 4.0, 0.9
QUALITY = 55


async def main() -> None:
    """All pictures, and the recording while they are taken."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RECONCILE, "watch", "--demo"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        address = ""
        while not address:
            line = (await process.stdout.readline()).decode()
            found = re.search(r"http://\S+(?=/ shows)", line)
            address = found[0] if found else ""
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-dev-shm-usage"],
            )
            await asyncio.gather(take_pictures(browser, address), record(browser, address))
            await browser.close()
    finally:
        process.terminate()
        await process.wait()


async def take_pictures(browser: Browser, address: str) -> None:
    """Fleet, cluster and volume in both schemes, once each state is there."""
    async with httpx.AsyncClient(base_url=address, timeout=600) as client:
        async with client.stream("GET", "/api/v1/events") as events:
            async for _line in events.aiter_lines():
                if await states(client) >= SHOWN_STATES:
                    break
        ids = {one["name"]: one["id"] for one in await clusters(client)}
    pages = {
        "fleet": "/?over=month",
        "cluster": f"/clusters/{ids['build']}?over=week",
        "volume": f"/clusters/{ids['backup']}/volumes/vault",
    }
    for scheme in SCHEMES:
        context = await browser.new_context(
            viewport={"width": WIDE, "height": TALL}, color_scheme=scheme
        )
        page = await context.new_page()
        page.set_default_timeout(0)
        for name, path in pages.items():
            await page.goto(address + path, wait_until="load")
            await page.screenshot(path=PLACE / f"watch-{name}-{scheme}.png")
        await context.close()


async def clusters(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """What the API has of all clusters."""
    found: list[dict[str, Any]] = (await client.get("/api/v1/clusters")).json()["items"]
    return found


async def states(client: httpx.AsyncClient) -> set[str]:
    """How clusters stand now."""
    return {one["state"] for one in await clusters(client)}


async def record(browser: Browser, address: str) -> None:
    """A moving picture of the fleet, as SVG: no program is needed to make it, none to show it."""
    context = await browser.new_context(viewport={"width": WIDE, "height": TALL})
    page = await context.new_page()
    page.set_default_timeout(0)
    frames = []
    for _ in range(FRAMES):
        await page.goto(f"{address}/", wait_until="load")
        frames.append(await page.screenshot(type="jpeg", quality=QUALITY))
        await asyncio.sleep(APART)
    await context.close()
    (PLACE / "watch-fleet.svg").write_text("".join(moving(frames)))


def moving(frames: Sequence[bytes]) -> Iterator[str]:
    """One frame after the other, over and over; who wants no motion sees the last one."""
    lasts = SHOWN * len(frames)
    share = 100 / len(frames)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {TALL}"'
        f' width="{WIDE}" height="{TALL}" role="img">'
        "<title>The fleet page of reconcile watch --demo while its story goes on</title>"
        f"<style>image{{opacity:0;animation:show {lasts:g}s step-end infinite}}"
        f"image:last-of-type{{opacity:1}}"
        f"@keyframes show{{0%{{opacity:1}}{share:.3f}%{{opacity:0}}}}"
        "@media (prefers-reduced-motion:reduce){image{animation:none}}</style>"
    )
    for place, frame in enumerate(frames):
        text = base64.b64encode(frame).decode()
        delay = f"animation-delay:{place * SHOWN - lasts:g}s"
        yield (
            f'<image width="{WIDE}" height="{TALL}" style="{delay}"'
            f' href="data:image/jpeg;base64,{text}"/>'
        )
    yield "</svg>\n"


if __name__ == "__main__":
    asyncio.run(main())
