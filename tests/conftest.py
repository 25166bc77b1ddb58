"""What every test finds, whatever started the tests."""

import gc
import signal

import pytest
from hypothesis import settings

# A busy machine is no wrong answer: no example is timed.
settings.register_profile("untimed", deadline=None)

# Begun first, so that none of them is left to run alone at the end; of the others the order stays.
LONG = (
    "tests/scenarios/test_fleet_full_disk.py",
    "tests/unit/gate/test_gate_modules.py",
    "tests/properties/test_crash_sweep.py",
    "tests/unit/gate/test_gate_heartbeats.py",
    "tests/scenarios/test_fleet_faults.py",
    "tests/scenarios/test_fleet_rollouts.py",
    "tests/unit/web/test_browser.py",
    "tests/unit/cli/test_watch_demo.py",
    "tests/simulation/leases/test_lease_histories.py",
    "tests/simulation/leases/test_more_lease_histories.py",
    "tests/model/test_lock_model.py",
    "tests/properties/test_fault_sweep.py",
    "tests/unit/gate/test_gate_guests.py",
    "tests/unit/watch/test_daemon_heals.py",
    "tests/unit/watch/test_daemon.py",
    "tests/unit/gate/test_gate_packages.py",
    "tests/scenarios/test_fleet_worker.py",
    "tests/unit/fleet/test_worker.py",
    "tests/unit/probe/test_probe_guests.py",
    "tests/unit/cli/test_demo.py",
    "tests/unit/gate/test_gate_identity.py",
    "tests/unit/test_scripts.py",
    "tests/unit/cli/test_secrets.py",
)


def pytest_collection_modifyitems(items):
    """By ``LONG``; who gives files one by one has their order, as ``make lab``."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONG)))


def pytest_collection_finish():
    """What was collected stays: nobody who looks for garbage walks over it again."""
    gc.collect()
    gc.freeze()


def pytest_configure():
    """Properties are untimed, and signals do what they do at a terminal.

    A runner in the background starts us with SIGINT and SIGHUP ignored, and whoever inherits
    that stays deaf: a command that a test ends by Ctrl-C would never end.
    """
    settings.load_profile("untimed")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def fleets():
    """A PostgreSQL for fleets (``tests.fleets.FleetServer``), started when first asked for."""
    from tests.fleets import fleet_server  # noqa: PLC0415  # slow to import, and few tests need it

    with fleet_server() as server:
        yield server
