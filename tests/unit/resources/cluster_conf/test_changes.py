"""Why cluster.conf and the kernels' lists differ: a member that is missing does not join."""

import pytest

from reconciler.planning.resolve.numbering import with_numbers
from reconciler.resources.cluster_conf import changes as cluster_conf
from reconciler.resources.cluster_conf.changes import PATH, wanted_file
from reconciler.resources.membership import changes as membership
from tests.builders import converged, file, live, spec, with_facts

NAMES = ("node01", "node02", "node03", "node04")
SPOILT = {
    cluster_conf: {"cluster_conf": lambda few: file(PATH, wanted_file(few))},
    membership: {"live": lambda few: live(few, "node01")},
}


def because(resource, wanted, observed):
    return {change.host: change.because for change in resource.diff(wanted, observed)}


@pytest.mark.parametrize("resource", SPOILT, ids=lambda m: m.__name__.split(".")[-2])
def test_who_runs_with_the_others_is_missing_and_does_not_join(resource):
    whole = spec(NAMES)
    seen = converged(whole)
    few = with_numbers(spec(NAMES[:3]), seen)
    spoilt = {name: make(few) for name, make in SPOILT[resource].items()}
    observed = with_facts(seen, "node01", **spoilt)
    wanted = with_numbers(whole, observed)
    assert because(resource, wanted, observed) == {"node01": "node04 is missing from it"}


@pytest.mark.parametrize("resource", SPOILT, ids=lambda m: m.__name__.split(".")[-2])
def test_who_runs_with_nobody_joins(resource):
    observed = converged(spec(NAMES[:3]))
    wanted = with_numbers(spec(NAMES), observed)
    assert set(because(resource, wanted, observed).values()) == {"node04 joins"}
