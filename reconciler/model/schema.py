"""The published JSON Schema of a desired-state file, made from the model."""

from __future__ import annotations

from typing import Any

from reconciler.model.desired import Desired

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLE = "reconcile: desired state of OCFS2 clusters, version 1"


def cluster_schema() -> dict[str, Any]:
    """The schema for editors and CI; what it refuses, ``loading`` refuses too.

    ``loading`` knows more: the rules between values, and YAML's traps. Any editor that follows
    the ``# yaml-language-server`` line completes, explains and checks with it.
    """
    schema = Desired.model_json_schema()
    return {"$schema": _DIALECT, **_tidy(schema), "title": _TITLE}


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
