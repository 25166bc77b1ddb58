from pathlib import Path

import pytest
from pydantic import ValidationError

from reconciler.loading import read
from reconciler.model.desired import Attested, Desired, Mount
from reconciler.model.ssh_access import Ssh

EXAMPLES = sorted(Path("examples").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_a_desired_state_survives_json_whole_and_without_what_was_unset(path):
    desired = read(str(path))
    assert Desired.model_validate_json(desired.model_dump_json()) == desired
    assert Desired.model_validate(desired.model_dump(mode="json")) == desired
    short = desired.model_dump(mode="json", exclude_unset=True)
    again = Desired.model_validate(short)
    assert again == desired
    assert again.model_dump(mode="json", exclude_unset=True) == short


def test_json_spells_quantities_as_the_file_does():
    volume = read("examples/san-multipath.yaml").clusters[0].volumes[0]
    written = volume.model_dump(mode="json", exclude_unset=True)
    assert written["size"] == "800GiB"
    assert written["workloads"]["guests"]["stop_timeout"] == "5m"
    assert written["backup"]["max_age"] == "24h"


def test_a_desired_state_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        read("examples/minimal.yaml").clusters[0].name = "other"
    assert hash(read("examples/minimal.yaml")) == hash(read("examples/minimal.yaml"))


@pytest.mark.parametrize(
    "values",
    [{"sudo": "yes"}, {"sudo": 1}, {"port": "22"}, {"port": 22.0}, {"port": True}, {"user": 7}],
    ids=str,
)
def test_types_are_never_guessed(values):
    with pytest.raises(ValidationError):
        Ssh.model_validate(values)


@pytest.mark.parametrize("version", [True, 1.0, "1", 2, None])
def test_the_version_is_the_whole_number_one(version):
    with pytest.raises(ValidationError, match="it must be 1"):
        Desired.model_validate({"version": version, "clusters": [{}]})


def test_the_items_of_a_list_are_as_strict_as_anything():
    with pytest.raises(ValidationError):
        Mount.model_validate({"path": "/srv/a", "options": [5]})


def test_a_moment_without_an_offset_is_utc():
    moment = Attested.model_validate({"by": "me", "at": "2026-03-01"}).at
    assert moment.isoformat() == "2026-03-01T00:00:00+00:00"
