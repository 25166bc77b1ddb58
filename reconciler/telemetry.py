"""What connects, runs and answers, for who must find out why; the only door to structlog.

Until ``logging`` is entered every event goes nowhere, and structlog is not imported. The core
never calls this. No event has the value of a secret; what a command wrote is told of actions
that failed only, as the run's record has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger, Processor

Level = Literal["debug", "info", "warning"]
Form = Literal["text", "json"]
Field = str | int | float | bool | None
# Takes one event as one line, without its line feed; must not raise.
Write = Callable[[str], None]

# As the standard library numbers them.
LEVELS: Mapping[Level, int] = {"debug": 10, "info": 20, "warning": 30}
FORMS: tuple[Form, ...] = ("text", "json")
# How a line of either form begins.
BEGINNINGS = ("time=", '{"time"')
# What every event has where it is known comes first, so that lines can be read in columns.
FIRST = ("time", "level", "event", "subcommand", "pid", "run", "cluster", "host", "action")
LONGEST = 1000  # characters of a value; the rest of a long command tells nothing more

_context: ContextVar[Mapping[str, Field]] = ContextVar("context", default=MappingProxyType({}))
_logger: ContextVar[FilteringBoundLogger | None] = ContextVar("logger", default=None)


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is told, and for whom: ``text`` is key=value for people, ``json`` for machines."""

    level: Level = "debug"
    form: Form = "text"


@contextmanager
def logging(detail: Detail, write: Write) -> Iterator[None]:
    """Events of ``detail``'s level and above become lines, here and in tasks started here."""
    token = _logger.set(_make_logger(detail, write))
    try:
        yield
    finally:
        _logger.reset(token)


@contextmanager
def mute() -> Iterator[None]:
    """Nothing is told meanwhile, here and in tasks started here."""
    token = _logger.set(None)
    try:
        yield
    finally:
        _logger.reset(token)


def is_on() -> bool:
    """Whether anybody listens: what is dear to collect needs not be, else."""
    return _logger.get() is not None


@contextmanager
def bind_fields(**fields: Field) -> Iterator[None]:
    """Events have ``fields``, too, here and in tasks started here."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def debug(event: str, **fields: Field) -> None:
    """Tell each step."""
    if (logger := _logger.get()) is not None:
        logger.debug(event, **{**_context.get(), **fields})


def info(event: str, **fields: Field) -> None:
    """Tell what a run does, in large."""
    if (logger := _logger.get()) is not None:
        logger.info(event, **{**_context.get(), **fields})


def warning(event: str, **fields: Field) -> None:
    """Tell what failed."""
    if (logger := _logger.get()) is not None:
        logger.warning(event, **{**_context.get(), **fields})


def _make_logger(detail: Detail, write: Write) -> FilteringBoundLogger:
    import structlog  # noqa: PLC0415  # slow to import, only when asked for

    renderer: Mapping[Form, Processor] = {
        "text": structlog.processors.LogfmtRenderer(),
        "json": structlog.processors.JSONRenderer(),
    }
    logger: FilteringBoundLogger = structlog.wrap_logger(
        _Lines(write),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            _arrange,
            renderer[detail.form],
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[detail.level]),
    )
    return logger


class _Lines:
    """What structlog hands its lines to, whatever their level."""

    def __init__(self, write: Write) -> None:
        self.debug = self.info = self.warning = write


def _arrange(_logger: object, _method: str, event: EventDict) -> EventDict:
    """In columns, without what is not known; hosts choose words too, so none moves a cursor."""
    keys = (
        *(key for key in FIRST if key in event),
        *(key for key in event if key not in FIRST),
    )
    return {key: _clean(event[key]) for key in keys if event[key] is not None}


def _clean(value: object) -> object:
    if isinstance(value, float):
        return round(value, 3)
    if not isinstance(value, str):
        return value
    text = value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
