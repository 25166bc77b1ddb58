"""The API keeps what its OpenAPI says, whatever it is asked; each route, with what fits and what does not."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from reconciler.storage import engines
from reconciler.storage.database import open_state
from reconciler.storage.rollouts import Enrolled, Rollout, new_rollout
from reconciler.web.app import Server, build_app
from reconciler.web.events import EventHub
from tests.unit.web.conftest import (
    HOSTILE,
    NOW,
    Site,
    drift_round,
    plan_text,
    quiet_round,
)
from tests.unit.web.test_server_status import status_of

PATH = "/api/v1/openapi.json"
# Questions to a route, of what fits and of what does not.
EXAMPLES = 5
# What is there, of what stands in a path.
KNOWN = {"cluster": 1, "volume": "images", "run": "1", "rollout": "r1"}


class Ending(EventHub):
    """Ends each stream at its beginning: another would have no end."""

    def listen(self):
        stream = super().listen()
        for queue in self._listeners:
            queue.put_nowait(None)
        return stream


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A few clusters with all that may be asked of them, one of them with hostile words; one run at work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "WRITING", (*engines.WRITING, "PRAGMA synchronous = OFF"))
        patch.setattr(os, "fsync", lambda _file: None)
        place: Path = tmp_path_factory.mktemp("schema") / "state"
        site = Site(open_state(place, NOW - timedelta(days=2)))
        site.record("beta", quiet_round(), NOW - timedelta(hours=1))
        for number in (
            site.record("beta", drift_round(HOSTILE)),
            site.record("alpha", quiet_round()),
        ):
            site.keep(number, "plan", plan_text(HOSTILE))
            site.keep(number, "status", json.dumps(status_of("beta")))
        site.record("new", quiet_round())
        site.begin_run("20260301T110000Z-aaaaaa").start(node01=2).finish(done=2)
        run = site.begin_run("1").start(node01=2)
        run.begin("node01", words=HOSTILE)
        clocks = (lambda: site.now), (lambda: site.uptime)
        with site.database.writing() as connection:
            one = Rollout("r1", NOW, HOSTILE, "", ("1",), 60.0, "going", HOSTILE, None)
            new_rollout(connection, one, [Enrolled("beta", 1, HOSTILE, "{}", "[]")])
        yield build_app(Server(site.database, *clocks, events=Ending()))
        run.close()
        site.database.close()


@pytest.fixture(scope="module")
def operations(app):
    """All routes, as their description has them."""
    schema = schemathesis.openapi.from_asgi(PATH, app, headers={"host": "127.0.0.1"})
    return [found.ok() for found in schema.get_all_operations()]


def test_every_route_keeps_its_word(operations):
    assert len(operations) == 17
    statuses = {200, 404}
    for operation in operations:
        known = {name: KNOWN[name] for name in parameters(operation.path_parameters)}
        found = ask(operation, GenerationMode.POSITIVE, path_parameters=known or None)
        assert 200 in found, operation.path
        if known:
            statuses |= ask(operation, GenerationMode.POSITIVE)
        if known or parameters(operation.query):
            statuses |= ask(operation, GenerationMode.NEGATIVE)
    assert 422 in statuses


def parameters(found):
    return [one.name for one in found]


def ask(operation, mode, **more):
    """Asks it the same questions at each time; the statuses of its answers."""
    statuses = set()

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode, **more))
    def questions(case):
        answer = case.call(base_url="http://127.0.0.1")
        # What a page begins after is a word of ours, though any string has its shape.
        opaque = [positive_data_acceptance] if "the cursor is damaged" in answer.text else []
        case.validate_response(answer, excluded_checks=opaque)
        statuses.add(answer.status_code)

    questions()
    return statuses
