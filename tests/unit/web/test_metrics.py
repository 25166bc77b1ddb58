"""What Prometheus is told: one moment of the state; and rules and pictures that ask for nothing else."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.model.watched import Reading
from reconciler.storage.fleet_files import FleetSource
from reconciler.storage.fleet_measures import FleetMeasure, ZoneMeasure
from reconciler.web.fleet_metrics import measure_families
from reconciler.web.metrics import Metrics
from tests.installed import require_program
from tests.unit.web.conftest import HOSTILE, NOW, drift_round, quiet_round

MONITORING = Path(__file__).parents[3] / "examples/monitoring"
# What the daemon's own libraries tell, and Prometheus itself.
GIVEN = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}


def parse_metrics(text: str) -> dict[tuple[str, ...], float]:
    """Each of ours: name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("reconcile_")
    }


async def test_what_stands_is_told_of_each_cluster(site):
    site.record("alpha", quiet_round())
    site.record("beta", drift_round())
    answer = await site.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = parse_metrics(answer.text)
    assert found["reconcile_last_round_timestamp_seconds", "beta", "a.yaml"] == NOW.timestamp()
    assert found["reconcile_conditions", "beta", "a.yaml", "True", "Drifted"] == 1
    assert found["reconcile_conditions", "beta", "a.yaml", "False", "Unreachable"] == 1
    drift = ("volume/boot", "degrades", "file")
    assert found["reconcile_drift_items", "beta", "a.yaml", *drift] == 1
    assert found["reconcile_hosts_unreachable", "beta", "a.yaml"] == 0
    assert found["reconcile_volume_size_bytes", "alpha", "a.yaml", "images"] == 2**40
    assert found["reconcile_volume_used_bytes", "beta", "a.yaml", "images"] == 2**38
    assert ("reconcile_conditions", "alpha", "a.yaml", "True", "Drifted") not in found


async def test_words_of_files_are_words(site):
    site.record("beta", drift_round(HOSTILE), file=HOSTILE)
    drift = ("reconcile_drift_items", "beta", HOSTILE, "volume/boot", "degrades", "file")
    assert drift in parse_metrics((await site.get("/metrics")).text)


async def test_who_is_lost_and_what_a_status_has_is_told(site):
    lost = Reading("member/node01", "Unreachable", "True", "HostUnreachable", "no route")
    stopped = Reading("volume/images", "Healing", "False", "Flapping", "it was healed 3 times")
    found_now = replace(quiet_round(), readings=(lost, stopped))
    mounts = [{"heartbeat": state} for state in ("beats", "silent", "beats", None)]
    members = [{"volumes": {str(place): one}} for place, one in enumerate(mounts)]
    status = {"members": members, "leases": [{"run": "r1", "age": 7.5}]}
    site.keep(site.record("alpha", found_now), "status", json.dumps(status))
    found = parse_metrics((await site.get("/metrics")).text)
    of = ("alpha", "a.yaml")
    assert found["reconcile_hosts_unreachable", *of] == 1
    assert found["reconcile_healing_stopped", *of, "Flapping"] == 1
    assert found["reconcile_heartbeats", *of, "beats"] == 2
    assert found["reconcile_heartbeats", *of, "silent"] == 1
    assert found["reconcile_lease_age_seconds", *of, "r1"] == 7.5


def test_the_daemon_counts_its_own_work(site):
    metrics = Metrics(site.database)
    metrics.rounds.labels("converged").inc()
    metrics.messages.labels("chat", "failed").inc()
    metrics.healings.labels("converged").inc()
    metrics.round_seconds.observe(1.5)
    metrics.loop_lag.set(0.002)
    metrics.connections.set(7)
    metrics.circuits.set(3)
    found = parse_metrics(metrics.text().decode())
    assert found["reconcile_rounds_total", "converged"] == 1
    assert found["reconcile_messages_total", "chat", "failed"] == 1
    assert found["reconcile_healings_total", "converged"] == 1
    assert found["reconcile_round_seconds_bucket", "2.0"] == 1
    assert found["reconcile_loop_lag_seconds",] == 0.002
    assert found["reconcile_connections",] == 7
    assert found["reconcile_circuits_open",] == 3


def exported_names(site) -> set[str]:
    members = [{"volumes": {"images": {"heartbeat": "silent"}}}]
    status = {"members": members, "leases": [{"run": "r1", "age": 7.5}]}
    site.keep(site.record("beta", drift_round()), "status", json.dumps(status))
    stopped = Reading("volume/images", "Healing", "False", "Flapping", "3 times")
    site.record("alpha", replace(quiet_round(), readings=(stopped,)))
    metrics = Metrics(site.database)
    metrics.healings.labels("converged").inc()
    metrics.rounds.labels("drifted").inc()
    metrics.messages.labels("chat", "failed").inc()
    source = FleetSource("c", "r", NOW, "")
    measure = FleetMeasure(1, {"north": ZoneMeasure(1, 0, 0)}, {}, 0, source)
    fleet = {family.name for family in measure_families(measure)}
    return {name for name, *_ in parse_metrics(metrics.text().decode())} | GIVEN | fleet


def names_in(expression: str) -> set[str]:
    """The metrics that a query asks for."""
    bare = re.sub(r'"[^"]*"', "", expression)
    return set(re.findall(r"\b(reconcile_\w+|process_\w+|up)\b", bare))


def test_every_query_of_the_dashboard_asks_for_what_is_exported(site):
    panels = json.loads((MONITORING / "grafana.json").read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    missing = {query: names_in(query) - exported_names(site) for query in queries}
    assert len(queries) >= 15
    assert all(names_in(query) for query in queries)
    assert {query: names for query, names in missing.items() if names} == {}


def test_every_rule_asks_for_what_is_exported(site):
    rules = (MONITORING / "alerts.yaml").read_text()
    queries = re.findall(r"expr: (.*)", rules)
    assert len(queries) == rules.count("- alert:") > 9
    assert {query: names_in(query) - exported_names(site) for query in queries} == {
        query: set() for query in queries
    }


@pytest.mark.parametrize(
    "words",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yaml"),
        ("test", "rules", "alerts_test.yaml"),
    ],
)
def test_promtool_takes_the_configuration_and_the_rules(words):
    promtool = require_program("promtool", "prometheus")
    done = subprocess.run(
        [promtool, *words], check=False, cwd=MONITORING, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_in_its_test():
    rules = set(re.findall(r"- alert: (\w+)", (MONITORING / "alerts.yaml").read_text()))
    fires = re.findall(
        r"alertname: (\w+)\n\s+exp_alerts", (MONITORING / "alerts_test.yaml").read_text()
    )
    assert set(fires) == rules
