import json
from typing import get_args

import pytest
from pydantic import BaseModel

from reconciler.loading import find_places, load
from reconciler.model.desired import Cluster, Member, Volume
from reconciler.model.observed import Unreachable
from reconciler.model.refusals import REFUSALS
from reconciler.planning.planner import make_plan
from reconciler.reports.offending import KEYS, offending_place
from reconciler.reports.sarif import plan_sarif
from tests.builders import bare

TEXT = """\
version: 1
clusters:
  - name: one
    members:
      - {name: node01, interconnect: 10.0.0.11}
      - name: node02
        interconnect: 10.0.0.12
    volumes:
      - label: images
        device: {path: /dev/disk/by-id/lab-lun1}
        size: 2GiB
        format: if-blank
        mount: {path: /srv/images}
"""


def test_members_volumes_and_clusters_have_their_places_and_their_keys():
    places = find_places(TEXT, load("", TEXT).clusters)["one"]
    assert {subject: keys[""] for subject, keys in places.items()} == {
        "": (3, 11),
        "member/node01": (5, 16),
        "member/node02": (6, 15),
        "volume/images": (9, 16),
    }
    assert {key: place for key, place in places["volume/images"].items() if key} == {
        "label": (9, 16),
        "device": (10, 9),
        "device.path": (10, 24),
        "size": (11, 15),
        "format": (12, 17),
        "mount": (13, 9),
        "mount.path": (13, 23),
    }


def test_what_is_refused_stands_where_the_file_speaks_of_it():
    (cluster,) = load("a b.yaml", TEXT).clusters
    observed = bare(cluster)
    observed.hosts["node02"] = Unreachable("node02", "host-unreachable", "no answer")
    plan = make_plan([(cluster, observed)])
    places = find_places(TEXT, [cluster])
    (run,) = json.loads(plan_sarif(plan, "a b.yaml", places))["runs"]
    found = {
        result["ruleId"]: (
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            *result["locations"][0]["physicalLocation"]["region"].values(),
        )
        for result in run["results"]
    }
    assert found == {
        "device-too-small": ("a%20b.yaml", 11, 15),
        "host-unreachable": ("a%20b.yaml", 6, 15),
    }
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["device-too-small", "host-unreachable"]
    assert all(rule["shortDescription"]["text"] and rule["help"]["text"] for rule in rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


SPOTS = {
    "": {"": (3, 11), "packages.tools": (4, 9), "packages": (4, 5)},
    "member/node01": {"": (5, 9), "interconnect": (6, 9), "ssh": (7, 9)},
    "volume/images": {"": (9, 9), "device.path": (10, 9), "device": (10, 5)},
}
LINES = {
    ("interconnect-not-on-host", "member/node01"): (6, 9),
    ("login-refused", "member/node01"): (7, 9),
    ("tools-missing", "member/node01"): (4, 9),
    ("module-missing", "member/node01"): (4, 5),
    ("hostname-differs", "member/node01"): (5, 9),
    ("device-missing", "volume/images/mount/node01"): (10, 9),
    ("shrink-refused", "volume/images"): (9, 9),
    ("foreign-cluster", "member/gone"): (3, 11),
}


@pytest.mark.parametrize(("said", "line"), LINES.items())
def test_a_code_stands_at_its_key_or_at_whom_it_is_about(said, line):
    assert offending_place({"one": SPOTS}, "one", *said) == line
    assert offending_place({}, "one", *said) == (1, 1)


def test_every_code_with_a_key_is_declared_and_every_key_is_one_of_the_file():
    assert KEYS.keys() <= REFUSALS.keys()
    for key in {key for keys in KEYS.values() for key in keys}:
        models = [Cluster, Member, Volume]
        for word in key.split("."):
            found = [m.model_fields[word].annotation for m in models if word in m.model_fields]
            assert found, key
            models = [
                part
                for one in found
                for part in (one, *get_args(one))
                if isinstance(part, type) and issubclass(part, BaseModel)
            ]
