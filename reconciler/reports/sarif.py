"""SARIF 2.1.0 logs: what code hosts show beside the lines of a change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from reconciler import __version__
from reconciler.frozen import frozen
from reconciler.model.outcome import Blocked, Finding
from reconciler.model.plan import ClusterPlan, Plan
from reconciler.model.views import Places, Position
from reconciler.reports.explain import codes, page
from reconciler.reports.offending import offending_place
from reconciler.reports.visible import visible

Level = Literal["error", "warning", "note"]
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@frozen
class Result:
    """One thing that is said about a place; line and column are 1-based."""

    code: str
    level: Level
    message: str
    file: str
    place: Position


def render(results: Sequence[Result]) -> str:
    """The log; each code is a rule, explained where it has a page."""
    rules = sorted({result.code for result in results})
    driver = {
        "name": "reconcile",
        "version": __version__,
        "rules": [_rule(code) for code in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(result, rules.index(result.code)) for result in results],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _rule(code: str) -> dict[str, Any]:
    if code not in codes():
        return {"id": code}
    text = page(code)
    title = text.partition("\n")[0].lstrip("# ").partition(": ")[2]
    return {"id": code, "shortDescription": {"text": title}, "help": {"text": text}}


def _result(result: Result, rule: int) -> dict[str, Any]:
    line, column = result.place
    where = {
        "artifactLocation": {"uri": quote(result.file)},
        "region": {"startLine": line, "startColumn": column},
    }
    return {
        "ruleId": result.code,
        "ruleIndex": rule,
        "level": result.level,
        "message": {"text": visible(result.message)},
        "locations": [{"physicalLocation": where}],
    }


def plan_sarif(plan: Plan, file: str, places: Places) -> str:
    """Refusals and findings at the lines of the file that they are about."""
    return render(plan_results(plan, file, places))


def plan_results(plan: Plan, file: str, places: Places) -> list[Result]:
    """The results alone, to be put beside those of other files."""
    results: list[Result] = []
    for cluster in plan.clusters:
        for code, level, subject, message in _said(cluster):
            place = offending_place(places, cluster.name, code, subject)
            results.append(Result(code, level, message, file, place))
    return results


def _said(cluster: ClusterPlan) -> list[tuple[str, Level, str, str]]:
    levels: Mapping[str, Level] = {"warning": "warning", "notice": "note"}
    open_findings = [item for item in cluster.findings if not item.mended_by]
    return [
        *((b.code, "error", b.subject, _words(b)) for b in cluster.blocked),
        *((f.code, levels[f.severity], f.subject, _words(f)) for f in open_findings),
    ]


def _words(item: Blocked | Finding) -> str:
    return f"{item.subject}: {item.message}; remedy: {item.remedy}"
