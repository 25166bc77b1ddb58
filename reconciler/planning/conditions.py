"""Facts against observations: what still is not true, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reconciler.model.observed import HostFacts, Observed, Unreachable
from reconciler.model.plan import Fact
from reconciler.model.reading import UNKNOWN, unknown
from reconciler.resources import READINGS

Reader = Callable[[Fact, HostFacts | Unreachable | None], str]


def read(fact: Fact, host: HostFacts | Unreachable | None) -> str:
    """The value of a fact on a host; what could not be read is unknown, with the reason."""
    if not isinstance(host, HostFacts):
        return unknown(host.message if host else "not observed")
    try:
        return READINGS[fact.reading].read(host, fact.subject)
    except TypeError as error:  # raised by ``known``: the section could not be read
        return unknown(str(error))


def unmet(facts: Sequence[Fact], observed: Observed, reader: Reader = read) -> tuple[str, ...]:
    """Why each of ``facts`` that does not hold does not; empty if all hold."""
    return tuple(why for fact in facts for why in _remaining(fact, observed, reader))


def sections(facts: Sequence[Fact]) -> tuple[str, ...]:
    """The probe sections that ``facts`` are read from."""
    return tuple(dict.fromkeys(s for fact in facts for s in READINGS[fact.reading].sections))


def _remaining(fact: Fact, observed: Observed, reader: Reader) -> Iterator[str]:
    readings = {host: reader(fact, observed.hosts.get(host)) for host in fact.hosts}
    name = f"{fact.reading} {fact.subject}".strip()
    unknown = {host: value for host, value in readings.items() if value.startswith(UNKNOWN)}
    if unknown:  # however many hosts agree on not knowing
        yield from (f"{host}: {name} is {value}" for host, value in unknown.items())
    elif fact.value is not None:
        for host, value in readings.items():
            if value != fact.value:
                yield f"{host}: {name} is {value}, not {fact.value}"
    elif len(set(readings.values())) > 1:
        words = ", ".join(f"{host} {value}" for host, value in readings.items())
        yield f"{name} differs: {words}"
    elif "absent" in readings.values():
        yield f"{name} is absent on {', '.join(readings)}"
