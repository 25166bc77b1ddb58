"""The published JSON Schemas of files, saved plans, facts, messages and settings, from the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter

from reconciler.model.desired import Desired
from reconciler.model.documents import FactsDocument, PlanDocument
from reconciler.model.fleet import Fleet
from reconciler.model.notification import Notification
from reconciler.model.observed import HostFacts

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLE = "reconcile: desired state of OCFS2 clusters, version 1"
_PLAN_TITLE = "reconcile: a plan, version 1"
_FACTS_TITLE = "reconcile: facts of hosts, version 1"
_NOTIFICATION_TITLE = "reconcile: a message of what changed, version 1"
_FLEET_TITLE = "reconcile: the settings of a fleet, version 1"
_LOST = {
    "type": "object",
    "description": "A host without an answer; code is the stable refusal code.",
    "properties": {
        "unreachable": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
            "required": ["code", "message"],
        }
    },
    "required": ["unreachable"],
}
_UNKNOWN = {
    "type": "object",
    "description": "A section that could not be read, and why.",
    "properties": {"unknown": {"type": "string"}},
    "required": ["unknown"],
    "additionalProperties": False,
}


def cluster_schema() -> dict[str, Any]:
    """The schema for editors and CI; what it refuses, ``loading`` refuses too.

    ``loading`` knows more: the rules between values, and YAML's traps. Any editor that follows
    the ``# yaml-language-server`` line completes, explains and checks with it.
    """
    schema = Desired.model_json_schema()
    return {"$schema": _DIALECT, **_tidy(schema), "title": _TITLE}


def plan_schema() -> dict[str, Any]:
    """The schema of what ``plan -o`` saves; keys may be added, hence further ones are valid."""
    schema = TypeAdapter(PlanDocument).json_schema()
    desired = Desired.model_json_schema(ref_template="#/$defs/{model}")
    definitions = {**schema["$defs"], **desired.pop("$defs"), "Desired": desired}
    schema["properties"]["desired"] = {"$ref": "#/$defs/Desired"}
    return _published({**schema, "$defs": definitions}, _PLAN_TITLE)


def facts_schema() -> dict[str, Any]:
    """The schema of what ``observe -o`` writes; keys may be added, as above."""
    schema = TypeAdapter(FactsDocument).json_schema()
    host = TypeAdapter(HostFacts).json_schema()
    sections = host["$defs"] | {"Unknown": _UNKNOWN}
    some = {"type": "object", "properties": host["properties"]}
    for place, required in (("hosts", host["properties"]), ("storage", ())):
        facts = {**some, "required": sorted(required)}
        schema["properties"][place]["additionalProperties"] = {"anyOf": [_LOST, facts]}
    return _published({**schema, "$defs": {**schema["$defs"], **sections}}, _FACTS_TITLE)


def notification_schema() -> dict[str, Any]:
    """The schema of what a web hook gets; keys may be added, as above."""
    return _published(Notification.model_json_schema(mode="serialization"), _NOTIFICATION_TITLE)


def fleet_schema() -> dict[str, Any]:
    """The schema of the settings of a fleet, for editors and CI."""
    return _published(Fleet.model_json_schema(), _FLEET_TITLE)


def _published(schema: dict[str, Any], title: str) -> dict[str, Any]:
    return {"$schema": _DIALECT, **_tidy(schema), "title": title}


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "cluster": cluster_schema,
    "plan": plan_schema,
    "facts": facts_schema,
    "notification": notification_schema,
    "fleet": fleet_schema,
}


def _tidy(node: Any) -> Any:
    """Without the titles that only repeat names, and the defaults that only repeat blocks."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _tidy(value) for key, value in node.items() if not _noise(key, value)}
    return _described_once(kept)


def _noise(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (
        key == "default" and (value is None or isinstance(value, (dict, list)))
    )


def _described_once(node: dict[str, Any]) -> dict[str, Any]:
    """A one-line description per hover: docstrings are wrapped, and editors keep the breaks."""
    text = node.get("description")
    return {**node, "description": " ".join(text.split())} if isinstance(text, str) else node
