"""A real Prometheus asks for what the daemon tells, and its alerts fire."""

import asyncio
import re
import socket
from contextlib import suppress
from pathlib import Path

import httpx
import yaml

from reconciler.model.watched import Reading
from tests.installed import require_program
from tests.unit.web.conftest import drift_round
from tests.unit.web.test_metrics import MONITORING
from tests.unit.web.test_server_status import serve

GUARD = 120


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def configure(place: Path, target: str) -> Path:
    """The rules as they are, but that nothing is waited for."""
    rules = (MONITORING / "alerts.yaml").read_text()
    (place / "alerts.yaml").write_text(re.sub(r"for: \d+\w", "for: 0s", rules))
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["alerts.yaml"],
        "scrape_configs": [
            {"job_name": "reconcile", "static_configs": [{"targets": [target]}]}
        ],
    }
    (place / "prometheus.yml").write_text(yaml.safe_dump(config))
    return place / "prometheus.yml"


async def firing(client: httpx.AsyncClient) -> set[str]:
    answer = await client.get("/api/v1/alerts")
    if answer.status_code == 503:  # it is still starting
        return set()
    alerts = answer.json()["data"]["alerts"]
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


async def test_what_is_wrong_fires_and_what_is_not_does_not(site, tmp_path):
    prometheus = require_program("prometheus", "prometheus")
    lost = Reading("member/node01", "Unreachable", "True", "HostUnreachable", "no route")
    found = drift_round()
    site.record("beta", type(found)(found.rank, found.state, "1", (lost,), found.drift))
    port = free_port()
    async with serve(site) as url:
        config = configure(tmp_path, url.removeprefix("http://"))
        process = await asyncio.create_subprocess_exec(
            str(prometheus),
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        wanted = {"ReconcileMemberUnreachable", "ReconcileDrift"}
        try:
            async with (
                asyncio.timeout(GUARD),
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
            ):
                seen: set[str] = set()
                while not wanted <= seen:
                    with suppress(httpx.TransportError):  # it has not begun to listen
                        seen = await firing(client)
                    await asyncio.sleep(0.2)
        finally:
            process.terminate()
            await process.wait()
    assert "ReconcileDown" not in seen
    assert "ReconcileDegraded" not in seen
