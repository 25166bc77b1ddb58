"""The application: API, pages, and the guards in front of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as PlainHTTPException

from reconciler import __version__
from reconciler.errors import StoreFailed
from reconciler.web import (
    api,
    cluster_list,
    dashboard,
    named_pages,
    rollout_api,
    rollout_pages,
    run_api,
    run_pages,
    token_form,
    worker_pages,
)
from reconciler.web.etags import ETags
from reconciler.web.events import EventHub
from reconciler.web.gatekeeper import Gatekeeper
from reconciler.web.guards import Access, App, Attempts
from reconciler.web.metrics import Metrics
from reconciler.web.state_reader import Reads

_KIND = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Server:
    """What the application needs of the world; ``seconds`` is a clock that is never set back.

    ``records`` is the directory where the records of runs are, for people; empty where each worker of a
    fleet has its own.
    """

    database: Reads
    clock: Callable[[], datetime]
    seconds: Callable[[], float]
    access: Access = field(default_factory=Access)
    events: EventHub = field(default_factory=EventHub)
    metrics: Metrics | None = None
    records: str = ""


def build_app(server: Server) -> App:
    """The application that a server runs."""
    app = FastAPI(
        title="reconcile: watched OCFS2 clusters",
        version="1",
        description=f"Read-only. Made by reconcile {__version__}.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
    )
    app.state.database = server.database
    app.state.clock = server.clock
    app.state.events = server.events
    app.state.access = server.access
    app.state.records = server.records
    app.state.attempts = Attempts(server.seconds)
    app.state.metrics = server.metrics or Metrics(server.database)
    app.include_router(api.router)
    app.include_router(run_api.router)
    app.include_router(rollout_api.router)
    app.include_router(api.metrics_router)
    app.include_router(cluster_list.router)
    app.include_router(dashboard.router)
    app.include_router(token_form.router)
    app.include_router(run_pages.router)
    app.include_router(worker_pages.router)
    app.include_router(rollout_pages.router)
    app.include_router(named_pages.router)
    app.mount("/static", StaticFiles(packages=[("reconciler.web", "static")]), name="static")
    app.add_exception_handler(PlainHTTPException, _tell_refusal)
    app.add_exception_handler(RequestValidationError, _tell_invalid)
    app.add_exception_handler(StoreFailed, _tell_store)
    return Gatekeeper(
        ETags(app), server.access, app.state.attempts, lambda: server.clock().timestamp()
    )


def _tell_problem(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A document for programs, a page for people."""
    if not request.url.path.startswith("/api/"):
        return dashboard.problem_page(request, status, detail)
    content = {"title": detail.partition(":")[0], "status": status, "detail": detail}
    return JSONResponse(content, status, headers, media_type=_KIND)


def _tell_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, PlainHTTPException)  # noqa: S101  # as it is registered
    return _tell_problem(request, error.status_code, str(error.detail), error.headers)


def _tell_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # as it is registered
    told = [f"{each['loc'][-1]}: {each['msg']}" for each in error.errors()]
    return _tell_problem(request, 422, "; ".join(told))


def _tell_store(request: Request, error: Exception) -> Response:
    return _tell_problem(request, 503, str(error))
