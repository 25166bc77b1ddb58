"""Recorded facts as the schema publishes them, byte for byte; UPDATE_GOLDEN=1 rewrites them."""

import json
import os
from dataclasses import replace
from pathlib import Path

from reconciler.model.observed import Observed, Unknown, Unreachable
from reconciler.pipeline import recorded_probe_arguments
from reconciler.reports.documents import facts_document
from tests.builders import converged, spec, volume

PATH = Path(__file__).parent / "facts/running.json"


def test_the_document_of_facts():
    cluster = spec(["node01", "node02"], volumes=[volume()])
    found = replace(converged(cluster).hosts["node01"], log=Unknown("dmesg: not permitted"))
    lost = Unreachable("node02", "host-unreachable", "no route to host")
    seen = Observed({"node01": found, "node02": lost})
    asked = {"ocfs2": recorded_probe_arguments(cluster, seen)}
    document = facts_document([(cluster, seen)], asked, "2026-11-26T10:00:00+00:00")
    text = json.dumps(document, indent=1) + "\n"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        PATH.write_text(text)
    assert text == PATH.read_text()
