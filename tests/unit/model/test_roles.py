"""What the planner holds members and volumes for is no part of the file's words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reconciler.model.desired import Member, Mount
from reconciler.model.roles import (
    PlanningState,
    is_withdrawn,
    is_withheld,
    listed_members,
    mounting,
    mounts_at_boot,
    online,
    with_member_states,
    withhold,
    without_mount_on,
)
from tests.builders import spec, volume


@pytest.mark.parametrize("state", PlanningState)
def test_no_file_can_say_what_the_planner_can(state):
    with pytest.raises(ValidationError):
        Member.model_validate({"name": "a", "interconnect": "10.0.0.1", "state": str(state)})
    with pytest.raises(ValidationError):
        Mount.model_validate({"path": "/srv/images", "by": str(state)})


def test_a_stopped_member_is_listed_and_nothing_else_and_its_file_s_state_stays():
    cluster = spec()
    name = cluster.members[0].name
    stopped = with_member_states(cluster, {name: PlanningState.STOPPED})
    assert stopped.model_dump() == cluster.model_dump()
    assert stopped != cluster
    assert name in {m.name for m in listed_members(stopped)}
    assert name not in {*online(stopped), *mounting(stopped)}
    assert with_member_states(stopped, {name: "present"}) == cluster


def test_a_withheld_volume_is_as_in_the_file_and_nobody_mounts_it():
    (item,) = spec(volumes=[volume()]).volumes
    held = withhold(item)
    assert held.model_dump() == item.model_dump()
    assert held.mounted_by is None
    assert (is_withheld(held), is_withdrawn(held), mounts_at_boot(held)) == (True, False, False)


def test_a_volume_may_be_kept_from_one_host_and_goes_on_being_so():
    (item,) = spec(volumes=[volume()]).volumes
    away = without_mount_on(without_mount_on(item, "a"), "b")
    assert [is_withheld(away, host) for host in ("a", "b", "c")] == [True, True, False]
    assert withhold(away).unmounted_on == {"a", "b"}
