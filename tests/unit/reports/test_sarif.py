import json

from reconciler.loading import find_positions, load
from reconciler.model.observed import Unreachable
from reconciler.planning.planner import make_plan
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


def test_members_volumes_and_clusters_have_their_places():
    assert find_positions(TEXT) == {
        ("one", ""): (3, 11),
        ("one", "member/node01"): (5, 16),
        ("one", "member/node02"): (6, 15),
        ("one", "volume/images"): (9, 16),
    }


def test_what_is_refused_stands_where_the_file_speaks_of_it():
    (cluster,) = load("a b.yaml", TEXT).clusters
    observed = bare(cluster)
    observed.hosts["node02"] = Unreachable("node02", "host-unreachable", "no answer")
    plan = make_plan([(cluster, observed)])
    (run,) = json.loads(plan_sarif(plan, "a b.yaml", find_positions(TEXT)))["runs"]
    found = {
        result["ruleId"]: (
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            *result["locations"][0]["physicalLocation"]["region"].values(),
        )
        for result in run["results"]
    }
    assert found == {
        "device-too-small": ("a%20b.yaml", 9, 16),
        "host-unreachable": ("a%20b.yaml", 6, 15),
    }
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["device-too-small", "host-unreachable"]
    assert all(rule["shortDescription"]["text"] and rule["help"]["text"] for rule in rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
