"""Who made a difference: every one of several at the same place is told."""

from reconciler.model.plan import Change, ClusterPlan
from reconciler.planning.review.drift import detect_drift

WHERE = ("volume/images/mount/node01", "node01", "mount")


def plan(*places):
    changes = tuple(Change(*WHERE, place, None, "node01 leaves") for place in places)
    return ClusterPlan("ocfs2", changes, (), (), ())


def told(wanted, applied):
    return [(item.actual, item.kind) for item in detect_drift(wanted, applied).items]


def test_a_volume_at_two_places_is_two_differences():
    both = plan("/srv/images", "/mnt/images")
    assert told(both, both) == [
        ("/srv/images", "changed-outside"),
        ("/mnt/images", "changed-outside"),
    ]


def test_of_two_places_one_may_be_as_last_applied():
    assert told(plan("/srv/images", "/mnt/images"), plan("/mnt/images")) == [
        ("/srv/images", "not-applied"),
        ("/mnt/images", "changed-outside"),
    ]
