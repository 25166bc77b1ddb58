"""The pages. They work without scripts: links and one form of search, rendered on this side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reconciler import __version__
from reconciler.model.addresses import volume_address
from reconciler.model.fill_trend import bytes_a_day, days_until_full
from reconciler.model.quantities import round_size
from reconciler.model.revision import say_revision
from reconciler.model.watched import Condition
from reconciler.reports import explain
from reconciler.reports.elapsed import parse_moment, span_words
from reconciler.reports.html import read_style
from reconciler.reports.shortening import shorten_hashes
from reconciler.reports.visible import visible
from reconciler.storage.cluster_conditions import past_conditions, standing_conditions
from reconciler.storage.cluster_documents import load_document
from reconciler.storage.database import StateConnection
from reconciler.storage.drift_items import past_drift, present_drift
from reconciler.storage.rounds import observed_spans
from reconciler.storage.samples import volume_samples
from reconciler.web.api import Reader, Stored
from reconciler.web.cluster_facts import (
    code_of,
    draw_topology,
    has_code,
    mount_words,
    split_conditions,
)
from reconciler.web.cluster_runs import run_facts
from reconciler.web.fleet_facts import fleet_facts, without_healing
from reconciler.web.pictures import RANGES, RangeName, fill_curve, heat_strip

PAST = 20
# Conditions of the past in which troubles are looked for.
LOOKED_AT = 200
DAY = timedelta(days=1)

router = APIRouter(include_in_schema=False)


def _environment() -> Environment:
    """Escapes each word, and shows what no reader would see, as reports do."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters |= {"moment": _moment, "ago": _ago, "size": round_size, "value": _value}
    made.filters |= {"mount": mount_words, "code_of": code_of, "has_code": has_code}
    made.filters |= {"parsed": parse_moment, "span": span_words}
    made.filters |= {"short_hashes": shorten_hashes}
    made.globals |= {"version": __version__, "ranges": tuple(RANGES), "revision": say_revision}
    return made


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "never"


def _ago(at: datetime | None, now: datetime) -> str:
    """How long ago, in the greatest unit that has a whole number of them."""
    if at is None:
        return "never"
    seconds = max((now - at).total_seconds(), 0)
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds // unit:.0f} {name} ago"
    return f"{seconds:.0f} s ago"


def _value(text: str) -> str:
    """A side of a difference: a string as it is, anything else as JSON."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, str) else json.dumps(found, indent=1, ensure_ascii=False)


TEMPLATES = Jinja2Templates(env=_environment())


def page(request: Request, name: str, **context: Any) -> HTMLResponse:
    """A page of a template, with what all of them show."""
    access = request.app.state.access
    shared = {"now": request.app.state.clock(), "logged_in": access.token is not None}
    return TEMPLATES.TemplateResponse(request, f"{name}.html", shared | context)


def draw_strip(
    connection: StateConnection, cluster: int, now: datetime, over: RangeName
) -> Markup:
    """What the rounds of a cluster have found over a time."""
    since = now - RANGES[over].length
    return heat_strip(observed_spans(connection, cluster, since), now, over)


@router.get("/clusters/{cluster:int}")
def cluster_page(
    request: Request, connection: Reader, stored: Stored, over: RangeName = "day"
) -> HTMLResponse:
    """One cluster: what stands, what differs, what was."""
    now = request.app.state.clock()
    about_fleet = fleet_facts(connection, stored.name)
    conditions = without_healing(
        about_fleet["standing"], standing_conditions(connection, stored.id)
    )
    plan, status = (
        _kept(load_document(connection, stored.id, kind)) for kind in ("plan", "status")
    )
    drawn = load_document(connection, stored.id, "topology")
    return page(
        request,
        "cluster",
        cluster=stored,
        conditions=split_conditions(conditions),
        picture=draw_topology(drawn[0], stored.name) if drawn else None,
        past=_troubles(past_conditions(connection, stored.id, now + DAY, LOOKED_AT)),
        drift=present_drift(connection, stored.id),
        past_drift=past_drift(connection, stored.id, now + DAY, PAST),
        strip=draw_strip(connection, stored.id, now, over),
        over=over,
        link=lambda over: "?over=" + over,
        plan=plan,
        status=status,
        **run_facts(connection, stored, status or {}),
        **about_fleet,
        codes=frozenset(explain.codes()),
    )


def _troubles(past: Sequence[tuple[Condition, datetime]]) -> list[tuple[Condition, datetime]]:
    """What was not well: that something was well is what the next trouble tells."""
    found = [
        (one, ended)
        for one, ended in past
        if one.reading.status == "True" and one.reading.kind != "Converged"
    ]
    return found[:PAST]


def _kept(found: tuple[str, datetime] | None) -> dict[str, Any] | None:
    """A document, and since when it is so."""
    return {**json.loads(found[0]), "at": found[1]} if found else None


@router.get("/clusters/{cluster:int}/volumes/{volume}")
def volume_page(
    request: Request, connection: Reader, stored: Stored, volume: str
) -> HTMLResponse:
    """One volume: its size and fill over time, and what stands of it. Raises HTTPException for no such one."""
    now = request.app.state.clock()
    samples = volume_samples(connection, stored.id, volume, now - 90 * DAY)
    about = [
        one
        for one in standing_conditions(connection, stored.id)
        if one.reading.subject == volume_address(volume)
    ]
    if not samples and not about:
        raise HTTPException(404, f"cluster {stored.name} has no volume {volume}")
    status = _kept(load_document(connection, stored.id, "status"))
    return page(
        request,
        "volume",
        cluster=stored,
        volume=volume,
        samples=samples,
        now_there=_there(status, volume),
        growth=bytes_a_day(samples),
        full_in=days_until_full(samples),
        conditions=about,
        curve=fill_curve(samples),
        codes=frozenset(explain.codes()),
    )


def _there(status: dict[str, Any] | None, volume: str) -> dict[str, Any] | None:
    """What the last round has found of a volume."""
    found = status["volumes"] if status else ()
    return next((one for one in found if one["label"] == volume), None)


@router.get("/static/picture.css")
def picture_style() -> Response:
    """The style of pictures, which reports carry in themselves."""
    return Response(read_style("picture.css"), media_type="text/css")


@router.get("/codes")
def codes_page(request: Request) -> HTMLResponse:
    """Every code that reconcile can say."""
    found = [(code, _title(code)) for code in explain.codes()]
    return page(request, "codes", codes=found)


@router.get("/codes/{code}")
def code_page(request: Request, code: str) -> HTMLResponse:
    """What one code means, and what to do about it. Raises HTTPException for no such one."""
    if code not in explain.codes():
        raise HTTPException(404, f"no code is called {code}")
    text = explain.page(code)
    return page(request, "code", code=code, title=_title(code), text=text.partition("\n")[2])


def _title(code: str) -> str:
    return explain.page(code).partition("\n")[0].partition(": ")[2]


def problem_page(request: Request, status: int, detail: str) -> HTMLResponse:
    """Why there is no page."""
    answer = page(request, "problem", status=status, detail=detail)
    answer.status_code = status
    return answer
